// What the plans of bound queries tell: fingerprints of models and the lineage of columns, from the cache where they are known.
//   A1. Both are read from one plan where the query has no parameters; no plan is held longer than its query is looked at.
//   A2. DuckDB plans on connections of their own, so that it works on the next query while this thread reads the last one's plan.
import { availableParallelism } from "node:os";
import type { NodeId } from "../../model/graph.ts";
import type { AssetNames } from "./names.ts";
import type { ShadowCatalogue } from "./shadow.ts";
import { stubFiles } from "./stubs.ts";
import type { CompiledColumn, CompileInput } from "./types.ts";
import type { Unit } from "./units.ts";
import { fingerprintOfPlan } from "../fingerprint/fingerprint.ts";
import { ROWS_SCHEMA } from "../ledger/ledger.ts";
import { lineageOfPlan } from "../lineage/lineage.ts";
import type { PlanAnswer } from "./plan-of.ts";
import { analysisCopy } from "../syntax/copy.ts";

type Ask = (text: string) => Promise<PlanAnswer>;

/** More wait for each other. */
const CONNECTIONS_MAX = 4;
/** Below, opening connections takes longer than they save. */
const QUERIES_PER_CONNECTION = 16;

interface Context {
  readonly input: CompileInput;
  readonly shadow: ShadowCatalogue;
  readonly assetOf: (table: string) => string;
  readonly typeOf: (asset: string, column: string) => string;
}

export async function analyseAll(
  units: readonly Unit[],
  input: CompileInput,
  names: AssetNames,
  open: () => Promise<ShadowCatalogue>,
): Promise<void> {
  for (const unit of units) {
    if (unit.key === null || unit.columns === null) continue;
    unit.fingerprint = input.cache?.get(`fingerprint ${unit.key}`) as Unit["fingerprint"];
    // Also when nobody asks for it: the cache forgets what nobody asked for.
    const lineage = input.cache?.get(`lineage ${unit.key}`) as Unit["lineage"];
    if (input.lineage === "columns") unit.lineage = lineage;
  }
  const wanted = units.filter((unit) => wantsFingerprint(unit) || wantsLineage(unit, input));
  if (wanted.length === 0) return;
  const shadow = await open();
  await addMissing(wanted, units, input, shadow);
  await shadow.addMacros(wanted.flatMap(({ macros }) => macros.map(({ macro }) => macro)));
  const rows = `${ROWS_SCHEMA}.`;
  const assetOf = (table: string): string => names.byKey(table.startsWith(rows) ? table.slice(rows.length) : table) ?? table;
  const context: Context = { input, shadow, assetOf, typeOf: typesIn(units, input) };
  const isApart = ({ syntax }: Unit): boolean => (syntax?.externals.length ?? 0) > 0; // files are stood in for by tables of the catalogue
  const queue = wanted.filter((unit) => !isApart(unit)).values();
  const many = Math.min(availableParallelism(), CONNECTIONS_MAX, Math.ceil(wanted.length / QUERIES_PER_CONNECTION));
  const planners = await shadow.planners(many);
  await Promise.all(
    planners.map(async (plan) => {
      for (const unit of queue) await analyse(unit, context, plan);
    }),
  );
  for (const unit of wanted.filter(isApart)) await analyse(unit, context, (text) => shadow.plan(text));
}

async function analyse(unit: Unit, context: Context, plan: Ask): Promise<void> {
  const asked = new Map<string, Promise<PlanAnswer>>();
  const ask: Ask = (text) => {
    const known = asked.get(text) ?? plan(text);
    asked.set(text, known);
    return known;
  };
  if (wantsFingerprint(unit)) {
    const { text } = analysisCopy(unit.unit.sql, { parameters: "named", types: context.input.paramTypes });
    const answer = await ask(text);
    unit.fingerprint = "plan" in answer ? fingerprintOfPlan(answer.plan, unit.columns!, context) : null;
  }
  if (wantsLineage(unit, context.input)) unit.lineage = withAdded(unit, await trace(unit, context, ask));
}

/** What reads files itself, or what only running it would tell, is compared by its text. */
function wantsFingerprint({ role, columns, fingerprint, syntax }: Unit): boolean {
  if (role !== "model" || columns === null || fingerprint !== undefined || syntax === null) return false;
  return syntax.externals.length === 0 && syntax.opaque.length === 0;
}

function wantsLineage({ columns, lineage }: Unit, input: CompileInput): boolean {
  return input.lineage === "columns" && columns !== null && lineage === undefined;
}

function typesIn(units: readonly Unit[], input: CompileInput): Context["typeOf"] {
  const byId = new Map(units.map((unit) => [unit.unit.id, unit]));
  return (asset, column) =>
    (byId.get(asset)?.columns ?? input.schemas.get(asset)?.columns ?? []).find(({ name }) => name === column)?.type ?? "";
}

/** What building adds comes from nothing that the query reads. */
function withAdded({ columns }: Unit, lineage: (Unit["lineage"] & object) | null): NonNullable<Unit["lineage"]> | null {
  if (lineage === null) return null;
  const added = (columns ?? []).filter(({ name }) => lineage.columns[name] === undefined);
  return added.length === 0
    ? lineage
    : { ...lineage, columns: { ...lineage.columns, ...Object.fromEntries(added.map(({ name }) => [name, []])) } };
}

async function trace(unit: Unit, { input, shadow, assetOf }: Context, ask: Ask): Promise<NonNullable<Unit["lineage"]> | null> {
  const own = unit.unit.adds === undefined ? unit.columns!.length : (await shadow.outputNames(unit.copy.text)).length;
  const columns = unit.columns!.slice(0, own).map(({ name }) => name);
  const direct = await ask(analysisCopy(unit.unit.sql, { parameters: "computed", types: input.paramTypes }).text);
  if ("plan" in direct) return lineageOfPlan(direct.plan, columns, assetOf);
  if (unit.copy.parameters.length > 0) {
    // Some places take constants only.
    const folded = await ask(unit.copy.text);
    if ("plan" in folded) return lineageOfPlan(folded.plan, columns, assetOf);
  }
  if ((unit.syntax?.externals.length ?? 0) === 0) return null;
  const stubbed = await stubFiles(shadow, unit.copy.text);
  const plan = stubbed === undefined ? direct : await ask(stubbed.text);
  return "plan" in plan ? lineageOfPlan(plan.plan, columns, (table) => stubbed?.names.get(table) ?? assetOf(table)) : null;
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
