// What a trigger waits for, in words.
import type { JobTrigger } from "../../model/triggers.ts";
import type { Schedule } from "../../schedule/schedule.ts";

export function triggerWords({ kind, spec }: JobTrigger, schedule: Schedule | undefined): string {
  const { files, webhook, assets, job, sensor } = spec;
  const gathered = gatherWords((spec[kind] ?? {}) as Gathered);
  switch (kind) {
    case "schedule":
      return schedule?.words ?? "a schedule with an error";
    case "files":
      return `when a file arrives at ${files!.path}${gathered}`;
    case "webhook":
      return `when ${webhook!.path} is called${webhook!.signature === undefined ? "" : " with a valid signature"}${gathered}`;
    case "assets": {
      const updated = typeof assets!.updated === "string" ? [assets!.updated] : assets!.updated;
      const [first] = updated;
      if (updated.length === 1) return `when ${first} is updated${gathered}`;
      const window = assets!.window === undefined ? "" : ` within ${assets!.window} of each other`;
      return assets!.mode === "any"
        ? `when one of ${updated.join(", ")} is updated${gathered}`
        : `when ${updated.join(" and ")} are updated${window}`;
    }
    case "job":
      return `when ${job!.finished} has ${job!.status === "any" ? "ended" : (job!.status ?? "succeeded")}${gathered}`;
    case "sensor": {
      const way = sensor!.sql !== undefined ? "its query" : sensor!.typescript !== undefined ? sensor!.typescript : "its HTTP request";
      return `when ${way} holds, asked every ${sensor!.every}${gathered}`;
    }
    case "message":
      return `when a message comes from ${Object.keys(spec.message ?? {})[0] ?? "a broker"}`;
    default:
      return kind satisfies never;
  }
}

interface Gathered {
  readonly debounce?: string;
  readonly batch?: { readonly window: string; readonly max?: number };
}

function gatherWords({ debounce, batch }: Gathered): string {
  if (debounce !== undefined) return `, once nothing has come for ${debounce}`;
  if (batch === undefined) return "";
  return `, gathered for ${batch.window}${batch.max === undefined ? "" : ` or ${batch.max} of them`}`;
}
