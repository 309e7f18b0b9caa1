// What macros read and call, and which of them each query calls, also through others: a macro is a part of every query that calls it.
import type { MillraceError } from "../../model/errors.ts";
import type { CompileCache } from "./cache.ts";
import type { ShadowCatalogue } from "./shadow.ts";
import { syntaxError, type SqlUnit } from "./errors.ts";
import type { Macro } from "../functions/macros.ts";
import { unchangedCopy } from "../syntax/copy.ts";
import { findReferences, type References } from "../syntax/references.ts";
import type { QuerySyntax } from "../syntax/syntax.ts";
import { hashOf, parseSql } from "../syntax/tree.ts";

type Reads = Omit<References, "nested">;

export interface KnownMacro extends Reads {
  readonly macro: Macro;
}

export interface Macros {
  readonly errors: readonly MillraceError[];
  readonly all: readonly KnownMacro[];
  /** Those that a query with these calls needs, each behind what it calls itself. */
  calledBy(calls: readonly string[]): readonly KnownMacro[];
}

const BEFORE = { scalar: "select (", table: "" } as const;
const AFTER = { scalar: "\n)", table: "" } as const;

export async function readBodies(
  macros: readonly Macro[],
  cache: CompileCache | undefined,
  open: () => Promise<ShadowCatalogue>,
): Promise<Macros> {
  const errors: MillraceError[] = [];
  const known = new Map<string, KnownMacro>();
  for (const macro of macros) {
    const key = `macro ${macro.hash}`;
    const reads = (cache?.get(key) as Reads | undefined) ?? (await readsOf(macro, await open(), errors));
    if (reads === undefined) continue;
    cache?.put(key, reads);
    known.set(macro.name, { ...reads, macro });
  }
  const calledBy = (calls: readonly string[]): readonly KnownMacro[] => {
    const found = new Set<KnownMacro>();
    const visited = new Set<string>();
    const visit = (name: string): void => {
      const macro = known.get(name);
      if (macro === undefined || visited.has(name)) return;
      visited.add(name);
      for (const call of macro.calls) visit(call);
      found.add(macro);
    };
    for (const call of calls) visit(call);
    return [...found];
  };
  return { errors, all: calledBy([...known.keys()]), calledBy };
}

async function readsOf(macro: Macro, shadow: ShadowCatalogue, errors: MillraceError[]): Promise<Reads | undefined> {
  const parsed = await parseSql(
    shadow.connection,
    macro.bodies.map(({ kind, sql }) => `${BEFORE[kind]}${sql}${AFTER[kind]}`),
  );
  const found: References[] = [];
  for (const [index, result] of parsed.entries()) {
    const { kind, sql } = macro.bodies[index]!;
    if (result.ok) {
      found.push(findReferences(result.statements));
      continue;
    }
    const unit: SqlUnit = { ...macro.unit, sql, sqlOffset: macro.unit.sqlOffset + macro.unit.sql.indexOf(sql) };
    const at = result.position === null ? null : { unit: "characters" as const, at: Math.max(0, result.position - BEFORE[kind].length) };
    errors.push(syntaxError(unit, unchangedCopy(sql), { type: result.type, subtype: "", message: result.message, position: at }));
    return undefined;
  }
  const union = (key: "volatile" | "opaque" | "calls"): readonly string[] => [...new Set(found.flatMap((each) => each[key]))].toSorted();
  return {
    tables: found.flatMap(({ tables }) => tables.map((table) => ({ ...table, at: -1 }))),
    externals: found.flatMap(({ externals }) => externals.map((external) => ({ ...external, at: -1 }))),
    volatile: union("volatile"),
    opaque: union("opaque"),
    calls: union("calls"),
    rowOrigins: found.some(({ rowOrigins }) => rowOrigins),
    calendars: found.some(({ calendars }) => calendars),
  };
}

/** The query with what its macros read. Tables stay apart: they are named in the macro's file, not in the query's. */
export function withMacros(syntax: QuerySyntax, macros: readonly KnownMacro[]): QuerySyntax {
  if (macros.length === 0) return syntax;
  const hashes = macros.map(({ macro }) => macro.hash);
  const union = (key: "volatile" | "opaque"): readonly string[] =>
    [...new Set([...syntax[key], ...macros.flatMap((each) => each[key])])].toSorted();
  return {
    ...syntax,
    hash: hashOf(syntax.hash, ...hashes),
    shape: { ...syntax.shape, body: hashOf(syntax.shape.body, ...hashes) },
    externals: [...syntax.externals, ...macros.flatMap(({ externals }) => externals)],
    volatile: union("volatile"),
    opaque: union("opaque"),
    rowOrigins: syntax.rowOrigins || macros.some(({ rowOrigins }) => rowOrigins),
    calendars: syntax.calendars || macros.some(({ calendars }) => calendars),
  };
}
