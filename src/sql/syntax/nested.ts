// Queries inside queries' texts: `query('…')` is parsed in rounds, and what it reads is read by the query that holds it.
import type { DuckDBConnection } from "@duckdb/node-api";
import type { MillraceError } from "../../model/errors.ts";
import { type SqlUnit, syntaxError } from "../compile/errors.ts";
import { unchangedCopy } from "./copy.ts";
import { findReferences, type NestedQuery, type References } from "./references.ts";
import { failureOf } from "./refusals.ts";
import { parseSql } from "./tree.ts";

/** Rounds of `query('…')` inside each other; what lies deeper is not looked at, and said so. */
const NESTING_MAX = 5;

type Reads = Omit<References, "nested">;

/** A query that was read, with the texts in it that are still to be. */
export type ReadQuery<Syntax extends Reads = Reads> =
  | { readonly ok: true; readonly unit: SqlUnit; readonly syntax: Syntax; readonly nested: readonly NestedQuery[] }
  | { readonly ok: false; readonly error: MillraceError };

type Result<Syntax> = { readonly ok: true; readonly syntax: Syntax } | { readonly ok: false; readonly error: MillraceError };

/** The queries with what the texts inside them read; everything in such a text stands at the place of the call. */
export async function withNested<Syntax extends Reads>(
  connection: DuckDBConnection,
  queries: readonly ReadQuery<Syntax>[],
): Promise<readonly Result<Syntax>[]> {
  const results = [...queries];
  const openIn = (): readonly { readonly index: number; readonly one: NestedQuery }[] =>
    results.flatMap((result, index) => (result.ok ? result.nested.map((one) => ({ index, one })) : []));
  for (let round = 0, open = openIn(); open.length > 0; round++, open = openIn()) {
    const parsed = await parseSql(connection, round < NESTING_MAX ? open.map(({ one }) => one.sql) : []);
    for (const { index } of open) results[index] = withoutNested(results[index]!);
    for (const [place, { index, one }] of open.entries()) {
      const result = results[index]!;
      const inner = parsed[place];
      if (!result.ok) continue;
      if (inner === undefined)
        results[index] = { ...result, syntax: { ...result.syntax, opaque: union(result.syntax.opaque, ["query()"]) } };
      else if (inner.ok) results[index] = withReads(result, findReferences(inner.statements, one.scope), one.at);
      else {
        const failure = { ...failureOf(inner), position: { unit: "bytes" as const, at: one.at } };
        results[index] = { ok: false, error: syntaxError(result.unit, unchangedCopy(result.unit.sql), failure) };
      }
    }
  }
  return results;
}

function withoutNested<Syntax extends Reads>(result: ReadQuery<Syntax>): ReadQuery<Syntax> {
  return result.ok ? { ...result, nested: [] } : result;
}

function withReads<Syntax extends Reads>(
  { unit, syntax, nested }: Extract<ReadQuery<Syntax>, { ok: true }>,
  reads: References,
  at: number,
): ReadQuery<Syntax> {
  return {
    ok: true,
    unit,
    syntax: {
      ...syntax,
      tables: [...syntax.tables, ...reads.tables.map((table) => ({ ...table, at }))],
      externals: [...syntax.externals, ...reads.externals.map((external) => ({ ...external, at }))],
      volatile: union(syntax.volatile, reads.volatile),
      opaque: union(syntax.opaque, reads.opaque),
      rowOrigins: syntax.rowOrigins || reads.rowOrigins,
      calendars: syntax.calendars || reads.calendars,
      calls: union(syntax.calls, reads.calls),
    },
    nested: [...nested, ...reads.nested.map((one) => ({ ...one, at }))],
  };
}

function union(one: readonly string[], other: readonly string[]): readonly string[] {
  return [...new Set([...one, ...other])].toSorted();
}
