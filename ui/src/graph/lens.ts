// What the colours of the picture tell: how assets stand, or a quantity in five steps. Pure.
import type { GraphNodeAnswer } from "../../../src/model/graph-answers.ts";

export const LENSES = ["status", "age", "duration", "rows", "quality", "change"] as const;
export type Lens = (typeof LENSES)[number];
/** Lenses that tell a quantity; `change` tells how assets differ from another state (`marks.ts`). */
export type HeatLens = Exclude<Lens, "status" | "change">;

export function isHeat(lens: Lens): lens is HeatLens {
  return lens !== "status" && lens !== "change";
}

export const lensWords: Readonly<Record<Lens, { readonly name: string; readonly little: string; readonly much: string }>> = {
  status: { name: "Status", little: "", much: "" },
  age: { name: "Freshness", little: "under 1 h", much: "over 4 weeks" },
  duration: { name: "Duration", little: "under 1 s", much: "over 10 min" },
  rows: { name: "Rows", little: "under 1,000", much: "over 100 million" },
  quality: { name: "Checks", little: "all pass", much: "fail" },
  change: { name: "Changes", little: "", much: "" },
};

const MINUTE = 60;
const STEPS: Readonly<Record<Exclude<HeatLens, "quality">, readonly number[]>> = {
  age: [60 * MINUTE, 24 * 60 * MINUTE, 7 * 24 * 60 * MINUTE, 28 * 24 * 60 * MINUTE],
  duration: [1, 10, MINUTE, 10 * MINUTE],
  rows: [1_000, 100_000, 1_000_000, 100_000_000],
};

/** 0 to 4; null: nothing is known. */
export function heatOf(lens: HeatLens, node: GraphNodeAnswer, now: number): number | null {
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
