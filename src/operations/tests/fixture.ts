// Tables of a test: made in its lane with the columns that the project knows, filled with the rows that the test gives.
import type { DuckDBType } from "@duckdb/node-api";
import { combineErrors, MillraceError } from "../../model/errors.ts";
import type { CompiledColumn } from "../../sql/compile/types.ts";
import { assetView, describeRelation, HIDDEN_COLUMNS } from "../../sql/ledger/publish.ts";
import type { Session } from "../../sql/session.ts";
import { ident } from "../../sql/text.ts";
import { duckdbTypes } from "./columns.ts";
import { inferType } from "./infer.ts";
import type { FixtureRequest, TablePlan } from "./fixture-request.ts";
import { planQuery, unknownColumn } from "./fixture-query.ts";
import type { RowSet } from "./rows.ts";
import { Misfit, valueSql, type ValueUse } from "./values.ts";

/** Makes and fills the table. @throws all that is wrong with its rows: MR8903, MR8904, MR8907. */
export async function makeTable(session: Session, request: FixtureRequest): Promise<void> {
  const plan = await planTable(session, request);
  await session.run(plan.statements).catch(async (error: unknown) => {
    throw (await plan.explain(session)) ?? error;
  });
}

/** The same without making it yet: several tables are made by one call. */
export async function planTable(session: Session, request: FixtureRequest): Promise<TablePlan> {
  const { asset, table, rows } = request;
  if (rows.kind === "query") return planQuery(session, request, rows);
  const columns = columnsFor(request, rows);
  const errors = unknownColumns(asset, rows, columns);
  if (columns.length === 0) {
    throw new MillraceError({
      code: "MR8903",
      message: `nothing is known of the columns of ${asset}`,
      hint: "give it a row, or its columns: { rows: [], types: { id: bigint } }",
      location: rows.place(),
    });
  }
  const types = await duckdbTypes(
    session.connection,
    columns.map(({ type }) => type),
  );
  const typed = columns.map((column) => ({ ...column, duckdb: types.get(column.type) }));
  const untyped = typed.find(({ duckdb }) => duckdb === undefined);
  if (untyped !== undefined) {
    const message = `${asset}.${untyped.name}: ${untyped.type} is no type of DuckDB`;
    errors.push(new MillraceError({ code: "MR8904", message, location: rows.place() }));
  }
  if (errors.length > 0) throw combineErrors("MR1001", errors);
  const known = typed as readonly TypedColumn[];
  const tuples = tuplesOf(asset, rows, known, "given");
  const create = `create table ${table} (${columns.map(({ name, type }) => `${ident(name)} ${type}`).join(", ")})`;
  return {
    statements:
      tuples.length === 0
        ? create
        : `${create};\ninsert into ${table} values ${tuples.map((cells) => `(${cells.join(", ")})`).join(",\n")}`,
    explain: (again) => misfits(again, { asset, rows, columns: known, tuples }),
  };
}

export interface TypedColumn extends CompiledColumn {
  readonly duckdb: DuckDBType;
}

/** The cells of each row as SQL. @throws MR8904 for all that do not fit, in one. */
export function tuplesOf(
  asset: string,
  rows: Extract<RowSet, { kind: "values" }>,
  columns: readonly TypedColumn[],
  use: ValueUse,
): readonly (readonly string[])[] {
  const errors: MillraceError[] = [];
  const names = new Map(rows.columns.map((name) => [name.toLowerCase(), name]));
  const tuples = rows.rows.map((row, index) =>
    columns.map((column) => {
      const name = names.get(column.name.toLowerCase());
      try {
        return valueSql(column.duckdb, name === undefined ? null : (row[name] ?? null), use);
      } catch (error) {
        if (!(error instanceof Misfit)) throw error;
        errors.push(
          new MillraceError({
            code: "MR8904",
            message: `${asset}.${column.name}: ${error.message}`,
            ...(error.hint === undefined ? {} : { hint: error.hint }),
            location: rows.place(index, [name!, ...error.path]),
          }),
        );
        return "null";
      }
    }),
  );
  if (errors.length > 0) throw combineErrors("MR1001", errors);
  return tuples;
}

/** Shows the table as `_millrace.rows('asset')` does; `_load`, `_file` and `_line` may be given with the rows. */
export async function showRows(session: Session, asset: string): Promise<void> {
  const columns = (await describeRelation(session, assetView(asset))).map(({ name }) => name);
  const missing = HIDDEN_COLUMNS.filter((name) => !columns.includes(name)).map(
    (name) => `null::${name === "_line" ? "bigint" : "varchar"} as ${name}`,
  );
  await session.run(
    `create or replace view _millrace_rows.${ident(asset)} as select ${["*", ...missing].join(", ")} from ${assetView(asset)}`,
  );
}

function columnsFor({ columns, declared }: FixtureRequest, rows: Extract<RowSet, { kind: "values" }>): readonly CompiledColumn[] {
  const said = new Map(Object.entries(rows.types).map(([name, type]) => [name.toLowerCase(), type]));
  if (columns !== undefined) {
    const more = Object.entries(rows.types).filter(([name]) => !columns.some((column) => column.name.toLowerCase() === name.toLowerCase()));
    return [
      ...columns.map(({ name, type }) => ({ name, type: said.get(name.toLowerCase()) ?? type })),
      ...more.map(([name, type]) => ({ name, type })),
    ];
  }
  const names = new Map([...declared.keys(), ...Object.keys(rows.types), ...rows.columns].map((name) => [name.toLowerCase(), name]));
  return [...names].map(([key, name]) => ({
    name,
    type: said.get(key) ?? declared.get(key) ?? inferType(rows.rows.map((row) => row[name])),
  }));
}

function unknownColumns(asset: string, rows: Extract<RowSet, { kind: "values" }>, columns: readonly CompiledColumn[]): MillraceError[] {
  const known = new Set(columns.map(({ name }) => name.toLowerCase()));
  const names = columns.map(({ name }) => name);
  return rows.columns
    .filter((name) => !known.has(name.toLowerCase()))
    .map((name) => {
      const row = rows.rows.findIndex((each) => Object.hasOwn(each, name));
      return unknownColumn(asset, name, names, row < 0 ? rows.place() : rows.place(row, [name], "key"));
    });
}

interface Failing {
  readonly asset: string;
  readonly rows: Extract<RowSet, { kind: "values" }>;
  readonly columns: readonly TypedColumn[];
  readonly tuples: readonly (readonly string[])[];
}

/** Values that only DuckDB can judge, each asked alone; only after all together failed. */
async function misfits(session: Session, { asset, rows, columns, tuples }: Failing): Promise<MillraceError | undefined> {
  const errors: MillraceError[] = [];
  const names = new Map(rows.columns.map((name) => [name.toLowerCase(), name]));
  for (const [index, cells] of tuples.entries())
    for (const [at, cell] of cells.entries()) {
      const name = names.get(columns[at]!.name.toLowerCase());
      if (name === undefined) continue;
      await session.run(`select ${cell}`).catch((error: unknown) => {
        const value = JSON.stringify(rows.rows[index]![name]);
        const message = `${asset}.${columns[at]!.name}: ${value} is no ${columns[at]!.type}`;
        errors.push(new MillraceError({ code: "MR8904", message, location: rows.place(index, [name]), cause: error }));
      });
    }
  return errors.length === 0 ? undefined : combineErrors("MR1001", errors);
}
