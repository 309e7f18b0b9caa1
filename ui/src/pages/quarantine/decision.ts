// A decision that is thought about: what it does and over which records, as the API takes it.
import type { Api } from "../../../../src/server/api.ts";

type Input = Omit<Api["quarantine.decide"]["input"], "act" | "why">;

export interface Decision {
  readonly act: "fix" | "accept" | "replay" | "discard";
  /** Records that are meant, as far as that is known before the preview. */
  readonly count: number | null;
  readonly input: Input;
}

interface Which {
  readonly act: "accept" | "replay" | "discard";
  readonly rule: string | undefined;
  /** Null: all that wait, of the rule where one is chosen. */
  readonly ids: readonly string[] | null;
  readonly count: number;
}

export function ofRecords(asset: string, { act, rule, ids, count }: Which): Decision {
  return ids === null
    ? { act, count, input: { named: [asset], ...(rule === undefined ? {} : { rule }) } }
    : { act, count, input: { named: [asset, ...ids] } };
}

export const VERBS: Readonly<Record<Decision["act"], string>> = {
  fix: "Load",
  accept: "Accept",
  replay: "Try again",
  discard: "Discard",
};
