// What every kind of check promises, as tests that its author runs with cases of his own:
//   K1. Failing rows are counted and shown, sound rows pass. K2. NULL means what the case states.
//   K3. `where` narrows, `tolerate` accepts, `severity: warn` lets pass. K4. `onFail: quarantine` leaves exactly the sound rows, where it names rows.
//   K5. Names of columns may hold quotes, blanks and keywords. K6. An empty table passes unless the case says otherwise.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditTable, type AuditOutcome } from "../load/audit.ts";
import type { CompiledCheck } from "../load/check.ts";
import type { CheckEntry } from "../model/definitions/check.ts";
import { physicalTable } from "../sql/ledger/publish.ts";
import type { Session, Transaction } from "../sql/session.ts";
import { ident, literal } from "../sql/text.ts";
import { openWarehouse, type Warehouse } from "../sql/warehouse.ts";

/** Values as SQL literals: `1`, `'a'`, `null`, `date '2026-01-01'`. */
export type SqlValues = readonly string[];

export interface CheckCase {
  /** What the entry says for a column that is called `column`. */
  entry(column: string): CheckEntry;
  /** Type of the column. */
  readonly type: string;
  readonly sound: SqlValues;
  /** Together with the sound rows each of these fails. */
  readonly failing: SqlValues;
  readonly nulls: "pass" | "fail";
  /** False for a check that judges the table and names no rows of it. */
  readonly namesRows: boolean;
  readonly empty?: "fail";
  /** Other assets that the check reads. */
  readonly prepare?: (session: Session) => Promise<void>;
}

export type CompileEntry = (entry: CheckEntry, asset: string) => CompiledCheck;

const ASSET = "clean.things";
const TABLE = physicalTable("things");
const NAMES = ["value", 'it\'s "quoted" value', "select", "größe in €", "t"];

/** Registers the tests of one kind. */
export function testCheck(kind: string, compile: CompileEntry, given: CheckCase): void {
  describe(`the check ${kind}`, () => {
    const bench = new AuditBench(given.prepare);
    beforeAll(() => bench.open());
    afterAll(() => bench.close());
    const audit = (values: SqlValues, more: CheckEntry = {}, column = "value"): Promise<Audited> =>
      bench.audit(column, given.type, values, [compile({ ...given.entry(column), ...more }, ASSET)]);

    for (const column of NAMES) {
      it(`passes sound rows and catches failing ones in a column called ${column}`, async () => {
        expect((await audit(given.sound, {}, column)).results).toMatchObject([{ status: "passed", failing: 0, sample: [] }]);
        const { results, stop } = await audit([...given.sound, ...given.failing], {}, column);
        expect(results).toMatchObject([{ status: "failed", failing: given.failing.length, severity: "error", onFail: "stop" }]);
        expect(stop).toBe(true);
        expect(results[0]!.sample.length).toBe(given.namesRows ? Math.min(5, given.failing.length) : results[0]!.sample.length);
        expect(results[0]!.sample.length).toBeGreaterThan(0);
      });
    }

    it(`lets NULL ${given.nulls}`, async () => {
      const { results } = await audit([...given.sound, "null", "null"]);
      expect(results).toMatchObject([given.nulls === "pass" ? { status: "passed" } : { status: "failed", failing: 2 }]);
    });

    it(given.empty === "fail" ? "fails an empty table" : "passes an empty table", async () => {
      expect((await audit([])).results).toMatchObject([{ status: given.empty === "fail" ? "failed" : "passed" }]);
    });

    it("looks only at rows for which where holds", async () => {
      const { results } = await audit([...given.sound, ...given.failing], { where: `row_number <= ${given.sound.length}` });
      expect(results).toMatchObject([{ status: "passed", failing: 0 }]);
      const none = await audit([...given.sound, ...given.failing], { where: "null" });
      expect(none.results).toMatchObject([{ status: given.empty === "fail" ? "failed" : "passed" }]);
    });

    it("accepts as many failing rows as it tolerates", async () => {
      const rows = [...given.sound, ...given.failing];
      const failing = given.failing.length;
      expect((await audit(rows, { tolerate: failing })).results).toMatchObject([{ status: "passed", failing }]);
      expect((await audit(rows, { tolerate: failing - 1 })).results).toMatchObject([{ status: "failed", failing }]);
      expect((await audit(rows, { tolerate: "100%" })).results).toMatchObject([{ status: "passed", failing }]);
      expect((await audit(rows, { tolerate: "0%" })).results).toMatchObject([{ status: "failed", failing }]);
    });

    it("does not stop the version when it only warns", async () => {
      for (const softened of [{ severity: "warn" }, { onFail: "warn" }]) {
        const { results, stop } = await audit([...given.sound, ...given.failing], softened);
        expect(results).toMatchObject([{ status: "warned", failing: given.failing.length }]);
        expect(stop).toBe(false);
      }
    });

    if (given.namesRows) {
      for (const column of NAMES) {
        it(`sets failing rows aside and leaves the sound ones in a column called ${column}`, async () => {
          const outcome = await audit([...given.sound, ...given.failing], { onFail: "quarantine" }, column);
          expect(outcome).toMatchObject({ stop: false, quarantinedRows: given.failing.length, left: given.sound.length });
          expect(outcome.results).toMatchObject([{ status: "warned", failing: given.failing.length }]);
          expect(outcome.quarantined.map((row) => row.row_number)).toEqual(given.failing.map((_, index) => given.sound.length + index + 1));
          expect(new Set(outcome.quarantined.map((row) => row.rule))).toEqual(new Set([outcome.results[0]!.check]));
        });
      }
    }
  });
}

export interface Audited extends AuditOutcome {
  /** Rows of the candidate after the audit. */
  readonly left: number;
  readonly quarantined: readonly { readonly rule: string; readonly reason: string; readonly row_number: number }[];
}

/** A warehouse in a temporary folder in which candidates are audited; nothing is ever committed. */
export class AuditBench {
  private readonly prepare: ((session: Session) => Promise<void>) | undefined;
  private readonly folder = mkdtempSync(join(tmpdir(), "millrace-checks-"));
  private opened: Warehouse | undefined;

  constructor(prepare?: (session: Session) => Promise<void>) {
    this.prepare = prepare;
  }

  async open(): Promise<void> {
    this.opened = await openWarehouse({ path: join(this.folder, "warehouse.duckdb") });
    const { prepare } = this;
    if (prepare !== undefined) await this.opened.session((session) => prepare(session));
  }

  close(): void {
    this.opened?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get warehouse(): Warehouse {
    if (this.opened === undefined) throw new Error("not open");
    return this.opened;
  }

  /** Audits a table with the column and one that numbers its rows from 1. */
  audit(column: string, type: string, values: SqlValues, checks: readonly CompiledCheck[]): Promise<Audited> {
    const rows = values.map((value, index) => `(${value}, ${index + 1})`).join(", ");
    const insert = values.length === 0 ? "" : `insert into ${TABLE} values ${rows}`;
    return this.auditTable(`create table ${TABLE} (${ident(column)} ${type}, row_number bigint); ${insert}`, checks);
  }

  /** Audits what `create` makes, which must be called `_millrace_data.things`. */
  async auditTable(create: string, checks: readonly CompiledCheck[]): Promise<Audited> {
    const kept: { audited?: Audited } = {};
    const undo = new Error("undone");
    await this.warehouse
      .transaction(async (tx) => {
        await tx.run(create);
        kept.audited = await auditAndLook(tx, checks);
        throw undo;
      })
      .catch((error: unknown) => {
        if (error !== undo) throw error;
      });
    return kept.audited!;
  }
}

async function auditAndLook(tx: Transaction, checks: readonly CompiledCheck[]): Promise<Audited> {
  const candidate = { asset: ASSET, table: TABLE, load: "l_1", run: "r_1", physical: "things" };
  const outcome = await auditTable(tx, candidate, checks);
  const left = await tx.row<{ n: number }>(`select count(*) as n from ${TABLE}`);
  const quarantined = await tx.rows<{ rule: string; reason: string; row_number: number }>(
    `select rule, reason, cast(row->>'row_number' as bigint) as row_number from _millrace.quarantine where asset = ${literal(ASSET)} order by all`,
  );
  const byRow = quarantined.toSorted((a, b) => a.row_number - b.row_number);
  return { ...outcome, left: left?.n ?? -1, quarantined: byRow };
}
