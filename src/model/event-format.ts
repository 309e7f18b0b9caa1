// What this version can read. Engines of two versions may work on one state during an upgrade: a stream with events that we do not know is left to those who
// know them. Reading on as if they were not there would act on half of the truth.
import { MillraceError } from "./errors.ts";
import type { StoreEvent } from "./store-events.ts";

/**
 * The format of events that this version writes: stands in the first event of a stream (`format`; 1 where it is missing). Raised when an event that is
 * known already gets another meaning; a new type needs no raise, because older versions see that they do not know it.
 */
export const EVENT_FORMAT = 1;

/** Every type of event; the compiler sees to it that none is missing. */
const KNOWN: Readonly<Record<StoreEvent["type"], true>> = {
  run_started: true,
  attempt_started: true,
  lease_extended: true,
  attempt_failed: true,
  node_waiting: true,
  node_signaled: true,
  node_mapped: true,
  node_failed: true,
  node_succeeded: true,
  node_reused: true,
  node_skipped: true,
  node_canceled: true,
  run_paused: true,
  run_resumed: true,
  concurrency_changed: true,
  compensation_started: true,
  cancel_requested: true,
  run_finished: true,
  triggers_defined: true,
  trigger_noted: true,
  trigger_fired: true,
  trigger_skipped: true,
  request_submitted: true,
  run_dequeued: true,
  run_dropped: true,
  run_cancel_asked: true,
  run_ended: true,
  request_failed: true,
  trigger_paused: true,
  trigger_resumed: true,
  sensor_changed: true,
  sensor_failed: true,
};

/** The first of the events that this version cannot read, or undefined. */
export function unknownEvent(events: readonly StoreEvent[]): StoreEvent | undefined {
  return events.find((event) => !Object.hasOwn(KNOWN, event.type) || formatOf(event) > EVENT_FORMAT);
}

/** Throws MR6026 when a newer Millrace wrote any of a stream's events. */
export function assertKnownEvents(stream: string, events: readonly StoreEvent[]): void {
  const unknown = unknownEvent(events);
  if (unknown === undefined) return;
  const format = formatOf(unknown);
  const what = format > EVENT_FORMAT ? `format ${format}` : unknown.type;
  throw new MillraceError({
    code: "MR6026",
    message: `${stream} was written by a newer Millrace (${what}); this one leaves it alone`,
    hint: "the newer engine goes on with it; bring this one up to the same version",
  });
}

function formatOf(event: StoreEvent): number {
  const { format } = event as { readonly format?: unknown };
  return typeof format === "number" ? format : 1;
}
