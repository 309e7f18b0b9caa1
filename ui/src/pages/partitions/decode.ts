// The answer of `partitions.grid` as rows of runs: nothing is unfolded to single cells, so that 500 rows of 10,000 partitions stay small.
import type { GridAxisAnswer, GridRowAnswer, PartitionGridAnswer } from "../../../../src/model/grid-answers.ts";

export const STATUSES = ["failed", "running", "quarantined", "stale", "missing", "present"] as const;
export type CellStatus = (typeof STATUSES)[number];

const LETTERS: Readonly<Record<string, CellStatus>> = {
  p: "present",
  m: "missing",
  s: "stale",
  f: "failed",
  r: "running",
  q: "quarantined",
};

export interface Run {
  /** Place on the axis. */
  readonly from: number;
  /** Behind the last one. */
  readonly to: number;
  readonly status: CellStatus;
}

export interface GridRow {
  readonly id: string;
  readonly asset: string;
  /** `*`, `*|north`. */
  readonly key: string;
  readonly runs: readonly Run[];
}

export interface Axis {
  readonly step: string;
  readonly kind: "time" | "list";
  readonly parts: readonly string[];
  readonly rows: readonly GridRow[];
}

export function axesOf({ axes, rows }: PartitionGridAnswer): readonly Axis[] {
  return axes.map((axis, place) => ({
    step: axis.step,
    kind: axis.kind,
    parts: partsOf(axis),
    rows: rows.filter((row) => row.axis === place).map(rowOf),
  }));
}

function partsOf({ parts }: GridAxisAnswer): readonly string[] {
  if (parts === "") return [];
  let before = "";
  return parts.split("\n").map((line) => (before = before.slice(0, Number.parseInt(line[0] ?? "0", 36)) + line.slice(1)));
}

function rowOf({ asset, key, from, cells }: GridRowAnswer): GridRow {
  const runs: Run[] = [];
  let at = from;
  for (const [, count = "", letter = ""] of cells.matchAll(/(\d*)([a-z-])/g)) {
    const to = at + (count === "" ? 1 : Number(count));
    const status = LETTERS[letter];
    if (status !== undefined) runs.push({ from: at, to, status });
    at = to;
  }
  return { id: `${asset} ${key}`, asset, key, runs };
}

/** Null: there is no partition. */
export function statusAt({ runs }: GridRow, place: number): CellStatus | null {
  return runs.find(({ from, to }) => place >= from && place < to)?.status ?? null;
}

export function countsOf(rows: readonly GridRow[]): Readonly<Record<CellStatus, number>> {
  const counts = { failed: 0, running: 0, quarantined: 0, stale: 0, missing: 0, present: 0 };
  for (const { runs } of rows) for (const { from, to, status } of runs) counts[status] += to - from;
  return counts;
}

/** The key of a cell, or FROM..TO of several, as `--partition` takes it. */
export function keyOf(row: GridRow, { parts }: Axis, from: number, to: number): string {
  const part = from === to ? (parts[from] ?? "") : `${parts[from] ?? ""}..${parts[to] ?? ""}`;
  return row.key.replace("*", part);
}
