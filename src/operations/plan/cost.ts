// What building took lately: rows, seconds and bytes of what a plan builds, from the ledger and the history of runs. An estimate, never a promise.
import type { CostAnswer } from "../../model/change-answers.ts";
import type { NodeId } from "../../model/graph.ts";
import type { PlanNode } from "../../model/plan.ts";
import { splitNodeId } from "../../model/partition.ts";
import { estimates } from "../../sql/ledger/partitions.ts";
import { physicalTable, readLive } from "../../sql/ledger/publish.ts";
import type { Session } from "../../sql/session.ts";
import { literal } from "../../sql/text.ts";
import { expectedSeconds, readAssets } from "../../views/assets.ts";
import type { Workspace } from "../workspace.ts";

/** Tables whose size is asked for: each costs a look at its segments. */
const TABLES_ASKED_MAX = 200;
const BLOCK_BYTES = 262_144;
/** Columns of small tables share blocks: below so many blocks a column their number says little. */
const BLOCKS_PER_COLUMN_MIN = 2;
const CELL_BYTES = 8;

export interface Cost {
  readonly nodes: readonly CostAnswer[];
  readonly total: Omit<CostAnswer, "asset">;
}

export async function costOf(workspace: Workspace, nodes: readonly PlanNode[]): Promise<Cost> {
  const builds = new Map<NodeId, number>();
  for (const { id, action, partition, kind } of nodes) {
    const asset = partition === undefined ? id : splitNodeId(id).asset;
    if (action === "build" && kind !== "task") builds.set(asset, (builds.get(asset) ?? 0) + (partition === undefined ? 0 : 1));
  }
  if (builds.size === 0) return { nodes: [], total: { rows: null, seconds: null, bytes: null } };
  const [warehouse, store] = [await workspace.warehouse(), await workspace.store()];
  const history = await readAssets(store);
  const { live, parts, files } = await warehouse.session(async (session) => ({
    live: await readLive(session),
    parts: await estimates(session),
    files: await lastFileBytes(session),
  }));
  const answers: CostAnswer[] = [];
  for (const [asset, partitions] of builds) {
    const version = live.get(asset);
    const part = partitions > 0 ? parts.get(asset) : undefined;
    const seconds = part === undefined ? expectedSeconds(history.get(asset)) : part.seconds * partitions;
    const rows = part === undefined ? (version?.rows ?? history.get(asset)?.rows?.loaded ?? null) : Math.round(part.rows * partitions);
    const physical = version?.physical ?? null;
    const isAsked = physical !== null && answers.length < TABLES_ASKED_MAX;
    const whole = isAsked ? await warehouse.session((session) => tableBytes(session, physical, version!)) : null;
    const share = part === undefined || version?.rows == null || version.rows === 0 ? 1 : Math.min(1, (rows ?? 0) / version.rows);
    answers.push({ asset, rows, seconds, bytes: files.get(asset) ?? (whole === null ? null : Math.round(whole * share)) });
  }
  return { nodes: answers, total: { rows: sum(answers, "rows"), seconds: sum(answers, "seconds"), bytes: sum(answers, "bytes") } };
}

function sum(answers: readonly CostAnswer[], field: "rows" | "seconds" | "bytes"): number | null {
  const known = answers.flatMap((answer) => answer[field] ?? []);
  return known.length === 0 ? null : known.reduce((total, each) => total + each, 0);
}

/** Bytes of the files of each source's last load. */
async function lastFileBytes(session: Session): Promise<ReadonlyMap<NodeId, number>> {
  const rows = await session.rows<{ asset: string; bytes: number }>(
    `select f.asset, sum(f.size)::bigint as bytes from _millrace.files f
     join (select asset, max_by(load, "at") as load from _millrace.loads where rows_read > 0 group by asset) l on l.asset = f.asset and l.load = f.load
     group by f.asset having sum(f.size) is not null`,
  );
  return new Map(rows.map(({ asset, bytes }) => [asset, bytes]));
}

/** Of its blocks on disk; where columns share blocks, of its cells. */
async function tableBytes(
  session: Session,
  physical: string,
  { rows, columns }: { readonly rows: number | null; readonly columns: readonly unknown[] },
): Promise<number | null> {
  const found = await session
    .row<{ blocks: number }>(
      `select count(distinct block_id) as blocks from pragma_storage_info(${literal(physicalTable(physical))}) where block_id >= 0`,
    )
    .catch(() => undefined); // a table that went away meanwhile has no size
  if (found === undefined) return null;
  const cells = (rows ?? 0) * columns.length * CELL_BYTES;
  return found.blocks < columns.length * BLOCKS_PER_COLUMN_MIN
    ? Math.min(cells, found.blocks * BLOCK_BYTES || cells)
    : found.blocks * BLOCK_BYTES;
}
