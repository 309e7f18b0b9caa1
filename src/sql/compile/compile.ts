// The compiler of a project's SQL: what every query reads, its columns and types, its lineage, and all errors of all queries in one go.
//   C1. Nothing is run: queries are parsed, and bound against empty tables in a shadow catalogue.
//   C2. An error is told once, where it is made: what depends on a broken query is left unbound, without errors of its own.
//   C3. Guessed columns (`certain: false`) prove that a name is missing, never that a type does not fit.
import type { NodeId } from "../../model/graph.ts";
import { MillraceError } from "../../model/errors.ts";
import { addMissing, analyseAll } from "./analysis.ts";
import { type Macros, readBodies } from "./macros.ts";
import { AssetNames } from "./names.ts";
import { type BindResult, ShadowCatalogue } from "./shadow.ts";
import type { Compilation, CompiledColumn, CompiledQuery, CompileInput } from "./types.ts";
import { inheritFromNeeds, prepareUnits, type Unit } from "./units.ts";
import { bindError, type DuckdbFailure, firstWord, isMissingColumn, isMissingName, locate, type SqlUnit } from "./errors.ts";
import { readSyntax, type QuerySyntax, type SyntaxResult, unchanged } from "../syntax/syntax.ts";
import { hashOf } from "../syntax/tree.ts";

/** Compiles every query of a project. Errors of the user's SQL are in the answer; only a broken DuckDB throws. */
export async function compile(input: CompileInput): Promise<Compilation> {
  let shadow: ShadowCatalogue | undefined;
  const open = async (): Promise<ShadowCatalogue> => (shadow ??= await ShadowCatalogue.open({ projectDir: input.projectDir }));
  try {
    const syntaxes = await readAll(input, open);
    const names = new AssetNames([...(input.assets ?? []), ...input.schemas.keys(), ...input.models.map(({ id }) => id)]);
    const macros = await readBodies(input.macros ?? [], input.cache, open);
    const { units, errors } = prepareUnits(input, syntaxes, names, macros);
    inheritFromNeeds(units, input);
    const found = [...macros.errors, ...errors, ...(await bindAll(units, input, open))];
    if (shadow !== undefined) found.push(...(await macroErrors(macros, units, input, shadow)));
    await analyseAll(units, input, names, open);
    remember(units, input);
    return answer(units, found);
  } finally {
    shadow?.close();
  }
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

interface Bound {
  readonly columns: readonly CompiledColumn[];
}

/** Binds what is not known from before; answers the errors. */
async function bindAll(
  units: readonly Unit[],
  input: CompileInput,
  open: () => Promise<ShadowCatalogue>,
): Promise<readonly MillraceError[]> {
  for (const unit of units) {
    if (unit.unbound !== null || unit.key === null) continue;
    unit.columns = (input.cache?.get(`bound ${unit.key}`) as Bound | undefined)?.columns ?? null;
  }
  const wanted = units.filter((unit) => unit.unbound === null && unit.columns === null);
  if (wanted.length === 0) return [];
  const shadow = await open();
  await addNeeds(wanted, units, input, shadow);
  const bindable = wanted.filter((unit) => unit.unbound === null);
  const results = await shadow.bind(
    bindable.map(({ unit, copy, dependencies, macros }) => ({
      id: unit.id,
      text: copy.text,
      needs: dependencies,
      adds: unit.adds,
      macros: macros.map(({ macro }) => macro),
    })),
  );
  const columns = await shadow.columns();
  const errors: MillraceError[] = [];
  for (const unit of bindable) {
    const result = results.get(unit.unit.id)!;
    if (result.ok) {
      unit.columns = columnsOf(columns, unit.unit.id);
      const twice = await nameTwice(unit, shadow);
      if (twice !== null) errors.push(twice);
    } else {
      const error = judge(unit, result, units, input);
      if (error !== null) errors.push(error);
    }
  }
  return errors;
}

/** What DuckDB has against the macros themselves; those that nobody calls are asked now. */
async function macroErrors(
  { all }: Macros,
  units: readonly Unit[],
  input: CompileInput,
  shadow: ShadowCatalogue,
): Promise<readonly MillraceError[]> {
  const unasked = all.filter(({ macro }) => shadow.macroFailure(macro.name) === undefined);
  const reads = unasked.flatMap(({ tables }) => tables.map(({ schema, name }) => `${schema === "" ? "main" : schema}.${name}`));
  if (reads.length > 0) await addMissing([{ dependencies: reads }], units, input, shadow);
  await shadow.addMacros(unasked.map(({ macro }) => macro));
  return all.flatMap(({ macro, tables }) => {
    const failure = shadow.macroFailure(macro.name);
    // What it reads was told where it is named, or is not known before its first load.
    if (failure === null || failure === undefined || failure.message.startsWith("Table with name")) return [];
    if (tables.length > 0 && !isMissingName(failure)) return [];
    return [bindError(macro.unit, unchanged(macro.unit.sql), failure, { columns: new Map() })];
  });
}

function columnsOf(columns: ReadonlyMap<string, readonly CompiledColumn[]>, id: NodeId): readonly CompiledColumn[] {
  return columns.get(id.includes(".") ? id : `main.${id}`) ?? [];
}

/** Puts the tables that `wanted` read into the catalogue, those aside that are bound there themselves. */
async function addNeeds(wanted: readonly Unit[], units: readonly Unit[], input: CompileInput, shadow: ShadowCatalogue): Promise<void> {
  const byId = new Map(units.map((unit) => [unit.unit.id, unit]));
  const own = new Set(wanted.map(({ unit }) => unit.id));
  const tables = new Map<NodeId, readonly CompiledColumn[]>();
  for (const id of new Set(wanted.flatMap(({ dependencies }) => dependencies))) {
    const columns = own.has(id) ? undefined : (byId.get(id)?.columns ?? input.schemas.get(id)?.columns);
    if (columns !== undefined && columns !== null) tables.set(id, columns);
  }
  const refused = await shadow.addTables(tables);
  const rows = new Map<NodeId, readonly CompiledColumn[]>();
  for (const unit of wanted.filter(({ syntax }) => syntax?.rowOrigins === true)) {
    for (const id of unit.dependencies) {
      const columns = tables.get(id);
      if (columns !== undefined && !refused.has(id)) rows.set(id, columns);
      else unit.unbound = `it reads the rows of ${id}, which is compiled together with it`;
    }
  }
  if (rows.size > 0) await shadow.addRows(rows);
  if (refused.size === 0) return;
  for (const unit of wanted) {
    const id = unit.dependencies.find((need) => refused.has(need));
    if (id !== undefined) unit.unbound = `the types of ${id} are not DuckDB's`;
  }
}

/** What a failure to bind means: an error of the user's, or only that nothing more can be said. */
function judge(unit: Unit, result: Extract<BindResult, { ok: false }>, units: readonly Unit[], input: CompileInput): MillraceError | null {
  const { failure } = result;
  if (failure === null) {
    unit.unbound = "what it reads could not be compiled";
    return null;
  }
  if (isUnreadableFile(unit, failure)) {
    unit.unbound = failure.message.split("\n")[0]!;
    return null;
  }
  unit.unbound = unit.certain ? "its SQL does not compile" : "its types cannot be known before the first load of its sources";
  if (!unit.certain && !isMissingName(failure)) return null;
  if (unit.isOpen && isMissingColumn(failure)) {
    unit.unbound = "it uses a column that what it reads does not declare";
    return null;
  }
  const byId = new Map(units.map((other) => [other.unit.id, other]));
  const columns = new Map(
    unit.dependencies.map((id) => [id, (byId.get(id)?.columns ?? input.schemas.get(id)?.columns ?? []).map(({ name }) => name)]),
  );
  return bindError(unit.unit, unit.copy, failure, { columns });
}

/** A file that a query reads itself may be made by something else later. */
function isUnreadableFile({ syntax }: Unit, failure: DuckdbFailure): boolean {
  return (syntax?.externals.length ?? 0) > 0 && /^(io|invalid input|http|missing extension|permission)/i.test(failure.type);
}

/** DuckDB names the second of two equal columns `name_1`: only where such a name came out is the query asked for its own names. */
async function nameTwice(unit: Unit, shadow: ShadowCatalogue): Promise<MillraceError | null> {
  if (unit.role === "query") return null;
  const names = new Set(unit.columns!.map(({ name }) => name.toLowerCase()));
  const suspicious = [...names].some((name) => /_\d+$/.test(name) && names.has(name.replace(/_\d+$/, "")));
  if (!suspicious) return null;
  const output = (await shadow.outputNames(unit.copy.text)).map((name) => name.toLowerCase());
  const twice = output.find((name, index) => output.indexOf(name) !== index);
  if (twice === undefined) return null;
  return new MillraceError({
    code: "MR2013",
    message: `${unit.unit.id}: two columns are called "${twice}"`,
    hint: `rename one with \`as\`, or leave it out: * exclude (${twice})`,
    location: locate(unit.unit, firstWord(unit.unit.sql)),
  });
}

function remember(units: readonly Unit[], input: CompileInput): void {
  for (const { key, columns, lineage, fingerprint, unbound } of units) {
    if (key === null || columns === null || unbound !== null) continue;
    input.cache?.put(`bound ${key}`, { columns } satisfies Bound);
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
