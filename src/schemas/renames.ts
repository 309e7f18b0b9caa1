// Is a new column an old one under another name? Judged by names and by what the values look like; proposed, never done.
import { fitsInto } from "./lattice.ts";
import { slips } from "../model/suggest.ts";

/** What a column's values look like. */
export interface ColumnProfile {
  readonly name: string;
  readonly type: string;
  /** Share of rows without a value, 0–1; null where the values are not known. */
  readonly emptyShare: number | null;
  readonly distinct: number | null;
  readonly rows: number | null;
  readonly lengthMean: number | null;
}

export interface RenameProposal {
  readonly from: string;
  readonly to: string;
  readonly score: number;
  /** For people. */
  readonly why: string;
}

/** From here on a pair is proposed. */
const SCORE_MIN = 0.45;
/** Fewer values are found in every column. */
const DISTINCT_MIN = 3;

/** The best pairs; every column is in one at most. `overlap` is the share of the new column's values that the old one has, null where unknown. */
export function proposeRenames(
  gone: readonly ColumnProfile[],
  added: readonly ColumnProfile[],
  overlap: (from: string, to: string) => number | null,
): readonly RenameProposal[] {
  const pairs = gone.flatMap((from) => added.flatMap((to) => judge(from, to, overlap(from.name, to.name)) ?? []));
  const taken = new Set<string>();
  return pairs
    .toSorted((a, b) => b.score - a.score || a.from.localeCompare(b.from) || a.to.localeCompare(b.to))
    .filter(({ from, to }) => {
      if (taken.has(`<${from}`) || taken.has(`>${to}`)) return false;
      taken.add(`<${from}`).add(`>${to}`);
      return true;
    });
}

function judge(from: ColumnProfile, to: ColumnProfile, overlap: number | null): RenameProposal | null {
  if (fitsInto(from.type, to.type) === "no" && fitsInto(to.type, from.type) === "no") return null;
  const names = nameLikeness(from.name, to.name);
  const isTelling = Math.min(from.distinct ?? 0, to.distinct ?? 0) >= DISTINCT_MIN;
  const common = overlap === null || !isTelling ? 0 : overlap;
  // Where no value is known the names alone must do.
  const score = overlap === null ? 0.75 * names : 0.45 * names + 0.35 * common + 0.2 * shapeLikeness(from, to);
  if (score < SCORE_MIN) return null;
  const percent = (share: number): string => `${Math.round(share * 100)} %`;
  const values = overlap === null ? "" : `, ${percent(overlap)} of its values occurred there`;
  return { from: from.name, to: to.name, score, why: `the names are ${percent(names)} alike${values}` };
}

/** 0–1: by letters, and by words that both have. */
export function nameLikeness(a: string, b: string): number {
  const [one, other] = [a.toLowerCase(), b.toLowerCase()];
  const letters = 1 - slips(one, other) / Math.max(one.length, other.length, 1);
  const words = (name: string): Set<string> => new Set(name.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== ""));
  const [left, right] = [words(one), words(other)];
  const shared = [...left].filter((word) => right.has(word)).length;
  return Math.max(letters, (2 * shared) / Math.max(left.size + right.size, 1));
}

function shapeLikeness(a: ColumnProfile, b: ColumnProfile): number {
  const likeness: number[] = [];
  if (a.emptyShare !== null && b.emptyShare !== null) likeness.push(1 - Math.abs(a.emptyShare - b.emptyShare));
  if (a.lengthMean !== null && b.lengthMean !== null) likeness.push(ratio(a.lengthMean, b.lengthMean));
  if (a.distinct !== null && b.distinct !== null && a.rows !== null && b.rows !== null)
    likeness.push(ratio(a.distinct / Math.max(a.rows, 1), b.distinct / Math.max(b.rows, 1)));
  return likeness.length === 0 ? 0.5 : likeness.reduce((sum, each) => sum + each, 0) / likeness.length;
}

function ratio(a: number, b: number): number {
  const high = Math.max(a, b);
  return high === 0 ? 1 : Math.min(a, b) / high;
}
