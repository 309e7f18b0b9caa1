// Holds the rows of a result against the expected ones: expected values become values of the result's own types first, so that 100 is 100.00 and
// 2026-01-31 the day, and what is none of the type stays what was written and equals nothing.
import type { JsonValue } from "../../model/answers.ts";
import type { TestSpec } from "../../model/definitions/test.ts";
import { combineErrors, MillraceError } from "../../model/errors.ts";
import type { CellDifference, ChangedRow, RowsDifference, TestRow } from "../../model/test-answers.ts";
import type { Session } from "../../sql/session.ts";
import { readRowChunks } from "../../sql/values.ts";
import { duckdbTypes } from "./columns.ts";
import type { TypedColumn } from "./fixture.ts";
import { unknownColumn } from "./fixture-query.ts";
import { type Cells, isEqual, type Matched, matchRows } from "./match.ts";
import type { RowSet } from "./rows.ts";
import { Misfit, valueSql } from "./values.ts";

export interface Result {
  /** The model, or the `with` query. */
  readonly of: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly JsonValue[])[];
}

export interface Expectation {
  readonly rows: RowSet;
  readonly ordered: boolean;
  readonly tolerance: TestSpec["tolerance"];
  /** Columns that make a row unique, as the model says. */
  readonly keys: readonly string[];
}

const LISTED_MAX = 50;
const NUMERIC = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\))(\[\d*\])*$/;

/** Null when everything is as expected. @throws MR8903, MR8907 for what is wrong with the expectation itself. */
export async function compareRows(session: Session, result: Result, expectation: Expectation): Promise<RowsDifference | null> {
  const written = await writtenRows(session, result, expectation.rows);
  const position = new Map(result.columns.map(({ name }, index) => [name.toLowerCase(), index]));
  const tolerances = tolerancesOf(result, expectation);
  const expected = await typedCells(session, result, written);
  const keys = expectation.keys.flatMap((name) => position.get(name.toLowerCase()) ?? []);
  const matched = matchRows({ expected: expected.cells, actual: result.rows, tolerances, keys, ordered: expectation.ordered });
  const isSame = matched.pairs.size === expected.cells.length && expected.cells.length === result.rows.length && matched.misplaced === null;
  return isSame ? null : difference(result, expected, matched, tolerances);
}

/** Rows of the expectation as they are written; those of a query or a Parquet file as it answers. */
async function writtenRows(session: Session, { of, columns }: Result, rows: RowSet): Promise<Extract<RowSet, { kind: "values" }>> {
  let values: Extract<RowSet, { kind: "values" }>;
  if (rows.kind === "values") values = rows;
  else {
    try {
      const found = await session.rows(rows.sql);
      values = { ...rows, kind: "values", rows: found, columns: Object.keys(found[0] ?? {}) };
    } catch (error) {
      throw new MillraceError({ code: "MR8907", message: `${of}: the expected rows cannot be read`, location: rows.place(), cause: error });
    }
  }
  const known = new Set(columns.map(({ name }) => name.toLowerCase()));
  const names = columns.map(({ name }) => name);
  const unknown = values.columns
    .filter((name) => !known.has(name.toLowerCase()))
    .map((name) => {
      const row = values.rows.findIndex((each) => Object.hasOwn(each, name));
      return unknownColumn(of, name, names, values.place(Math.max(0, row), [name], "key"));
    });
  if (unknown.length > 0) throw combineErrors("MR1001", unknown);
  return values;
}

function tolerancesOf({ columns }: Result, { tolerance }: Expectation): ReadonlyMap<number, number> {
  if (tolerance === undefined) return new Map();
  if (typeof tolerance === "number")
    return new Map(columns.flatMap(({ type }, index) => (NUMERIC.test(type) ? [[index, tolerance] as const] : [])));
  return new Map(
    Object.entries(tolerance).flatMap(([name, value]) => {
      const index = columns.findIndex((column) => column.name.toLowerCase() === name.toLowerCase());
      return index < 0 ? [] : [[index, value] as const];
    }),
  );
}

interface ExpectedRows {
  readonly cells: readonly Cells[];
  /** What stands there and is none of the column's type, as `row:column`. */
  readonly misfits: ReadonlyMap<string, unknown>;
}

async function typedCells(session: Session, { columns }: Result, written: Extract<RowSet, { kind: "values" }>): Promise<ExpectedRows> {
  const types = await duckdbTypes(
    session.connection,
    columns.map(({ type }) => type),
  );
  const typed = columns.map((column) => ({ ...column, duckdb: types.get(column.type)! })) satisfies readonly TypedColumn[];
  const misfits = new Map<string, unknown>();
  const names = new Map(written.columns.map((name) => [name.toLowerCase(), name]));
  const said = written.rows.map((row) =>
    typed.flatMap((column, index) => {
      const name = names.get(column.name.toLowerCase());
      return name === undefined || !Object.hasOwn(row, name) || row[name] === undefined ? [] : [{ index, value: row[name], column }];
    }),
  );
  const expressions = said.map((cells, row) =>
    cells.map(({ index, value, column }) => {
      try {
        return valueSql(column.duckdb, value, "expected");
      } catch (error) {
        if (!(error instanceof Misfit)) throw error;
        misfits.set(`${row}:${index}`, value);
        return null;
      }
    }),
  );
  const values = await evaluate(session, expressions);
  const cells = said.map(
    (row, at) =>
      new Map(
        row.map(({ index, value }, place): [number, JsonValue] => {
          const found = values[at]![place];
          if (found !== undefined) return [index, found];
          misfits.set(`${at}:${index}`, value);
          return [index, { [MISFIT]: jsonOf(value) }];
        }),
      ),
  );
  return { cells, misfits };
}

/** Stands for a value that equals none of its column. */
const MISFIT = "\0misfit";

/** The values of expressions; undefined for one that is null here, or that DuckDB refuses. */
async function evaluate(
  session: Session,
  rows: readonly (readonly (string | null)[])[],
): Promise<readonly (readonly (JsonValue | undefined)[])[]> {
  const flat = rows.flat().filter((each) => each !== null);
  const results = new Map<string, JsonValue>();
  const distinct = [...new Set(flat)];
  const ask = async (asked: readonly string[]): Promise<void> => {
    const result = await session.connection.run(`select ${asked.join(", ")}`);
    for await (const [row] of readRowChunks(result)) for (const [index, value] of row!.entries()) results.set(asked[index]!, value);
  };
  for (let from = 0; from < distinct.length; from += BATCH_MAX) {
    const batch = distinct.slice(from, from + BATCH_MAX);
    await ask(batch).catch(async () => {
      for (const one of batch) await ask([one]).catch(() => undefined); // refused: it equals nothing
    });
  }
  return rows.map((row) => row.map((each) => (each === null ? undefined : results.get(each))));
}

const BATCH_MAX = 500;

function difference(
  result: Result,
  { cells, misfits }: ExpectedRows,
  matched: Matched,
  tolerances: ReadonlyMap<number, number>,
): RowsDifference {
  const { columns, rows } = result;
  const shown = (row: number, column: number, value: JsonValue): JsonValue =>
    misfits.has(`${row}:${column}`) ? jsonOf(misfits.get(`${row}:${column}`)) : value;
  const changed = matched.alike.slice(0, LISTED_MAX).map(([expected, actual]): ChangedRow => {
    const same: Record<string, JsonValue> = {};
    const differences: CellDifference[] = [];
    for (const [index, column] of columns.entries()) {
      const found = rows[actual]![index]!;
      if (!cells[expected]!.has(index)) continue;
      const value = cells[expected]!.get(index)!;
      if (isEqual(value, found, tolerances.get(index) ?? 0)) same[column.name] = found;
      else differences.push(cellDifference(column, shown(expected, index, value), found, misfits.has(`${expected}:${index}`)));
    }
    return { expectedRow: expected + 1, actualRow: actual + 1, differences, same };
  });
  const missing = matched.missing.slice(0, LISTED_MAX).map((row) => ({
    row: row + 1,
    cells: Object.fromEntries([...cells[row]!].map(([index, value]) => [columns[index]!.name, shown(row, index, value)])) as TestRow,
  }));
  const unexpected = matched.unexpected.slice(0, LISTED_MAX).map((row) => ({
    row: row + 1,
    cells: Object.fromEntries(columns.map(({ name }, index) => [name, rows[row]![index]!])) as TestRow,
  }));
  const counts = { changed: matched.alike.length, missing: matched.missing.length, unexpected: matched.unexpected.length };
  const all = counts.changed + counts.missing + counts.unexpected;
  const { misplaced } = matched;
  return {
    of: result.of,
    columns,
    expectedRows: cells.length,
    actualRows: rows.length,
    changed,
    missing,
    unexpected,
    order: misplaced === null ? null : { row: misplaced.expected + 1, found: misplaced.actual + 1 },
    counts,
    more: all - changed.length - missing.length - unexpected.length,
  };
}

function cellDifference(column: Result["columns"][number], expected: JsonValue, actual: JsonValue, isMisfit: boolean): CellDifference {
  const common = { column: column.name, expected, actual };
  const looksAlike = isMisfit || textOf(expected).trim() === textOf(actual).trim();
  return looksAlike ? { ...common, expectedType: isMisfit ? kindOf(expected) : column.type, actualType: column.type } : common;
}

function textOf(value: JsonValue): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function kindOf(value: JsonValue): string {
  if (Array.isArray(value)) return "a list";
  if (value === null) return "nothing";
  return typeof value === "string" ? "text" : typeof value === "object" ? "a mapping" : `a ${typeof value}`;
}

function jsonOf(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value ?? null)) as JsonValue;
}
