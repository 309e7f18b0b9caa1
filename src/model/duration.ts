// Durations (`500ms 30s 5m 2h 7d`) and sizes (`64MB 2GB`) as users write them.
import * as z from "zod";

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const UNIT_BYTES = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 } as const;

/** Milliseconds of `text`, or undefined when it is no duration. */
export function parseDurationMs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim());
  return match === null ? undefined : Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
}

/** Bytes of `text` (decimal units), or undefined when it is no size. */
export function parseSizeBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?(B|KB|MB|GB|TB)$/.exec(text.trim());
  return match === null ? undefined : Math.round(Number(match[1]) * UNIT_BYTES[match[2] as keyof typeof UNIT_BYTES]);
}

/** Beyond it moments leave what a date can hold. */
const DURATION_MS_MAX = 36_500 * UNIT_MS.d;

export const duration = z
  .string()
  .refine((text) => parseDurationMs(text) !== undefined, { error: "is no duration; write 500ms, 30s, 5m, 2h or 7d" })
  .refine((text) => (parseDurationMs(text) ?? 0) <= DURATION_MS_MAX, { error: "is longer than 100 years" })
  .describe("500ms, 30s, 5m, 2h or 7d");

export const size = z
  .string()
  .refine((text) => parseSizeBytes(text) !== undefined, { error: "is no size; write 64MB or 2GB" })
  .describe("64MB or 2GB");
