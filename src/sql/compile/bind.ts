// Binding: every query that is not known from before against empty tables, and what DuckDB has against it as errors of the user's.
//   B1. Guessed columns (`certain: false`) prove that a name is missing, never that a type does not fit.
import type { NodeId } from "../../model/graph.ts";
import type { MillraceError } from "../../model/errors.ts";
import { addMissing } from "./analysis.ts";
import { nameTwice } from "./column-refusals.ts";
import { bindError, isMissingColumn, isMissingName } from "./bind-errors.ts";
import type { DuckdbFailure } from "./errors.ts";
import type { Macros } from "./macros.ts";
import type { ShadowCatalogue } from "./shadow.ts";
import type { BindResult } from "./shadow-tables.ts";
import type { CompiledColumn, CompileInput } from "./types.ts";
import type { Unit } from "./units.ts";
import { unchangedCopy } from "../syntax/copy.ts";

/** What the cache holds of a query that was bound. */
export interface Bound {
  readonly columns: readonly CompiledColumn[];
}

export function boundKey(key: string): string {
  return `bound ${key}`;
}

/** Binds what is not known from before; answers the errors. */
export async function bindAll(
  units: readonly Unit[],
  input: CompileInput,
  open: () => Promise<ShadowCatalogue>,
): Promise<readonly MillraceError[]> {
  for (const unit of units) {
    if (unit.unbound !== null || unit.key === null) continue;
    unit.columns = (input.cache?.get(boundKey(unit.key)) as Bound | undefined)?.columns ?? null;
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
      if (twice === null) continue;
      errors.push(twice);
      unit.key = null; // it is told again the next time
    } else {
      const error = judge(unit, result, units, input);
      if (error !== null) errors.push(error);
    }
  }
  return errors;
}

/** What DuckDB has against the macros themselves; those that nobody calls are asked now. */
export async function macroErrors(
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
    return [bindError(macro.unit, unchangedCopy(macro.unit.sql), failure, { columns: new Map() })];
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
