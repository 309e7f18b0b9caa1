// What the colours of the picture tell: how assets stand, or a quantity in five steps. Pure.
import type { GraphNodeAnswer } from "../../../src/model/graph-answers.ts";

export const LENSES = ["status", "age", "duration", "rows", "quality"] as const;
export type Lens = (typeof LENSES)[number];

export const lensWords: Readonly<Record<Lens, { readonly name: string; readonly little: string; readonly much: string }>> = {
  status: { name: "Status", little: "", much: "" },
  age: { name: "Age", little: "minutes", much: "weeks" },
  duration: { name: "Duration", little: "ms", much: "hours" },
  rows: { name: "Rows", little: "few", much: "many" },
  quality: { name: "Checks", little: "all pass", much: "fail" },
};

const MINUTE = 60;
const STEPS: Readonly<Record<Exclude<Lens, "status" | "quality">, readonly number[]>> = {
  age: [60 * MINUTE, 24 * 60 * MINUTE, 7 * 24 * 60 * MINUTE, 28 * 24 * 60 * MINUTE],
  duration: [1, 10, MINUTE, 10 * MINUTE],
  rows: [1_000, 100_000, 1_000_000, 100_000_000],
};

/** 0 to 4; null: nothing is known. */
export function heatOf(lens: Exclude<Lens, "status">, node: GraphNodeAnswer, now: number): number | null {
  if (lens === "quality") {
    if (node.checks === null) return null;
    const { passed, warned, failed, unknown } = node.checks;
    if (passed + warned + failed + unknown === 0) return null;
    return failed > 0 ? 4 : warned > 0 || (node.quarantined ?? 0) > 0 ? 3 : unknown > 0 ? 1 : 0;
  }
  const value = lens === "rows" ? node.rows : lens === "duration" ? node.seconds : ageOf(node, now);
  return value === null ? null : STEPS[lens].filter((limit) => value >= limit).length;
}

function ageOf({ updatedAt }: GraphNodeAnswer, now: number): number | null {
  return updatedAt === null ? null : (now - Date.parse(updatedAt)) / 1_000;
}
