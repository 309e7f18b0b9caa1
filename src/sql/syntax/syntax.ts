// What a query says without binding it: what it reads, its parameters, whether it is one query at all, and the hash of its tree.
import type { DuckDBConnection } from "@duckdb/node-api";
import type { MillraceError } from "../../model/errors.ts";
import type { SqlUnit } from "../compile/errors.ts";
import { type AnalysisCopy, analysisCopy, PARAMETER_TYPES } from "./copy.ts";
import { type ExternalRead, findReferences, type TableReference } from "./references.ts";
import { type ReadQuery, withNested } from "./nested.ts";
import { parseRefusal, statementRefusal, unknownParameter } from "./refusals.ts";
import { type ParsedSql, parseSql } from "./tree.ts";
import { type QueryShape, shapeOf } from "./shape.ts";

export interface QuerySyntax {
  /** Of the tree without places: comments and formatting do not change it. */
  readonly hash: string;
  readonly shape: QueryShape;
  readonly tables: readonly TableReference[];
  readonly externals: readonly ExternalRead[];
  readonly parameters: readonly string[];
  readonly volatile: readonly string[];
  readonly opaque: readonly string[];
  /** Reads `_millrace.rows('…')`. */
  readonly rowOrigins: boolean;
  /** Asks for days of the project's calendars. */
  readonly calendars: boolean;
  /** Names of everything that it calls. */
  readonly calls: readonly string[];
  /** UTF-16 offset of a PIVOT without values: its columns depend on the data, so that the query can be read, not bound. */
  readonly dynamicPivotAt: number | null;
}

export type SyntaxResult = { readonly ok: true; readonly syntax: QuerySyntax } | { readonly ok: false; readonly error: MillraceError };

/** Reads every unit's SQL; the answers stand in the order of the units. One call to DuckDB for all of them, one more where PIVOT or query() needs it. */
export async function readSyntax(connection: DuckDBConnection, units: readonly SqlUnit[]): Promise<readonly SyntaxResult[]> {
  const copies = units.map((unit) => analysisCopy(unit.sql));
  // Parsed as the user wrote it: parameters are part of the tree, and of its hash.
  const parsed = [
    ...(await parseSql(
      connection,
      units.map((unit) => unit.sql),
    )),
  ];
  const again = [...units.keys()].filter((index) => !parsed[index]!.ok && /\bpivot/i.test(units[index]!.sql));
  const filled = again.map((index) => analysisCopy(units[index]!.sql, { pivots: "fill" }));
  const second = await parseSql(
    connection,
    filled.map((copy) => copy.text),
  );
  for (const [place, index] of again.entries()) {
    const result = second[place]!;
    if (filled[place]!.dynamicPivot === null || !result.ok) continue;
    parsed[index] = result;
    copies[index] = filled[place]!;
  }
  return withNested(
    connection,
    units.map((unit, index) => readOne(unit, copies[index]!, parsed[index]!)),
  );
}

function readOne(unit: SqlUnit, copy: AnalysisCopy, parsed: ParsedSql): ReadQuery<QuerySyntax> {
  if (!parsed.ok) return { ok: false, error: parseRefusal(unit, parsed) };
  const refusal = statementRefusal(unit, parsed.statements);
  if (refusal !== null) return { ok: false, error: refusal };
  const unknown = copy.parameters.find(({ name }) => !Object.hasOwn(PARAMETER_TYPES, name) && !name.startsWith("param."));
  if (unknown !== undefined) return { ok: false, error: unknownParameter(unit, unknown) };
  const references = findReferences(parsed.statements);
  const parameters = [...new Set(copy.parameters.map(({ name }) => name))].toSorted();
  const place = (at: number): number => (copy.dynamicPivot === null ? at : Buffer.byteLength(unit.sql.slice(0, originalByte(copy, at))));
  const syntax: QuerySyntax = {
    hash: parsed.hash,
    shape: shapeOf(parsed.statements[0]!),
    tables: references.tables.map((table) => ({ ...table, at: table.at < 0 ? -1 : place(table.at) })),
    externals: references.externals,
    parameters,
    volatile: parameters.includes("now") ? [...references.volatile, "$now"] : references.volatile,
    opaque: references.opaque,
    rowOrigins: references.rowOrigins,
    calendars: references.calendars,
    calls: references.calls,
    dynamicPivotAt: copy.dynamicPivot?.start ?? null,
  };
  return { ok: true, unit, syntax, nested: references.nested };
}

function originalByte(copy: AnalysisCopy, bytes: number): number {
  return copy.originalOffset(Buffer.from(copy.text).subarray(0, bytes).toString().length);
}
