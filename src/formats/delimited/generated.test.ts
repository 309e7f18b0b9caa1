// Files with seeded damage and known truth: every sound row is loaded as it stands, in order and at its line; a damaged one is loaded right or
// quarantined. The truth is made together with the bytes. A failing case names its kind and seed: `generatedCases(n).get(kind)`.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generatedCases, makeCase, type Case, type CaseOptions } from "./generated-cases.suite.ts";
import { openBench, type Bench, type Outcome } from "./staging.suite.ts";

const SEEDS = 2;
let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => {
  bench.close();
});

interface Verdict {
  readonly missing: number;
  readonly wrongLines: number;
  readonly isOrdered: boolean;
  /** Rows that are neither sound nor a right reading of a damaged one; and those of them without a note. */
  readonly wrong: number;
  readonly wrongWithoutNote: number;
}

function judge({ rows, lines, rejected }: Outcome, made: Case): Verdict {
  const places = new Map<string, number[]>();
  for (const [index, row] of rows.entries()) {
    const key = JSON.stringify(row);
    places.set(key, [...(places.get(key) ?? []), index]);
  }
  const take = (cells: readonly string[]): number | undefined => places.get(JSON.stringify(cells))?.shift();
  const found = made.sure.map(take);
  for (const readings of made.maybe) readings.some((cells) => take(cells) !== undefined);
  const noted = new Set(rejected.map((record) => record.line));
  const left = [...places.values()].flat();
  const present = found.filter((index) => index !== undefined);
  return {
    missing: found.length - present.length,
    wrongLines: found.filter((index, k) => index !== undefined && lines[index] !== made.sureLines[k]).length,
    isOrdered: present.every((index, k) => k === 0 || index > (present[k - 1] ?? -1)),
    wrong: left.length,
    wrongWithoutNote: left.filter((index) => !noted.has(lines[index] ?? -1)).length,
  };
}

const perfect: Verdict = { missing: 0, wrongLines: 0, isOrdered: true, wrong: 0, wrongWithoutNote: 0 };

async function check(options: CaseOptions, kind: string): Promise<void> {
  const made = makeCase(options);
  const late = kind.startsWith("large");
  const contents = late ? Buffer.from(made.bytes.toString("latin1").replace(/north(?=[^]{0,3000}$)/g, "n\u00e9rth"), "latin1") : made.bytes;
  const outcome = await bench.read(contents);
  const asMade = late ? { ...outcome, rows: outcome.rows.map((row) => row.map((cell) => cell.replaceAll("é", "o"))) } : outcome;
  const label = `${kind}, seed ${options.seed}`;
  expect(judge(asMade, made), label).toEqual(perfect);
  expect(outcome.staged.understood.header?.rows, label).toBe(made.headerRows);
  expect(outcome.staged.lines?.total, label).toBe(made.physicalLines);
}

describe("a generated file", () => {
  for (const [kind, cases] of generatedCases(SEEDS))
    it(`is read right: ${kind}`, async () => {
      for (const options of cases) await check(options, kind);
    });

  it("loses nothing but what is broken when repairs are switched off", async () => {
    for (const damage of ["strayQuoteInside", "delimiterInText", "emptyCellsAfter", "cutShort"]) {
      const made = makeCase({ seed: 77, damage, rows: 200, damaged: 10 });
      const outcome = await bench.read(made.bytes, { repair: "quarantine" });
      expect(judge(outcome, made), damage).toEqual(perfect);
      expect(outcome.staged.records, damage).toEqual({ read: made.sure.length + 10, quarantined: 10, repaired: 0 });
    }
  });
});
