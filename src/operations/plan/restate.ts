// `--restate ASSET --from --to`: intervals or partitions that are made again whatever they are, and what stands on them; `--forward-only`: code that
// changed is for what is new, and what is there stays. Both hold for the environment that asked.
import { randomInt } from "node:crypto";
import { runId } from "../../engine/run-id.ts";
import { ledgerAsset, PROD } from "../../model/environment.ts";
import { MillraceError } from "../../model/errors.ts";
import type { NodeId, ProjectNode } from "../../model/graph.ts";
import { incrementalOf, startMs } from "../../model/incremental.ts";
import { isSameCode } from "../../model/code-hash.ts";
import { nearest } from "../../model/suggest.ts";
import type { PartitionWorld } from "../../plan/partitions/status.ts";
import type { Environment } from "../../project/environment.ts";
import { noteKept } from "../../sql/environments/kept.ts";
import { takeOver } from "../../sql/ledger/begun.ts";
import { forgetIntervals } from "../../sql/ledger/forget-intervals.ts";
import { type LiveVersion, readLiveVersion } from "../../sql/ledger/publish.ts";
import type { Transaction } from "../../sql/session.ts";
import { backfillWish } from "../backfill/wish.ts";
import type { Workspace } from "../workspace.ts";

export interface Restatement {
  readonly asset: string;
  readonly from: string;
  /** The last one, included; default: the one of `from`. */
  readonly to?: string;
}

/** What is done before the work begins. */
export interface Beginning {
  readonly forget?: {
    readonly asset: NodeId;
    readonly unit: "hour" | "day" | "week" | "month";
    readonly fromMs: number;
    readonly toMs: number;
  };
  /** Partitioned assets whose partitions stay as they are. */
  readonly accept?: ReadonlyMap<NodeId, string>;
}

interface Restating {
  readonly restate?: Restatement;
  readonly job?: string;
  readonly select?: string;
  readonly backfill?: object;
}

export interface Restated<Request> extends Beginning {
  readonly request: Request;
  /** Why a model is built although nothing changed. */
  readonly reasons: ReadonlyMap<NodeId, string>;
}

/** The request with what the restatement asks for. @throws MR6102, MR8202, MR8814 */
export function restated<Request extends Restating>(nodes: readonly ProjectNode[], request: Request): Restated<Request> {
  const { restate } = request;
  if (restate === undefined) return { request, reasons: new Map() };
  const node = nodeNamed(nodes, restate.asset);
  const asset = node.id;
  const { from, to = from } = restate;
  const select = request.select ?? (request.job === undefined ? `${asset}+` : undefined);
  const reasons = new Map([[asset, `${from} to ${to} is restated`]]);
  const common = { ...request, ...(select === undefined ? {} : { select }) };
  if (node.partitioning !== undefined) {
    const wish = backfillWish(asset, { from, to, statuses: [] });
    return { request: { ...common, backfill: { ...request.backfill, wish } }, reasons };
  }
  const { unit } = incrementalByTime(node, asset);
  const [fromMs, toMs] = [startMs(from), startMs(to)];
  if (Number.isNaN(fromMs) || Number.isNaN(toMs) || fromMs > toMs)
    throw new MillraceError({
      code: "MR8814",
      message: `${from}..${to} is no range of time`,
      hint: "--from 2026-01-01 --to 2026-01-31; the last one is included",
    });
  return { request: common, reasons, forget: { asset, unit, fromMs, toMs } };
}

function nodeNamed(nodes: readonly ProjectNode[], name: string): ProjectNode {
  const found = nodes.find(({ id }) => id.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  const near = nearest(
    name,
    nodes.map(({ id }) => id),
  );
  const hint = near.length === 0 ? "`millrace ls` lists them" : `did you mean ${near.join(" or ")}?`;
  throw new MillraceError({ code: "MR6102", message: `there is no asset ${name}`, hint });
}

function incrementalByTime(node: ProjectNode, asset: NodeId): { readonly unit: "hour" | "day" | "week" | "month" } {
  const how = node.kind === "model" && node.spec.materialize === "incremental" ? incrementalOf(node.spec) : undefined;
  if (how?.mode === "time") return how;
  const why = how === undefined ? "has neither partitions nor intervals" : "is kept by key: it has no intervals";
  throw new MillraceError({ code: "MR8814", message: `${asset} ${why}`, hint: `millrace run --full-refresh --select ${asset}` });
}

/** Partitions that were made by other code count as made by this. */
export function acceptedWorld(world: PartitionWorld | undefined): {
  readonly world: PartitionWorld | undefined;
  readonly accept: ReadonlyMap<NodeId, string>;
} {
  const accept = new Map<NodeId, string>();
  if (world === undefined) return { world, accept };
  const assets = new Map(
    [...world.assets].map(([id, asset]) => {
      const isOther = [...asset.ledger.values()].some(({ codeHash }) => !isSameCode(codeHash, asset.codeHash));
      if (!isOther) return [id, asset] as const;
      accept.set(id, asset.codeHash);
      return [
        id,
        { ...asset, ledger: new Map([...asset.ledger].map(([key, each]) => [key, { ...each, codeHash: asset.codeHash }])) },
      ] as const;
    }),
  );
  return { world: { ...world, assets, whole: (id) => world.whole(id) }, accept };
}

/** Models that changed and are neither incremental nor partitioned: forward-only has no meaning for them. */
export function builtWhole(
  nodes: Iterable<ProjectNode>,
  live: ReadonlyMap<NodeId, LiveVersion>,
): readonly { readonly asset: NodeId; readonly message: string }[] {
  return [...nodes].flatMap((node) => {
    const version = live.get(node.id);
    if (node.kind !== "model" || version === undefined || isSameCode(version.codeHash, node.codeHash)) return [];
    if (node.partitioning !== undefined || node.spec.materialize === "incremental") return [];
    return [{ asset: node.id, message: "is built as a whole: it has no intervals that could stay" }];
  });
}

/** Called when a run is about to start. */
export async function beginWork(workspace: Workspace, { forget, accept = new Map() }: Beginning): Promise<void> {
  if (forget === undefined && accept.size === 0) return;
  const place = await workspace.environment();
  const warehouse = await workspace.commonWarehouse();
  await warehouse.transaction(async (tx) => {
    for (const [asset, codeHash] of accept)
      await tx.run("update _millrace.partitions set code_hash = $2 where asset = $1", [(await ownRows(tx, asset, place)).key, codeHash]);
    if (forget === undefined) return;
    const { asset, ...range } = forget;
    const { key, version, theirs } = await ownRows(tx, asset, place);
    if (version !== undefined) await forgetIntervals(tx, { asset: key, version, ...range });
    if (place.name !== PROD && theirs !== undefined) await noteKept(tx, { environment: place.name, asset, version: theirs.version });
  });
}

interface OwnRows {
  /** The ledger's. */
  readonly key: string;
  /** Undefined where there is none yet. */
  readonly version: string | undefined;
  /** What prod has. */
  readonly theirs: LiveVersion | undefined;
}

/** What the environment has of its own; where that is nothing, it begins with a copy of what prod has. */
async function ownRows(tx: Transaction, asset: NodeId, { name, kind }: Pick<Environment, "name" | "kind">): Promise<OwnRows> {
  const key = ledgerAsset(asset, name);
  const theirs = await readLiveVersion(tx, asset, PROD);
  const own = await readLiveVersion(tx, key);
  if (own !== undefined || theirs?.physical == null || name === PROD || kind === "e2e") return { key, version: own?.version, theirs };
  const load = runId(Date.now(), () => randomInt(2 ** 32) / 2 ** 32);
  const { version } = await takeOver(tx, { key, from: theirs, token: { run: load, node: asset, attempt: 1 }, load });
  return { key, version, theirs };
}
