// `millrace lineage ASSET[.COLUMN] --impact`: what a change of an asset or a column reaches, and what would break without it.
//   I1. Nothing that can be reached is left out: where only tables are known, whatever reads is reached.
//   I2. Rows that change change everything that is read from them.
import type { ImpactAnswer, ImpactAsset, ImpactCheck, ImpactEffect, ImpactTest } from "../model/lineage-answers.ts";
import type { NodeId } from "../model/graph.ts";
import { reach } from "./graph.ts";
import { isInside, LineageFlow, type LineageInput, type Place, type Step } from "./lineage-flow.ts";

/** A check as far as its reach goes. */
export interface ReachedCheck {
  readonly name: string;
  readonly severity: string;
  readonly columns: readonly string[];
  /** Other assets that it reads. */
  readonly needs: readonly NodeId[];
  /** Its columns are all that it reads of its asset. */
  readonly isExact: boolean;
}

/** A unit test as far as its reach goes: the columns that it writes per asset. */
export interface ReachedTest {
  readonly name: string;
  readonly model: NodeId;
  readonly file: string;
  readonly columns: ReadonlyMap<NodeId, ReadonlySet<string>>;
}

export interface ImpactInput extends LineageInput {
  readonly checks: ReadonlyMap<NodeId, readonly ReachedCheck[]>;
  readonly tests: readonly ReachedTest[];
}

interface Reached {
  readonly columns: Map<string, { readonly step: Step; readonly from: Place }>;
  rows: boolean;
  isDirect: boolean;
}

/** @throws MR2020 when there is no such asset or column. */
export function impactAnswer(input: ImpactInput, target: string): ImpactAnswer {
  const flow = new LineageFlow(input);
  const { asset, path } = flow.find(target);
  const { graph } = input;
  const hops = reach(asset, graph.dependents, Number.POSITIVE_INFINITY);
  const reached = new Map<NodeId, Reached>();
  // Whoever needs comes after what it needs, so one pass is enough.
  for (const id of graph.order) {
    if (!hops.has(id)) continue;
    const found = reachedAt(flow, id, { asset, path, reached });
    if (found !== null) reached.set(id, found);
  }
  const assets = [...reached].map(([id, found]) => impactOn(input, id, found, hops.get(id)!));
  const changed = new Set([asset, ...reached.keys()]);
  const tests = input.tests.filter(({ model }) => changed.has(model)).map((test) => testOn(test, asset, path));
  const checks = (input.checks.get(asset) ?? []).filter((check) => path === null || readsColumn(check, path)).map(checkOf);
  const sorted = assets.toSorted((a, b) => a.hops - b.hops || (a.asset < b.asset ? -1 : 1));
  return {
    asset,
    column: path,
    assets: sorted,
    checks,
    tests,
    totals: {
      assets: sorted.length,
      breaks: sorted.filter(({ effect }) => effect === "breaks").length,
      exports: sorted.filter(({ kind }) => kind === "export").length,
      checks: checks.length + sorted.reduce((sum, each) => sum + each.checks.length, 0),
      tests: tests.length,
      owners: [...new Set(sorted.flatMap(({ owner }) => (owner === null ? [] : [owner])))].toSorted(),
    },
  };
}

interface Change {
  readonly asset: NodeId;
  readonly path: string | null;
  readonly reached: ReadonlyMap<NodeId, Reached>;
}

function reachedAt(flow: LineageFlow, id: NodeId, { asset, path, reached }: Change): Reached | null {
  const found: Reached = { columns: new Map(), rows: false, isDirect: false };
  const lineage = flow.lineageOf(id);
  const sources = (flow.graph.needs.get(id) ?? []).filter((need) => need === asset || reached.has(need));
  if (sources.length === 0) return null;
  if (lineage === undefined) {
    // I1. What waits for a task or a check of another asset needs it too, and is not made of it.
    const isMade = sources.some((need) => flow.graph.reads.get(id)?.includes(need));
    return isMade ? { ...found, rows: true, isDirect: path === null && sources.includes(asset) } : null;
  }
  const isChanged = ({ asset: from, path: at }: Place): boolean => {
    if (from === asset) return path === null || at === "" || isInside(at, path) || isInside(path, at);
    const above = reached.get(from);
    if (above === undefined) return false;
    return above.rows || at === "" || [...above.columns.keys()].some((column) => isInside(at, column) || isInside(column, at));
  };
  for (const [column, columnSources] of Object.entries(lineage.columns))
    for (const source of columnSources) {
      if (!isChanged(source)) continue;
      const known = found.columns.get(column);
      if (known === undefined || known.step.kind === "condition") found.columns.set(column, { step: source, from: source });
      if (source.asset === asset) found.isDirect = true;
    }
  for (const influence of lineage.influences) {
    if (!isChanged(influence)) continue;
    found.rows = true;
    if (influence.asset === asset) found.isDirect = true;
  }
  // I2. count(*) takes no column, and still changes with the rows.
  if (sources.some((need) => (need === asset ? path === null : reached.get(need)!.rows))) found.rows = true;
  if (path === null && sources.includes(asset)) found.isDirect = true;
  return found.columns.size === 0 && !found.rows ? null : found;
}

function impactOn(input: ImpactInput, id: NodeId, found: Reached, hops: number): ImpactAsset {
  const node = input.graph.nodes.get(id)!;
  const isUnknown = found.columns.size === 0 && (input.lineage.get(id) ?? null) === null && node.kind !== "export";
  const effect: ImpactEffect = found.isDirect ? "breaks" : isUnknown ? "reads" : found.columns.size > 0 ? "values" : "rows";
  const isRead = (check: ReachedCheck): boolean => found.rows || [...found.columns.keys()].some((column) => readsColumn(check, column));
  return {
    asset: id,
    kind: node.kind,
    hops,
    effect,
    rows: found.rows,
    columns: [...found.columns].map(([column, { step, from }]) => ({
      column,
      kind: step.kind,
      from: { asset: from.asset, column: from.path },
    })),
    checks: (input.checks.get(id) ?? []).filter(isRead).map(checkOf),
    owner: node.owner ?? null,
    file: node.file,
  };
}

function readsColumn(check: ReachedCheck, path: string): boolean {
  return !check.isExact || check.columns.some((column) => isInside(path.toLowerCase(), column.toLowerCase()));
}

function checkOf({ name, severity }: ReachedCheck): ImpactCheck {
  return { check: name, severity };
}

function testOn({ name, model, file, columns }: ReachedTest, asset: NodeId, path: string | null): ImpactTest {
  const own = columns.get(asset);
  const isNamed = own !== undefined && (path === null || [...own].some((column) => isInside(path.toLowerCase(), column.toLowerCase())));
  return { test: name, model, file, names: isNamed };
}
