// What a query says without binding it: what it reads, its parameters, whether it is one query at all, and the hash of its tree.
import type { DuckDBConnection } from "@duckdb/node-api";
import { MillraceError } from "../../model/errors.ts";
import { type DuckdbFailure, firstWord, locate, type SqlUnit, syntaxError } from "../compile/errors.ts";
import { type AnalysisCopy, analysisCopy, PARAMETER_TYPES } from "./copy.ts";
import { type ExternalRead, findReferences, type References, type TableReference } from "./references.ts";
import { scanSql } from "./scan.ts";
import { isNode, type ParsedSql, parseSql, type TreeNode } from "./tree.ts";
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

/** Rounds of `query('…')` inside each other. */
const NESTING_MAX = 5;
const PIVOT_REFUSED = "not implemented";

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
  const found = units.map((unit, index) => readOne(unit, copies[index]!, parsed[index]!));
  return withNested(connection, units, found);
}

function readOne(unit: SqlUnit, copy: AnalysisCopy, parsed: ParsedSql): SyntaxResult & { readonly references?: References } {
  if (!parsed.ok)
    return {
      ok: false,
      error: parsed.type === PIVOT_REFUSED ? notAQuery(unit, parsed.message) : syntaxError(unit, unchanged(unit.sql), failureOf(parsed)),
    };
  const [statement] = parsed.statements;
  if (statement === undefined) {
    const message = `${unit.id}: the file has no SQL`;
    return {
      ok: false,
      error: new MillraceError({ code: "MR2007", message, hint: "write the query behind the front matter", location: locate(unit, 0, 1) }),
    };
  }
  if (parsed.statements.length > 1) return { ok: false, error: severalStatements(unit, parsed.statements.length) };
  if (describes(statement))
    return { ok: false, error: notAQuery(unit, "DESCRIBE, SHOW and SUMMARIZE are no queries whose rows can become a table") };
  const unknown = copy.parameters.find(({ name }) => !(name in PARAMETER_TYPES) && !name.startsWith("param."));
  if (unknown !== undefined) return { ok: false, error: unknownParameter(unit, unknown) };
  const references = findReferences(parsed.statements);
  const parameters = [...new Set(copy.parameters.map(({ name }) => name))].toSorted();
  const place = (at: number): number => (copy.dynamicPivot === null ? at : Buffer.byteLength(unit.sql.slice(0, originalByte(copy, at))));
  const syntax: QuerySyntax = {
    hash: parsed.hash,
    shape: shapeOf(statement),
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
  return { ok: true, syntax, references };
}

function originalByte(copy: AnalysisCopy, bytes: number): number {
  return copy.originalOffset(Buffer.from(copy.text).subarray(0, bytes).toString().length);
}

/** Adds what the texts inside `query('…')` read. */
async function withNested(
  connection: DuckDBConnection,
  units: readonly SqlUnit[],
  found: readonly (SyntaxResult & { readonly references?: References })[],
): Promise<readonly SyntaxResult[]> {
  const results: SyntaxResult[] = [...found];
  let open = found.flatMap(({ references }, index) => (references?.nested ?? []).map((query) => ({ index, ...query })));
  for (let round = 0; open.length > 0 && round < NESTING_MAX; round++) {
    const parsed = await parseSql(
      connection,
      open.map((query) => query.sql),
    );
    open = open.flatMap((query, place) => {
      const result = results[query.index]!;
      const inner = parsed[place]!;
      if (!result.ok) return [];
      if (!inner.ok) {
        results[query.index] = {
          ok: false,
          error: syntaxError(units[query.index]!, unchanged(units[query.index]!.sql), {
            ...failureOf(inner),
            position: { unit: "bytes", at: query.at },
          }),
        };
        return [];
      }
      const references = findReferences(inner.statements, query.scope);
      const { syntax } = result;
      results[query.index] = {
        ok: true,
        syntax: {
          ...syntax,
          tables: [...syntax.tables, ...references.tables.map((table) => ({ ...table, at: query.at }))],
          externals: [...syntax.externals, ...references.externals.map((external) => ({ ...external, at: query.at }))],
          volatile: [...new Set([...syntax.volatile, ...references.volatile])].toSorted(),
          opaque: [...new Set([...syntax.opaque, ...references.opaque])].toSorted(),
          calendars: syntax.calendars || references.calendars,
          calls: [...new Set([...syntax.calls, ...references.calls])].toSorted(),
        },
      };
      return references.nested.map((nested) => ({ index: query.index, sql: nested.sql, scope: nested.scope, at: query.at }));
    });
  }
  return results;
}

export function unchanged(sql: string): AnalysisCopy {
  return { text: sql, parameters: [], dynamicPivot: null, originalOffset: (offset) => offset };
}

function failureOf(parsed: Extract<ParsedSql, { ok: false }>): DuckdbFailure {
  return {
    type: parsed.type,
    subtype: "",
    message: parsed.message,
    position: parsed.position === null ? null : { unit: "characters", at: parsed.position },
  };
}

/** DESCRIBE and SUMMARIZE are parsed as `select * from` a special table; written in parentheses behind FROM they are fine. */
function describes(statement: TreeNode): boolean {
  const node = statement["node"];
  return isNode(node) && isNode(node["from_table"]) && node["from_table"]["type"] === "SHOW_REF";
}

function notAQuery(unit: SqlUnit, why: string): MillraceError {
  const tokens = scanSql(unit.sql).filter((token) => token.text !== ";");
  const first = tokens[0];
  const verb = (first?.text ?? "").toUpperCase();
  const mixed = /^(SELECT|WITH|FROM|VALUES|TABLE|PIVOT)$/.test(verb);
  return new MillraceError({
    code: "MR2005",
    message: mixed ? `${unit.id}: this is more than a query` : `${unit.id}: ${verb} is not a query`,
    hint: /SELECT statements/.test(why) ? "a model is one select; how it is stored stands in the front matter (materialize:)" : why,
    location: locate(unit, first?.start ?? firstWord(unit.sql)),
  });
}

function severalStatements(unit: SqlUnit, count: number): MillraceError {
  const tokens = scanSql(unit.sql);
  const ends = tokens.findIndex(
    (token, index) => token.text === ";" && tokens.slice(index + 1).some((later) => later.text !== ";") && index > 0,
  );
  const second = tokens.slice(ends + 1).find((token) => token.text !== ";");
  return new MillraceError({
    code: "MR2006",
    message: `${unit.id}: the file has ${count} statements, a model is one query`,
    hint: "put each query in a file of its own, or use `with`",
    location: locate(unit, second?.start ?? 0),
  });
}

function unknownParameter(
  unit: SqlUnit,
  parameter: { readonly name: string; readonly start: number; readonly end: number },
): MillraceError {
  const positional = /^[?\d]/.test(parameter.name);
  return new MillraceError({
    code: "MR2009",
    message: positional ? `${unit.id}: positional parameters are not bound` : `${unit.id}: there is no parameter $${parameter.name}`,
    hint:
      positional || /^params?$/i.test(parameter.name)
        ? "name it: $param.name, $start, $end, $now or $partition"
        : `write $param.${parameter.name} for a job's parameter; others are $start, $end, $now, $partition`,
    location: locate(unit, parameter.start, parameter.end - parameter.start),
  });
}
