// The audit against a second implementation that knows no SQL: random tables, random checks, the same counts, the same rows set aside.
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AuditBench } from "../testing/check.suite.ts";
import { physicalTable } from "../sql/ledger/publish.ts";
import type { CompiledCheck } from "./check.ts";

const RUNS = 150;
const TABLE = physicalTable("things");

interface Row {
  readonly a: number | null;
  readonly b: string | null;
  readonly row_number: number;
}
type Test =
  | { readonly kind: "row"; readonly above: number }
  | { readonly kind: "duplicates"; readonly of: readonly ("a" | "b")[] }
  | { readonly kind: "count"; readonly min: number };
interface Rule {
  readonly test: Test;
  readonly where: "x" | null;
  readonly onFail: "stop" | "quarantine" | "warn";
  readonly tolerate: { readonly rows: number } | { readonly share: number };
}

const rowArbitrary = fc.record({ a: fc.option(fc.integer({ min: 0, max: 6 })), b: fc.option(fc.constantFrom("x", "y")) });
const testArbitrary: fc.Arbitrary<Test> = fc.oneof(
  fc.record({ kind: fc.constant("row" as const), above: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ kind: fc.constant("duplicates" as const), of: fc.constantFrom<readonly ("a" | "b")[]>(["a"], ["b"], ["a", "b"]) }),
  fc.record({ kind: fc.constant("count" as const), min: fc.integer({ min: 0, max: 8 }) }),
);
const ruleArbitrary: fc.Arbitrary<Rule> = fc
  .record({
    test: testArbitrary,
    where: fc.constantFrom("x" as const, null),
    onFail: fc.constantFrom("stop" as const, "quarantine" as const, "warn" as const),
    tolerate: fc.oneof(
      fc.constantFrom({ rows: 0 }, { rows: 0 }, { rows: 2 }, { rows: 4 }),
      fc.constantFrom({ share: 0.25 }, { share: 0.5 }),
    ),
  })
  .map((rule) => (rule.test.kind === "count" && rule.onFail === "quarantine" ? { ...rule, onFail: "stop" as const } : rule));

describe("the audit and an implementation without SQL", () => {
  const bench = new AuditBench();
  beforeAll(() => bench.open());
  afterAll(() => bench.close());

  it("agree on every count, status and row set aside", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(rowArbitrary, { maxLength: 14 }),
        fc.array(ruleArbitrary, { minLength: 1, maxLength: 5 }),
        async (drawn, rules) => {
          const rows = drawn.map((row, index) => ({ ...row, row_number: index + 1 }));
          const values = rows.map((row) => `(${row.a ?? "null"}, ${row.b === null ? "null" : `'${row.b}'`}, ${row.row_number})`).join(", ");
          const create = `create table ${TABLE} (a int, b text, row_number int)${values === "" ? "" : `; insert into ${TABLE} values ${values}`}`;
          const outcome = await bench.auditTable(create, rules.map(compiled));
          const expected = audit(rows, rules);
          expect(outcome.results.map(({ status, failing }) => ({ status, failing }))).toEqual(expected.results);
          expect(outcome.quarantined.map(({ row_number, rule }) => ({ row_number, rule }))).toEqual(expected.aside);
          expect(outcome.quarantinedRows).toBe(expected.aside.length);
          expect(outcome.left).toBe(rows.length - expected.aside.length);
          for (const [index, result] of outcome.results.entries()) {
            if (rules[index]!.test.kind !== "count" && result.status !== "passed")
              expect(result.sample.length).toBe(Math.min(5, result.failing));
          }
        },
      ),
      { numRuns: RUNS, seed: 4501 },
    );
  });
});

function compiled({ test, where, onFail, tolerate }: Rule, index: number): CompiledCheck {
  const base = {
    name: `rule ${index}`,
    kind: test.kind,
    severity: "error",
    onFail,
    tolerate,
    columns: [],
    needs: [],
    location: null,
  } as const;
  const filter = where === null ? null : `b = '${where}'`;
  switch (test.kind) {
    case "row":
      return { ...base, where: filter, test: { kind: "row", bad: `t.a > ${test.above}` } };
    case "duplicates":
      return { ...base, where: filter, test: { kind: "duplicates", of: test.of.map((name) => `t.${name}`) } };
    case "count":
      return { ...base, where: filter, test: { kind: "count", min: test.min, max: null } };
    default:
      return test satisfies never;
  }
}

/** What the header of audit.ts promises, said with arrays. */
function audit(rows: readonly Row[], rules: readonly Rule[]) {
  const looked = (rule: Rule, among: readonly Row[]) => among.filter((row) => rule.where === null || row.b === rule.where);
  const failing = (rule: Rule, among: readonly Row[]): readonly Row[] => {
    const { test } = rule;
    if (test.kind === "row") return looked(rule, among).filter((row) => row.a !== null && row.a > test.above);
    if (test.kind === "count") return [];
    const comparable = looked(rule, among).filter((row) => test.of.some((name) => row[name] !== null));
    const key = (row: Row) => JSON.stringify(test.of.map((name) => row[name]));
    return comparable.filter((row) => comparable.filter((other) => key(other) === key(row)).length > 1);
  };
  const tolerated = (rule: Rule, among: readonly Row[]) =>
    "rows" in rule.tolerate ? rule.tolerate.rows : Math.floor(rule.tolerate.share * looked(rule, among).length);
  const exceeds = (rule: Rule) => failing(rule, rows).length > tolerated(rule, rows);
  const acting = rules.filter((rule) => rule.onFail === "quarantine" && exceeds(rule));
  const byRow = acting.filter((rule) => rule.test.kind === "row");
  const first = new Set(byRow.flatMap((rule) => failing(rule, rows)));
  const second = rows.filter((row) => !first.has(row));
  const gone = new Map(acting.map((rule) => [rule, new Set(failing(rule, rule.test.kind === "row" ? rows : second))]));
  const aside = rows.filter((row) => acting.some((rule) => gone.get(rule)!.has(row)));
  const left = rows.filter((row) => !aside.includes(row));
  const results = rules.map((rule) => {
    const stops = rule.onFail === "stop" ? "failed" : "warned";
    if (rule.test.kind === "count") {
      const count = looked(rule, left).length;
      const missing = Math.max(0, rule.test.min - count);
      const accepted = "rows" in rule.tolerate ? rule.tolerate.rows : Math.floor(rule.tolerate.share * count);
      return { status: missing > accepted ? stops : "passed", failing: missing };
    }
    const moved = gone.get(rule);
    if (moved !== undefined) return { status: moved.size > 0 ? "warned" : "passed", failing: moved.size };
    // A check that tolerates what it found in all rows is not asked again; duplicates are only known after they were.
    if (!exceeds(rule) && rule.test.kind === "row") return { status: "passed", failing: failing(rule, rows).length };
    const now = failing(rule, rule.onFail === "quarantine" ? rows : left).length;
    return { status: now > tolerated(rule, rows) ? stops : "passed", failing: now };
  });
  const number = (rule: Rule) => rules.indexOf(rule);
  return {
    results,
    aside: aside.map((row) => ({ row_number: row.row_number, rule: `rule ${number(acting.find((rule) => gone.get(rule)!.has(row))!)}` })),
  };
}
