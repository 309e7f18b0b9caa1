// Records that were set aside: look, try a correction, decide. What is decided is loaded by a run, which can be followed.
import type { QuarantineAnswer, QuarantineDecisionAnswer, QuarantineItem } from "../model/answers.ts";
import type { Place } from "./place.ts";
import { createRun, nothingRan, type Run } from "./run.ts";

export interface QuarantineFilter {
  readonly asset?: string;
  /** `badValue(price)`. */
  readonly rule?: string;
  readonly load?: string;
  /** `open`, the default: what waits for a decision. */
  readonly status?: "open" | "all";
  readonly limit?: number;
}

/** Ids, or an asset, which means all its records. */
export type Records = string | readonly string[];

export interface Narrowing {
  readonly rule?: string;
  /** SQL over the records' cells, and `_rule`, `_reason`, `_file`, `_line`, `_raw`. */
  readonly where?: string;
  readonly why?: string;
}

export interface Correction extends Narrowing {
  /** Column → SQL. */
  readonly set: Readonly<Record<string, string>>;
}

export interface Quarantine {
  list(filter?: QuarantineFilter): Promise<QuarantineAnswer>;
  show(id: string): Promise<QuarantineItem & { readonly row: unknown }>;
  /** What a correction would do; nothing is changed. */
  preview(records: Records, correction: Correction): Promise<QuarantineDecisionAnswer>;
  /** Corrects records and loads them. */
  fix(records: Records, correction: Correction): Promise<Run>;
  /** Loads records as they are, in spite of the rule. */
  accept(records: Records, narrowing?: Narrowing): Promise<Run>;
  /** Tries records again under the rules that hold now. */
  replay(records: Records, narrowing?: Narrowing): Promise<Run>;
  /** Records that are not wanted; they stay discarded when they come again. */
  discard(records: Records, request?: Pick<Narrowing, "rule" | "why">): Promise<QuarantineDecisionAnswer>;
}

export function createQuarantine(places: () => Promise<Place>): Quarantine {
  const decide = async (act: "fix" | "accept" | "replay", records: Records, request: Partial<Correction>): Promise<Run> => {
    const { ask } = await places();
    const { run } = await ask("quarantine.decide", { ...wished(request), act, named: namesOf(records) });
    if (typeof run === "string" && run !== "") return createRun(places, { id: run, job: null });
    return createRun(places, { id: "", job: null, result: nothingRan("", "no record was meant") });
  };
  return {
    list: async (filter = {}) => (await places()).ask("quarantine.list", filter),
    show: async (id) => (await (await places()).ask("quarantine.show", { id })).item,
    preview: async (records, correction) =>
      (await places()).ask("quarantine.preview", { ...wished(correction), act: "fix", named: namesOf(records) }),
    fix: (records, correction) => decide("fix", records, correction),
    accept: (records, narrowing = {}) => decide("accept", records, narrowing),
    replay: (records, narrowing = {}) => decide("replay", records, narrowing),
    discard: async (records, request = {}) => (await places()).ask("quarantine.discard", { ...request, named: namesOf(records) }),
  };
}

function namesOf(records: Records): string[] {
  return typeof records === "string" ? [records] : [...records];
}

function wished({ set, ...narrowing }: Partial<Correction>) {
  return { ...narrowing, ...(set === undefined ? {} : { set: { ...set } }) };
}
