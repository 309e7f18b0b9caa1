// Fingerprints of all models that could be bound: from the cache, or from the plan of the user's text with its parameters named.
import type { NodeId } from "../model/graph.ts";
import type { AssetNames } from "./compile-names.ts";
import { ROWS_SCHEMA, type ShadowCatalogue } from "./compile-shadow.ts";
import type { CompiledColumn, CompileInput } from "./compile-types.ts";
import type { Unit } from "./compile-units.ts";
import { fingerprintOfPlan } from "./fingerprint.ts";
import { analysisCopy } from "./syntax-copy.ts";

export async function fingerprintAll(
  units: readonly Unit[],
  input: CompileInput,
  names: AssetNames,
  open: () => Promise<ShadowCatalogue>,
): Promise<void> {
  for (const unit of units)
    if (unit.key !== null && unit.columns !== null) unit.fingerprint = input.cache?.get(`fingerprint ${unit.key}`) as Unit["fingerprint"];
  const wanted = units.filter((unit) => unit.role === "model" && unit.columns !== null && unit.fingerprint === undefined && isPlain(unit));
  if (wanted.length === 0) return;
  const shadow = await open();
  await addMissing(wanted, units, input, shadow);
  await shadow.addMacros(wanted.flatMap(({ macros }) => macros.map(({ macro }) => macro)));
  const rows = `${ROWS_SCHEMA}.`;
  const assetOf = (table: string): string => names.byKey(table.startsWith(rows) ? table.slice(rows.length) : table) ?? table;
  const types = typesIn(units, input);
  for (const unit of wanted) {
    const { text } = analysisCopy(unit.unit.sql, { parameters: "named", types: input.paramTypes });
    const answer = await shadow.plan(text);
    unit.fingerprint = "plan" in answer ? fingerprintOfPlan(answer.plan, unit.columns!, { assetOf, typeOf: types }) : null;
  }
}

function typesIn(units: readonly Unit[], input: CompileInput): (asset: string, column: string) => string {
  const byId = new Map(units.map((unit) => [unit.unit.id, unit]));
  return (asset, column) =>
    (byId.get(asset)?.columns ?? input.schemas.get(asset)?.columns ?? []).find(({ name }) => name === column)?.type ?? "";
}

/** What reads files itself, or what only running it would tell, is compared by its text. */
function isPlain({ syntax }: Unit): boolean {
  return syntax !== null && syntax.externals.length === 0 && syntax.opaque.length === 0;
}

/** Puts what `wanted` read into the catalogue, where it is not there yet. */
export async function addMissing(
  wanted: readonly Pick<Unit, "dependencies">[],
  units: readonly Unit[],
  input: CompileInput,
  shadow: ShadowCatalogue,
): Promise<void> {
  const present = await shadow.columns();
  const byId = new Map(units.map((unit) => [unit.unit.id, unit]));
  const missing = new Map<NodeId, readonly CompiledColumn[]>();
  for (const id of new Set(wanted.flatMap(({ dependencies }) => dependencies))) {
    const columns = present.has(id) ? undefined : (byId.get(id)?.columns ?? input.schemas.get(id)?.columns);
    if (columns !== undefined && columns !== null) missing.set(id, columns);
  }
  await shadow.addTables(missing);
}
