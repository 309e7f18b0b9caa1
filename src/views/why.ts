// Answers in sentences: the parts that those for runs, assets and jobs have in common.
import type { WhyAnswer } from "../model/act-answers.ts";
import type { JsonValue } from "../model/json.ts";

export type Reason = Readonly<Record<string, JsonValue>>;

/** What one looker found; several are joined in the order of their weight. */
export interface Reasons {
  readonly sentences: readonly string[];
  readonly waitsFor: readonly Reason[];
  readonly blocks: readonly string[];
  readonly causes: readonly Reason[];
}

export const NO_REASONS: Reasons = { sentences: [], waitsFor: [], blocks: [], causes: [] };

/** Names in a sentence; more are counted. */
const NAMES_SHOWN = 4;
const JUST_NOW_MS = 1_000;

export function joinReasons(...parts: readonly Reasons[]): Reasons {
  return {
    sentences: parts.flatMap((part) => part.sentences),
    waitsFor: parts.flatMap((part) => part.waitsFor),
    blocks: [...new Set(parts.flatMap((part) => part.blocks))],
    causes: parts.flatMap((part) => part.causes),
  };
}

export function whyAnswer(subject: WhyAnswer["subject"], reasons: Reasons): WhyAnswer {
  return { subject, ...reasons };
}

/** `a, b, c and 4 more`. */
export function named(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN);
  if (names.length > shown.length) return `${shown.join(", ")} and ${names.length - shown.length} more`;
  return shown.length < 2 ? (shown[0] ?? "nothing") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}

/** `2026-01-31T06:00:00Z (in 3m)`, `… (2h ago)`, `… (just now)`. */
export function moment(at: number, now: number): string {
  const text = new Date(at).toISOString().replace(/\.\d{3}Z$/, "Z");
  if (Math.abs(at - now) < JUST_NOW_MS) return `${text} (just now)`;
  const away = span(Math.abs(at - now));
  return `${text} (${at > now ? `in ${away}` : `${away} ago`})`;
}

/** `4s`, `3m`, `2h`, `5d`: the largest unit that has a whole one, for people. */
export function span(ms: number): string {
  const units = [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["m", 60_000],
  ] as const;
  for (const [unit, length] of units) if (ms >= length) return `${Math.floor(ms / length)}${unit}`;
  return `${Math.floor(ms / 1_000)}s`;
}

/** First letter large, one full stop at the end. */
export function sentence(text: string): string {
  const trimmed = text.trim().replace(/[.\s]+$/, "");
  return `${trimmed}.`;
}
