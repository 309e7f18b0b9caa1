// The compiler of a project's SQL: what every query reads, its columns and types, its lineage, and all errors of all queries in one go.
//   C1. Nothing is run: queries are parsed, and bound against empty tables in a shadow catalogue.
//   C2. An error is told once, where it is made: what depends on a broken query is left unbound, without errors of its own.
import type { NodeId } from "../../model/graph.ts";
import type { MillraceError } from "../../model/errors.ts";
import { analyseAll } from "./analysis.ts";
import { bindAll, type Bound, boundKey, macroErrors } from "./bind.ts";
import { unnamedFields } from "./column-refusals.ts";
import type { SqlUnit } from "./errors.ts";
import { readBodies } from "./macros.ts";
import { AssetNames } from "./names.ts";
import { ShadowCatalogue } from "./shadow.ts";
import type { Compilation, CompiledQuery, CompileInput } from "./types.ts";
import { inheritFromNeeds, prepareUnits, type Unit } from "./units.ts";
import { readSyntax, type QuerySyntax, type SyntaxResult } from "../syntax/syntax.ts";
import { hashOf } from "../syntax/tree.ts";

/** Compiles every query of a project. Errors of the user's SQL are in the answer; only a broken DuckDB throws. */
export async function compile(input: CompileInput): Promise<Compilation> {
  let shadow: ShadowCatalogue | undefined;
  const open = async (): Promise<ShadowCatalogue> => (shadow ??= await ShadowCatalogue.open({ projectDir: input.projectDir }));
  try {
    const syntaxes = await readAll(input, open);
    const names = namesOf(input);
    const macros = await readBodies(input.macros ?? [], input.cache, open);
    const { units, errors } = prepareUnits(input, syntaxes, names, macros);
    inheritFromNeeds(units, input);
    const found = [...macros.errors, ...errors, ...(await bindAll(units, input, open)), ...(await unnamedFields(units, open))];
    if (shadow !== undefined) found.push(...(await macroErrors(macros, units, input, shadow)));
    await analyseAll(units, input, names, open);
    remember(units, input);
    return answer(units, found);
  } finally {
    shadow?.close();
  }
}

/** What each query reads by the names in it, as far as it can be read. */
export async function readsByNames(input: CompileInput): Promise<ReadonlyMap<string, readonly NodeId[]>> {
  let shadow: ShadowCatalogue | undefined;
  const open = async (): Promise<ShadowCatalogue> => (shadow ??= await ShadowCatalogue.open({ projectDir: input.projectDir }));
  try {
    const syntaxes = await readAll(input, open);
    const { units } = prepareUnits(input, syntaxes, namesOf(input), await readBodies(input.macros ?? [], input.cache, open));
    return new Map(units.map(({ unit, dependencies }) => [unit.id, dependencies]));
  } finally {
    shadow?.close();
  }
}

function namesOf({ assets, schemas, models }: CompileInput): AssetNames {
  return new AssetNames([...(assets ?? []), ...schemas.keys(), ...models.map(({ id }) => id)]);
}

async function readAll(input: CompileInput, open: () => Promise<ShadowCatalogue>): Promise<ReadonlyMap<SqlUnit, SyntaxResult>> {
  const results = new Map<SqlUnit, SyntaxResult>();
  const unread: SqlUnit[] = [];
  for (const unit of [...input.models, ...(input.queries ?? [])]) {
    const known = input.cache?.get(syntaxKey(unit)) as QuerySyntax | undefined;
    if (known === undefined) unread.push(unit);
    else results.set(unit, { ok: true, syntax: known });
  }
  if (unread.length === 0) return results;
  const read = await readSyntax((await open()).connection, unread);
  for (const [index, unit] of unread.entries()) {
    const result = read[index]!;
    results.set(unit, result);
    if (result.ok) input.cache?.put(syntaxKey(unit), result.syntax);
  }
  return results;
}

function syntaxKey(unit: SqlUnit): string {
  return `syntax ${hashOf(unit.sql)}`;
}

function remember(units: readonly Unit[], input: CompileInput): void {
  for (const { key, columns, lineage, fingerprint, unbound } of units) {
    if (key === null || columns === null || unbound !== null) continue;
    input.cache?.put(boundKey(key), { columns } satisfies Bound);
    if (lineage !== undefined) input.cache?.put(`lineage ${key}`, lineage);
    if (fingerprint !== undefined) input.cache?.put(`fingerprint ${key}`, fingerprint);
  }
}

function answer(units: readonly Unit[], errors: readonly MillraceError[]): Compilation {
  const models = new Map<NodeId, CompiledQuery>();
  const queries = new Map<string, CompiledQuery>();
  const notes: string[] = [];
  for (const unit of units) {
    const { syntax } = unit;
    const { id } = unit.unit;
    (unit.role === "model" ? models : queries).set(id, {
      id,
      syntaxHash: syntax?.hash ?? "",
      shape: syntax?.shape ?? null,
      dependencies: unit.dependencies,
      externals: syntax?.externals ?? [],
      parameters: syntax?.parameters ?? [],
      volatile: syntax?.volatile ?? [],
      opaque: syntax?.opaque ?? [],
      calendars: syntax?.calendars ?? false,
      columns: unit.columns,
      unbound: unit.unbound,
      certain: unit.certain,
      lineage: unit.lineage ?? null,
      fingerprint: unit.fingerprint ?? null,
    });
    for (const { kind, what } of syntax?.externals ?? [])
      notes.push(
        `${id} reads ${kind === "file" ? `the file ${what}` : `${what}()`} itself: Millrace does not see when it changes, so ${id} is built at every run`,
      );
    if (syntax !== null && unit.unbound !== null && !/does not compile|not there/.test(unit.unbound))
      notes.push(`${id} is only parsed: ${unit.unbound}`);
  }
  return { models, queries, errors: errors.toSorted(byPlace), notes };
}

function byPlace(a: MillraceError, b: MillraceError): number {
  const [left, right] = [a.location, b.location];
  if (left === undefined || right === undefined) return left === right ? 0 : left === undefined ? 1 : -1;
  if (left.file !== right.file) return left.file < right.file ? -1 : 1;
  return left.line - right.line || left.column - right.column;
}
