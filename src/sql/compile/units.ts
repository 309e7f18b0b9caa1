// The queries of a compilation while it goes on: what is known of each so far, and why one cannot be bound.
import type { NodeId } from "../../model/graph.ts";
import type { QueryFingerprint } from "../../model/fingerprint.ts";
import type { AssetLineage } from "../../model/lineage.ts";
import { MillraceError } from "../../model/errors.ts";
import { cycleMessage, orderByNeeds } from "../../model/order.ts";
import { type KnownMacro, type Macros, withMacros } from "./macros.ts";
import { type AssetNames, resolveNames } from "./names.ts";
import type { CompiledColumn, CompileInput } from "./types.ts";
import { locate, offsetOfByte, type SqlUnit } from "./errors.ts";
import { type AnalysisCopy, analysisCopy } from "../syntax/copy.ts";
import { hashOf } from "../syntax/tree.ts";
import type { QuerySyntax, SyntaxResult } from "../syntax/syntax.ts";

export interface Unit {
  readonly unit: SqlUnit;
  readonly role: "model" | "query";
  readonly syntax: QuerySyntax | null;
  readonly dependencies: readonly NodeId[];
  readonly copy: AnalysisCopy;
  /** Those that it calls, each behind what it calls itself. */
  readonly macros: readonly KnownMacro[];
  /** Hash of everything its columns and lineage follow from; null when that includes files outside the project. */
  key: string | null;
  columns: readonly CompiledColumn[] | null;
  unbound: string | null;
  certain: boolean;
  /** What it reads may have columns that nobody declared. */
  isOpen: boolean;
  lineage: AssetLineage | null | undefined;
  fingerprint: QueryFingerprint | null | undefined;
}

/** Resolves names, reports what is not there, finds circles and orders: needs first. */
export function prepareUnits(
  input: CompileInput,
  syntaxes: ReadonlyMap<SqlUnit, SyntaxResult>,
  names: AssetNames,
  known: Macros,
): { readonly units: readonly Unit[]; readonly errors: readonly MillraceError[] } {
  const errors: MillraceError[] = [];
  const units = new Map<string, Unit>();
  const add = (unit: SqlUnit, role: Unit["role"]): void => {
    const result = syntaxes.get(unit)!;
    if (!result.ok) errors.push(result.error);
    const macros = result.ok ? known.calledBy(result.syntax.calls) : [];
    const syntax = result.ok ? withMacros(result.syntax, macros) : null;
    const resolved = syntax === null ? null : resolveNames(unit, syntax, names);
    errors.push(...(resolved?.errors ?? []), ...(syntax === null ? [] : refusals(unit, syntax)), ...viewErrors(unit, macros));
    const read = macros.flatMap((macro) => macro.tables.flatMap((table) => names.find(table) ?? []));
    units.set(unit.id, {
      unit,
      role,
      syntax,
      dependencies: read.length === 0 ? (resolved?.dependencies ?? []) : [...new Set([...resolved!.dependencies, ...read])].toSorted(),
      macros,
      copy: analysisCopy(unit.sql, { types: input.paramTypes }),
      key: null,
      columns: null,
      unbound: ownObstacle(syntax, resolved),
      certain: true,
      isOpen: false,
      lineage: undefined,
      fingerprint: undefined,
    });
  };
  for (const { macro, tables } of known.all) errors.push(...resolveNames(macro.unit, { tables }, names).errors);
  for (const model of input.models) add(model, "model");
  const { order, cycles } = orderByNeeds(units.keys(), (id) => units.get(id)!.dependencies);
  for (const cycle of cycles) errors.push(cycleError(cycle, units, names));
  for (const query of input.queries ?? []) add(query, "query");
  const ordered = new Set(order);
  for (const unit of units.values())
    if (unit.role === "model" && !ordered.has(unit.unit.id)) unit.unbound ??= "it depends on itself in a circle";
  const rest = [...units.values()].filter((unit) => !ordered.has(unit.unit.id));
  return { units: [...order.map((id) => units.get(id)!), ...rest], errors };
}

/** A view is read where this process is not: by whoever opens the warehouse. */
function viewErrors(unit: SqlUnit, macros: readonly KnownMacro[]): readonly MillraceError[] {
  const found = macros.find(({ macro }) => macro.isFunction);
  if (found === undefined || unit.spec?.materialize !== "view") return [];
  const at = unit.sql.toLowerCase().indexOf(found.macro.name);
  return [
    new MillraceError({
      code: "MR2042",
      message: `${unit.id}: a view cannot call ${found.macro.unit.id}`,
      hint: "write `materialize: table` in its front matter",
      location: locate(unit, Math.max(0, at)),
    }),
  ];
}

/** What can be read but never be built. */
function refusals(unit: SqlUnit, { dynamicPivotAt, parameters }: QuerySyntax): readonly MillraceError[] {
  const errors: MillraceError[] = [];
  if (dynamicPivotAt !== null) {
    errors.push(
      new MillraceError({
        code: "MR2011",
        message: `${unit.id}: PIVOT without a list of values makes columns that depend on the data`,
        hint: "name the values: pivot t on status in ('open', 'paid') using sum(amount)",
        location: locate(unit, dynamicPivotAt),
      }),
    );
  }
  const [parameter] = parameters;
  if (unit.spec?.materialize === "view" && parameter !== undefined) {
    errors.push(
      new MillraceError({
        code: "MR4605",
        message: `${unit.id}: a view cannot have the parameter $${parameter}`,
        hint: "write `materialize: table` in its front matter",
        location: locate(unit, Math.max(0, unit.sql.indexOf(`$${parameter}`)), parameter.length + 1),
      }),
    );
  }
  return errors;
}

function ownObstacle(syntax: QuerySyntax | null, resolved: ReturnType<typeof resolveNames> | null): string | null {
  if (syntax === null || resolved === null) return "its SQL cannot be read";
  if (resolved.errors.length > 0) return "it reads a table that is not there";
  if (syntax.dynamicPivotAt !== null) return "its columns depend on the data (PIVOT without a list of values)";
  if (resolved.system) return "it reads Millrace's ledger";
  if (syntax.opaque.length > 0) return `what it reads is computed (${syntax.opaque.join(", ")})`;
  const remote = syntax.externals.find(({ what }) => /^[a-z][a-z0-9+]*:\/\//i.test(what));
  if (remote !== undefined) return `it reads ${remote.what}, which is not looked at here`;
  return null;
}

/** Fills keys, certainty and obstacles that come from what is read; `sources` are the known schemas. */
export function inheritFromNeeds(units: readonly Unit[], input: CompileInput): void {
  const byId = new Map(units.map((unit) => [unit.unit.id, unit]));
  const sourceKeys = new Map<NodeId, string>();
  for (const unit of units) {
    const keys: string[] = [];
    let tracked = unit.syntax !== null && unit.syntax.externals.length === 0;
    for (const id of unit.dependencies) {
      const model = byId.get(id);
      if (model !== undefined && model.role === "model") {
        if (model.unbound !== null) unit.unbound ??= `${id} could not be compiled`;
        unit.certain &&= model.certain;
        unit.isOpen ||= model.isOpen;
        if (model.key === null) tracked = false;
        else keys.push(id, model.key);
        continue;
      }
      const schema = input.schemas.get(id);
      if (schema === undefined || schema.columns.length === 0) {
        unit.unbound ??= `the columns of ${id} are not known before its first load`;
        tracked = false;
        continue;
      }
      unit.certain &&= schema.certain;
      unit.isOpen ||= schema.isOpen === true;
      let key = sourceKeys.get(id);
      if (key === undefined) sourceKeys.set(id, (key = hashOf(JSON.stringify(schema))));
      keys.push(id, key);
    }
    const { adds = [] } = unit.unit;
    unit.key = tracked
      ? hashOf(
          unit.unit.sql,
          ...unit.macros.map(({ macro }) => macro.hash),
          ...typesOf(unit, input),
          ...adds.map(({ name, type }) => `+${name} ${type}`),
          ...keys,
        )
      : null;
  }
}

function cycleError(cycle: readonly NodeId[], units: ReadonlyMap<NodeId, Unit>, names: AssetNames): MillraceError {
  const first = units.get(cycle[0]!)!;
  const table = first.syntax?.tables.find((reference) => names.find(reference) === cycle[1]);
  return new MillraceError({
    code: "MR2004",
    message: cycleMessage(cycle),
    hint: "move what they share into an asset of its own that both read",
    location: locate(first.unit, table === undefined || table.at < 0 ? 0 : offsetOfByte(first.unit.sql, table.at)),
  });
}

/** Types of its parameters, where they are not texts. */
function typesOf({ copy }: Unit, { paramTypes }: CompileInput): readonly string[] {
  return copy.parameters.flatMap(({ name }) => {
    const type = name.startsWith("param.") ? paramTypes?.[name.slice("param.".length)] : undefined;
    return type === undefined || type === "VARCHAR" ? [] : [`${name}:${type}`];
  });
}
