// Events of a job → what its triggers did and did not do, as people read it.
import type { JobEvent } from "../model/job-events.ts";
import type { TriggerHistoryRow } from "../model/trigger-answers.ts";
import { iso } from "./iso.ts";

/** Places that were given and freed are no row. */
export function historyRow(event: JobEvent): TriggerHistoryRow | undefined {
  const row = (what: TriggerHistoryRow["what"], fields: Partial<TriggerHistoryRow>): TriggerHistoryRow => {
    const none = { trigger: null, scheduledFor: null, count: 1, run: null, reason: null, why: "" };
    return { at: iso(event.at), what, ...none, ...fields };
  };
  switch (event.type) {
    case "trigger_fired": {
      const { trigger, scheduledFor, run, why, decision } = event;
      return row(decision === "queued" ? "queued" : "fired", { trigger, scheduledFor: iso(scheduledFor), run, why });
    }
    case "trigger_skipped": {
      const { trigger, scheduledFor, count, reason, why } = event;
      return row("skipped", { trigger, scheduledFor: iso(scheduledFor), count, reason, why });
    }
    case "trigger_noted":
      return row("noted", { trigger: event.trigger, why: event.key });
    case "request_submitted": {
      const by = `by ${event.by}${event.why === "" ? "" : `: ${event.why}`}`;
      if (event.decision === "skipped") return row("skipped", { reason: "busy", why: by });
      return row(event.decision === "queued" ? "queued" : "submitted", { run: event.run, why: by });
    }
    case "run_dropped":
      return row("dropped", { run: event.run, reason: event.reason, why: event.why });
    case "request_failed":
      return row("failed", { run: event.run, why: `${event.code} ${event.why}` });
    case "trigger_paused":
      return row("paused", {
        trigger: event.trigger,
        why: `by ${event.by}${event.until === null ? "" : ` until ${iso(event.until)}`}: ${event.why}`,
      });
    case "trigger_resumed":
      return row("resumed", { trigger: event.trigger, why: event.cause === "asked" ? `by ${event.by}` : "the pause ran out" });
    case "sensor_changed":
      return row("sensor", {
        trigger: event.trigger,
        why: event.seen === null ? "its condition does not hold any more" : `it sees ${event.seen}`,
      });
    case "sensor_failed":
      return row("sensor", { trigger: event.trigger, why: `it could not look: ${event.code} ${event.why}` });
    case "triggers_defined":
      return row("defined", { why: Object.keys(event.triggers).join(", ") });
    case "run_dequeued":
    case "run_cancel_asked":
    case "run_ended":
      return undefined;
    default:
      return event satisfies never;
  }
}
