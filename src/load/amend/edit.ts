// Corrections of records: SQL expressions over their cells, or cells that a person wrote into a file.
//   E1. An expression sees every column as text; where that does not bind, columns whose cells all have the asset's type have that type.
//   E2. All expressions see the record as it was; cells that no correction names stay as they are.
import { MillraceError, messageOf } from "../../model/errors.ts";
import { didYouMean } from "../../model/suggest.ts";
import type { Session } from "../../sql/session.ts";
import { ident, literal } from "../../sql/text.ts";
import type { CommittedColumn } from "../columns.ts";
import { editable, RECORD_COLUMNS } from "./records.ts";

export interface CellChange {
  readonly id: string;
  readonly column: string;
  readonly before: string | null;
  readonly after: string | null;
}

export type Correction =
  | { readonly kind: "none" }
  /** Column → SQL. */
  | { readonly kind: "set"; readonly set: Readonly<Record<string, string>> }
  /** Records as an edited file gave them: cells by name, with `_id`. */
  | { readonly kind: "cells"; readonly records: readonly Readonly<Record<string, string | null>>[] };

interface EditRequest {
  /** Temporary table of the records. */
  readonly table: string;
  readonly columns: readonly CommittedColumn[];
  readonly correction: Correction;
  /** Only records for which this SQL condition holds. */
  readonly where?: string | undefined;
}

/** Narrows the table to what is meant and corrects its cells. @throws MR8402 for a column, MR8403 for SQL, MR8404 for an id that is not there. */
export async function editRecords(session: Session, request: EditRequest): Promise<void> {
  const { table, columns, correction, where } = request;
  const known = editable(columns).map((column) => column.name);
  if (where !== undefined) await narrow(session, request, where);
  switch (correction.kind) {
    case "none":
      return;
    case "set": {
      for (const name of Object.keys(correction.set)) checkColumn(name, known);
      const replaced = Object.entries(correction.set).map(([name, sql]) => `((${sql}\n))::varchar as ${ident(name)}`);
      const shown = Object.entries(correction.set).map(([name, sql]) => `${name} = ${sql.trim()}`);
      await inEitherForm(session, request, shown.join(", "), async (relation) => {
        const rest = known.filter((name) => !Object.hasOwn(correction.set, name)).map((name) => `o.${ident(name)}`);
        const kept = ["o._id", "o._rule", "o._reason", "o._file", "o._line", "o._raw", "o._load", ...rest];
        const set = Object.keys(correction.set).map((name) => `e.${ident(name)}`);
        await session.run(
          `create or replace temp table ${table}_edited as select ${[...kept, ...set].join(", ")} from ${table} o
           join (select _id, ${replaced.join(", ")} from ${relation} r) e on e._id = o._id order by o.rowid`,
        );
      });
      await session.run(`drop table ${table}`);
      await session.run(`alter table ${table}_edited rename to ${table}`);
      return;
    }
    case "cells":
      return writeCells(session, request, known, correction.records);
    default:
      return correction satisfies never;
  }
}

/** What differs between two tables of the same records, at most `limit`. */
export async function cellChanges(
  session: Session,
  { before, after, columns, limit }: { before: string; after: string; columns: readonly CommittedColumn[]; limit: number },
): Promise<readonly CellChange[]> {
  const parts = editable(columns).map(
    ({ name }) =>
      `select a._id as id, ${literal(name)} as "column", b.${ident(name)} as "before", a.${ident(name)} as "after"
       from ${after} a join ${before} b on a._id = b._id where a.${ident(name)} is distinct from b.${ident(name)}`,
  );
  return parts.length === 0 ? [] : session.rows<CellChange>(`select * from (${parts.join(" union all ")}) order by all limit ${limit}`);
}

async function narrow(session: Session, request: EditRequest, where: string): Promise<void> {
  const { table } = request;
  await inEitherForm(session, request, `where ${where}`, async (relation) => {
    await session.run(`delete from ${table} where _id not in (select _id from ${relation} r where (${where}\n))`);
  });
}

/** E1. */
async function inEitherForm(
  session: Session,
  { table, columns }: EditRequest,
  shown: string,
  use: (relation: string) => Promise<void>,
): Promise<void> {
  let first: unknown;
  try {
    return await use(table);
  } catch (error) {
    first = error;
  }
  try {
    await use(await typedForm(session, table, columns));
  } catch (error) {
    const [line = ""] = messageOf(isUnbound(first) ? error : first).split("\n");
    const said = line.replace(/^(Parser|Binder|Conversion|Catalog|Invalid Input) Error: /, "");
    throw new MillraceError({
      code: "MR8403",
      message: `${shown}: ${said}`,
      hint: `columns: ${[...editable(columns).map((column) => column.name), ...RECORD_COLUMNS].join(", ")}`,
      cause: error,
    });
  }
}

/** DuckDB has no function for these types: with other types it may. */
function isUnbound(error: unknown): boolean {
  return /Binder Error|Conversion Error/.test(messageOf(error));
}

async function typedForm(session: Session, table: string, columns: readonly CommittedColumn[]): Promise<string> {
  const candidates = editable(columns).filter((column) => column.type !== "VARCHAR");
  if (candidates.length === 0) return table;
  const tests = candidates.map(
    ({ name, type }, index) => `bool_and(${ident(name)} is null or try_cast(${ident(name)} as ${type}) is not null) as c${index}`,
  );
  const fits = (await session.row<Record<string, boolean>>(`select ${tests.join(", ")} from ${table}`)) ?? {};
  const typed = candidates
    .filter((_, index) => fits[`c${index}`] === true)
    .map(({ name, type }) => `try_cast(${ident(name)} as ${type}) as ${ident(name)}`);
  return typed.length === 0 ? table : `(select * replace (${typed.join(", ")}) from ${table})`;
}

async function writeCells(
  session: Session,
  { table }: EditRequest,
  known: readonly string[],
  records: readonly Readonly<Record<string, string | null>>[],
): Promise<void> {
  const names = new Set(records.flatMap((record) => Object.keys(record)));
  for (const name of names) if (!(RECORD_COLUMNS as readonly string[]).includes(name)) checkColumn(name, known);
  const ids = records.map((record) => record["_id"] ?? "");
  const open = new Set((await session.rows<{ id: string }>(`select _id as id from ${table}`)).map(({ id }) => id));
  const missing = ids.find((id) => !open.has(id));
  if (missing !== undefined || new Set(ids).size !== ids.length) {
    throw new MillraceError({
      code: "MR8404",
      message: missing === undefined ? "the file has a record twice" : `no open record has the _id ${JSON.stringify(missing)}`,
    });
  }
  await session.run(`create or replace temp table ${table}_ids (_id varchar)`);
  for (let from = 0; from < ids.length; from += CELLS_PER_INSERT) {
    const values = ids.slice(from, from + CELLS_PER_INSERT).map((id) => `(${literal(id)})`);
    await session.run(`insert into ${table}_ids values ${values.join(", ")}`);
  }
  await session.run(`delete from ${table} where _id not in (select _id from ${table}_ids)`);
  await session.run(`drop table ${table}_ids`);
  for (const [cells, same] of byCells(records, known)) await writeSameCells(session, { table, cells, records: same });
}

/** A record corrects the cells that it names: those of the same cells together. */
function byCells(
  records: readonly Readonly<Record<string, string | null>>[],
  known: readonly string[],
): readonly (readonly [cells: readonly string[], records: readonly Readonly<Record<string, string | null>>[]])[] {
  const groups = new Map<string, Readonly<Record<string, string | null>>[]>();
  for (const record of records) {
    const key = JSON.stringify(known.filter((name) => Object.hasOwn(record, name)));
    const same = groups.get(key);
    if (same === undefined) groups.set(key, [record]);
    else same.push(record);
  }
  return [...groups].map(([key, same]) => [JSON.parse(key) as readonly string[], same]);
}

async function writeSameCells(
  session: Session,
  {
    table,
    cells,
    records,
  }: { readonly table: string; readonly cells: readonly string[]; readonly records: readonly Readonly<Record<string, string | null>>[] },
): Promise<void> {
  if (cells.length === 0) return;
  const edited = `${table}_cells`;
  await session.run(`create or replace temp table ${edited} (_id varchar${cells.map((name) => `, ${ident(name)} varchar`).join("")})`);
  for (let from = 0; from < records.length; from += CELLS_PER_INSERT) {
    const values = records
      .slice(from, from + CELLS_PER_INSERT)
      .map((record) => `(${["_id", ...cells].map((name) => (record[name] == null ? "null" : literal(record[name]))).join(", ")})`);
    await session.run(`insert into ${edited} values ${values.join(", ")}`);
  }
  const set = cells.map((name) => `${ident(name)} = e.${ident(name)}`).join(", ");
  await session.run(`update ${table} set ${set} from ${edited} e where e._id = ${table}._id`);
  await session.run(`drop table ${edited}`);
}

const CELLS_PER_INSERT = 500;

function checkColumn(name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  throw new MillraceError({
    code: "MR8402",
    message: `there is no column ${JSON.stringify(name)} to correct`,
    hint: didYouMean(name, known) ?? `columns: ${known.join(", ")}`,
  });
}
