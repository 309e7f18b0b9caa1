// What is known of the partitions of a project's assets: their spaces, what the ledger says stands, how their nodes ended last. Everything for all assets is
// read in one query each, so that ten thousand partitions cost one.
import { parseDurationMs } from "../../model/duration.ts";
import { MillraceError } from "../../model/errors.ts";
import type { Mapping } from "../../model/definitions/partition.ts";
import { ledgerAsset, PROD } from "../../model/environment.ts";
import type { NodeId, ProjectNode } from "../../model/graph.ts";
import { escapePart, type Partitioning, splitNodeId } from "../../model/partition.ts";
import type { PlanMapping } from "../../plan/partitions/mapping.ts";
import { type Inherited, keyOf, partsNamed, type Space, spaceOf } from "../../plan/partitions/space.ts";
import type { PartitionedAsset, PartitionWorld, StandingPartition } from "../../plan/partitions/status.ts";
import type { Input } from "../../plan/partitions/tokens.ts";
import type { Graph } from "../../plan/graph.ts";
import type { LiveVersion } from "../../sql/ledger/publish.ts";
import { assetView } from "../../sql/ledger/publish.ts";
import type { Session } from "../../sql/session.ts";
import { ident, literal } from "../../sql/text.ts";
import { cronTicks, noTicks } from "../../project/partition-spaces.ts";
import { parametersOf } from "../../sql/syntax/copy.ts";
import { foldRun } from "../../views/run-fold.ts";
import { readAssets } from "../../views/assets.ts";
import { listRuns } from "../../views/runs.ts";
import { assetsHere } from "../environments/assets.ts";
import type { Workspace } from "../workspace.ts";

/** Values that the query of a dimension may find. */
const VALUES_MAX = 100_000;
/** Runs that are looked into for partitions that are running. */
const RUNNING_RUNS_MAX = 20;

/** Nodes of the graph that have partitions. */
export function partitionedNodes(graph: Graph): readonly (ProjectNode & { readonly partitioning: Partitioning })[] {
  return graph.order.flatMap((id) => {
    const node = graph.nodes.get(id)!;
    return node.partitioning === undefined ? [] : [{ ...node, partitioning: node.partitioning }];
  });
}

/** Spaces without the values that queries find: enough to know the partition of a key. */
export async function spacesOf(graph: Graph): Promise<ReadonlyMap<NodeId, Space>> {
  return spacesWith(graph, () => []);
}

async function spacesWith(
  graph: Graph,
  found: (asset: NodeId, dimension: string) => readonly string[],
): Promise<ReadonlyMap<NodeId, Space>> {
  const nodes = partitionedNodes(graph);
  const hasCron = nodes.some(({ partitioning }) => partitioning.dimensions.some(({ kind }) => kind === "cron"));
  const ticks = hasCron ? await cronTicks() : noTicks;
  return new Map(
    nodes.map(({ id, partitioning }) => [id, spaceOf(id, partitioning, { ticks, found: (dimension) => found(id, dimension) })]),
  );
}

export interface FactsRequest {
  readonly graph: Graph;
  readonly live: ReadonlyMap<NodeId, LiveVersion>;
  readonly nowMs: number;
  /** Assets whose partitions are as prod has them where this environment has none of its own. */
  readonly given: Pick<ReadonlySet<NodeId>, "has">;
  /** Whose ledgers are read; default: all. Tasks have theirs anyway. */
  readonly ledgersOf?: ReadonlySet<NodeId>;
}

/** Under which key of the ledger an asset's partitions stand: what is not taken from prod is built here, whatever prod has of it. */
export async function ledgerKeys(
  workspace: Workspace,
  { live, given }: Pick<FactsRequest, "live" | "given">,
): Promise<(id: NodeId) => string> {
  const { name } = await workspace.environment();
  return (id) => (given.has(id) ? (live.get(id)?.asset ?? id) : ledgerAsset(id, name));
}

/** Undefined where no asset has partitions. @throws MR8201, and what a dimension's query throws. */
export async function partitionWorld(workspace: Workspace, request: FactsRequest): Promise<PartitionWorld | undefined> {
  const { graph, live, nowMs } = request;
  const nodes = partitionedNodes(graph);
  if (nodes.length === 0) return undefined;
  const warehouse = await workspace.warehouse();
  const found = await warehouse.session((session) => foundValues(session, nodes));
  const spaces = await spacesWith(graph, (asset, dimension) => found.get(`${asset}\0${dimension}`) ?? []);
  const keyOfLedger = await ledgerKeys(workspace, request);
  const asked = request.ledgersOf === undefined ? undefined : [...request.ledgersOf].map(keyOfLedger);
  const all = await warehouse.session((session) => readLedgers(session, asked));
  const ledgers = new Map(nodes.flatMap(({ id }) => (all.has(keyOfLedger(id)) ? [[id, all.get(keyOfLedger(id))!] as const] : [])));
  for (const node of nodes) if (node.kind === "task") ledgers.set(node.id, await tasksDone(workspace, node, spaces.get(node.id)!));
  const isRead = (id: NodeId): boolean => asked === undefined || request.ledgersOf?.has(id) === true || ledgers.has(id);
  const outcomes = await readOutcomes(workspace, spaces, async (failed) => {
    const unread = new Map([...failed].filter(([id]) => !isRead(id)));
    const built = await warehouse.session((session) => readBuiltAt(session, unread, keyOfLedger));
    return (id, key) => (isRead(id) ? ledgers.get(id)?.get(key)?.atMs : built(id, key));
  });
  const assets = new Map<NodeId, PartitionedAsset>();
  for (const node of nodes) {
    const inputs = inputsOf(graph, node, spaces);
    const space = spaces.get(node.id)!;
    assets.set(node.id, {
      id: node.id,
      space,
      codeHash: node.codeHash,
      inputs,
      ledger: ledgers.get(node.id) ?? new Map<string, StandingPartition>(),
      outcomes: outcomes.get(node.id) ?? new Map(),
      inherited: await warehouse.session((session) => inheritedOf(session, { space, inputs, assets, live })),
      lookbackMs: lookbackOf(node, nowMs),
    });
  }
  return { assets, nowMs, whole: (asset) => live.get(asset)?.version ?? "none" };
}

/** What an asset reads, with how its partitions belong together. */
export function inputsOf(graph: Graph, node: ProjectNode, spaces: ReadonlyMap<NodeId, Space>): readonly Input[] {
  const mappings = new Map(Object.entries(node.mappings ?? {}).map(([name, mapping]) => [name.toLowerCase(), mapping]));
  return (graph.reads.get(node.id) ?? [])
    .filter((need) => !need.startsWith("task:"))
    .map((asset) => ({ asset, space: spaces.get(asset), mapping: planMapping(mappings.get(asset.toLowerCase())) }));
}

function planMapping(mapping: Mapping | undefined): PlanMapping | undefined {
  if (typeof mapping !== "function") return mapping;
  return ({ key, startMs, endMs, values }) => {
    const start = startMs === null ? null : new Date(startMs);
    const answer = mapping({ key, start, end: endMs === null ? null : new Date(endMs), values });
    return typeof answer === "string" ? [answer] : [...answer];
  };
}

/** Does an asset build partitions in a run that names none? A source without a start is loaded as a whole. */
export function buildsPartitions(node: ProjectNode, asset: PartitionedAsset): boolean {
  const starts = asset.space.domains.every((domain) => domain.kind === "list" || domain.startMs !== null);
  if (starts) return true;
  if (node.kind === "source" || node.kind === "extract") return asset.ledger.size > 0 && asset.inherited.sinceMs !== null;
  if (asset.inherited.sinceMs !== null) return true;
  if (node.kind !== "model") return false;
  const used = parametersOf(node.sql).find((name) => ["partition", "start", "end"].includes(name));
  if (used === undefined) return false;
  throw new MillraceError({
    code: "MR8203",
    message: `${node.id} uses $${used}, and neither it nor what it reads says where its partitions begin`,
    location: { file: node.file, line: 1, column: 1, text: node.text },
  });
}

async function foundValues(session: Session, nodes: ReturnType<typeof partitionedNodes>): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  for (const { id, file, partitioning } of nodes) {
    for (const dimension of partitioning.dimensions) {
      if (dimension.kind !== "query") continue;
      found.set(`${id}\0${dimension.name}`, await valuesFound(session, { id, file, sql: dimension.sql }));
    }
  }
  return found;
}

async function valuesFound(
  session: Session,
  { id, file, sql }: { readonly id: NodeId; readonly file: string; readonly sql: string },
): Promise<readonly string[]> {
  const query = sql.replace(/[\s;]+$/, "");
  try {
    const rows = await session.rows<{ value: string }>(
      `select distinct value::varchar as value from (${query}) q(value) where value is not null order by 1 limit ${VALUES_MAX + 1}`,
    );
    if (rows.length <= VALUES_MAX) return rows.map(({ value }) => escapePart(value));
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    // What it reads may not be there yet: then there are no partitions yet either.
    if (/does not exist/.test(text)) return [];
    throw new MillraceError({
      code: "MR8201",
      message: `${id}: the query of its partitions fails: ${text.split("\n", 1)[0]}`,
      location: { file, line: 1, column: 1 },
      cause: error,
    });
  }
  throw new MillraceError({ code: "MR8204", message: `${id}: the query of its partitions finds more than ${VALUES_MAX} values` });
}

interface Standing extends StandingPartition {
  readonly atMs: number;
}

/** The ledgers of all assets, or of those under some keys, in one query. */
async function readLedgers(
  session: Session,
  keys: readonly string[] | undefined,
): Promise<ReadonlyMap<NodeId, ReadonlyMap<string, Standing>>> {
  if (keys?.length === 0) return new Map();
  const where = keys === undefined ? "" : ` where asset in (${keys.map(literal).join(", ")})`;
  const rows = await session.rows<{
    asset: string;
    partition: string;
    version: string;
    code_hash: string;
    inputs: string;
    quarantined: number;
    at_ms: number;
  }>(`select asset, partition, version, code_hash, inputs, quarantined, epoch_ms("at") as at_ms from _millrace.partitions${where}`);
  const ledgers = new Map<NodeId, Map<string, Standing>>();
  for (const { asset, partition, version, code_hash: codeHash, inputs, quarantined, at_ms: atMs } of rows) {
    const ledger = ledgers.get(asset) ?? new Map<string, Standing>();
    const read = inputs === "{}" ? {} : (JSON.parse(inputs) as Record<string, string>);
    ledger.set(partition, { version, codeHash, inputs: read, quarantined, atMs });
    ledgers.set(asset, ledger);
  }
  return ledgers;
}

/** A task leaves no rows: what its partitions did is known from their runs. */
async function tasksDone(workspace: Workspace, { id, codeHash }: ProjectNode, space: Space): Promise<ReadonlyMap<string, Standing>> {
  const done = new Map<string, Standing>();
  for (const [node, { status, succeededRun, at }] of await assetsHere(workspace)) {
    const { asset, partition } = splitNodeId(node);
    if (asset !== id || partition === null || succeededRun === null || (status !== "succeeded" && status !== "reused")) continue;
    for (const key of keysNamed(space, partition))
      done.set(key, { version: succeededRun, codeHash, inputs: null, quarantined: 0, atMs: Date.parse(at) });
  }
  return done;
}

/** When a partition was built; undefined: it does not stand. */
type BuiltAt = (asset: NodeId, key: string) => number | undefined;

/** For those that are asked, without the rest of their ledgers. */
async function readBuiltAt(
  session: Session,
  asked: ReadonlyMap<NodeId, ReadonlySet<string>>,
  keyOfLedger: (id: NodeId) => string,
): Promise<BuiltAt> {
  const found = new Map<string, number>();
  for (const [id, keys] of asked) {
    const rows = await session.rows<{ partition: string; at_ms: number }>(
      `select partition, epoch_ms("at") as at_ms from _millrace.partitions where asset = $1 and partition in (${[...keys].map(literal).join(", ")})`,
      [keyOfLedger(id)],
    );
    for (const { partition, at_ms: atMs } of rows) found.set(`${id}\0${partition}`, atMs);
  }
  return (asset, key) => found.get(`${asset}\0${key}`);
}

/** Partitions whose last attempt failed and that were not built since, and those that are running now. */
async function readOutcomes(
  workspace: Workspace,
  spaces: ReadonlyMap<NodeId, Space>,
  builtAt: (asked: ReadonlyMap<NodeId, ReadonlySet<string>>) => Promise<BuiltAt>,
): Promise<ReadonlyMap<NodeId, ReadonlyMap<string, "failed" | "running">>> {
  const store = await workspace.store();
  const { name: here } = await workspace.environment();
  const failed = new Map<NodeId, Map<string, number>>();
  for (const { node, at } of (await readAssets(store, { environment: here, status: "failed" })).values())
    for (const [asset, key] of partitionsOf(node, spaces)) failed.set(asset, (failed.get(asset) ?? new Map()).set(key, Date.parse(at)));
  const outcomes = new Map<NodeId, Map<string, "failed" | "running">>();
  const note = (asset: NodeId, key: string, outcome: "failed" | "running"): void => {
    outcomes.set(asset, (outcomes.get(asset) ?? new Map()).set(key, outcome));
  };
  const built = await builtAt(new Map([...failed].map(([asset, keys]) => [asset, new Set(keys.keys())])));
  for (const [asset, keys] of failed) for (const [key, atMs] of keys) if ((built(asset, key) ?? 0) < atMs) note(asset, key, "failed");
  for (const { run, environment = PROD } of await listRuns(store, { limit: RUNNING_RUNS_MAX, status: "running" })) {
    if (environment !== here) continue;
    const fold = foldRun(await store.read(run));
    for (const { node, status } of fold?.nodes() ?? [])
      if (status === "running") for (const [asset, key] of partitionsOf(node, spaces)) note(asset, key, "running");
  }
  return outcomes;
}

/** The partitions that a node is, where it is any. */
function partitionsOf(node: NodeId, spaces: ReadonlyMap<NodeId, Space>): readonly (readonly [asset: NodeId, key: string])[] {
  const { asset, partition } = splitNodeId(node);
  const space = spaces.get(asset);
  return partition === null || space === undefined ? [] : keysNamed(space, partition).map((key) => [asset, key] as const);
}

/** Partitions of a node by its name; none where the definition has changed since. */
function keysNamed(space: Space, name: string): readonly string[] {
  try {
    return partsNamed(space, name).map((parts) => keyOf(space, parts));
  } catch (error) {
    if (error instanceof MillraceError && error.code === "MR8202") return [];
    throw error;
  }
}

interface SinceRequest {
  readonly space: Space;
  readonly inputs: readonly Input[];
  readonly assets: ReadonlyMap<NodeId, PartitionedAsset>;
  readonly live: ReadonlyMap<NodeId, LiveVersion>;
}

/** Where partitions begin and end that do not say it: where those that they read do, else with the first row of these. */
async function inheritedOf(session: Session, { space, inputs, assets, live }: SinceRequest): Promise<Inherited> {
  if (!space.domains.some((domain) => domain.kind === "time" && (domain.startMs === null || domain.endMs === null))) return NOT_INHERITED;
  const starts: number[] = [];
  const ends: (number | null)[] = [];
  for (const { asset, space: up } of inputs) {
    const domain = up?.domains.find((each) => each.kind === "time");
    if (up === undefined || domain?.kind !== "time") continue;
    const above = assets.get(asset)?.inherited ?? NOT_INHERITED;
    ends.push(domain.endMs ?? above.untilMs);
    const known = domain.startMs ?? above.sinceMs;
    if (known !== null) starts.push(known);
    else if (domain.column !== null && live.get(asset)?.columns.some(({ name }) => name === domain.column) === true) {
      const first = await firstMoment(session, asset, domain.column);
      if (first !== null) starts.push(first);
    }
  }
  const known = ends.filter((end) => end !== null);
  return {
    sinceMs: starts.length === 0 ? null : Math.min(...starts),
    untilMs: known.length === 0 || known.length < ends.length ? null : Math.max(...known),
  };
}

const NOT_INHERITED: Inherited = { sinceMs: null, untilMs: null };

async function firstMoment(session: Session, asset: NodeId, column: string): Promise<number | null> {
  const row = await session.row<{ ms: number | null }>(
    `select epoch_ms(min(try_cast(${ident(column)} as timestamp))) as ms from ${assetView(asset)}`,
  );
  return row?.ms ?? null;
}

function lookbackOf(node: ProjectNode, nowMs: number): number | null {
  const text = (node.kind === "source" || node.kind === "extract") && node.spec.lookback !== undefined ? node.spec.lookback : undefined;
  const ms = text === undefined ? undefined : parseDurationMs(text);
  return ms === undefined ? null : nowMs - ms;
}
