// What is in quarantine: items, groups of them, one in full, and how many by rule and day.
import type { QuarantineAnswer, QuarantineItem, QuarantineTrendAnswer } from "../../model/answers.ts";
import { MillraceError } from "../../model/errors.ts";
import { groupQuarantine, listQuarantine, quarantineTrend, showQuarantine } from "../../load/quarantine.ts";
import { findAsset, listAssets } from "../assets/assets.ts";
import { wrongCursor } from "../cursor.ts";
import { keySeen } from "../environments/keys.ts";
import type { Workspace } from "../workspace.ts";

export interface QuarantineListRequest {
  readonly asset?: string;
  readonly rule?: string;
  readonly load?: string;
  /** Default `open`: what waits for a decision. */
  readonly status?: "open" | "all";
  readonly limit: number;
  /** A selection of assets. */
  readonly select?: string;
  /** `next` of an earlier answer. */
  readonly cursor?: string;
}

/** @throws MR6102 for an asset that is not there. */
export async function quarantineList(
  workspace: Workspace,
  { asset, limit, select, cursor, ...filter }: QuarantineListRequest,
): Promise<QuarantineAnswer> {
  const after = cursor === undefined ? {} : { after: placeOf(cursor) };
  const selected = select === undefined ? undefined : (await listAssets(workspace, { select })).assets.map((each) => each.asset);
  const of: { readonly asset?: string } = asset === undefined ? {} : { asset: await assetNamed(workspace, asset) };
  const warehouse = await workspace.warehouse();
  return warehouse.session(async (session) => {
    const assets: string[] = [];
    for (const each of selected ?? []) assets.push(await keySeen(session, each));
    const key = {
      ...(of.asset === undefined ? {} : { asset: await keySeen(session, of.asset) }),
      ...(selected === undefined ? {} : { assets }),
    };
    const { items, total, before } = await listQuarantine(session, { ...filter, ...key, ...after, limit });
    const [place, last] = [before + items.length, items.at(-1)];
    const next = last === undefined || place >= total ? null : `${place}~${last.id}`;
    return { items, total, groups: await groupQuarantine(session, { ...filter, ...key }), next };
  });
}

/** @throws MR7001 for what is none */
function placeOf(cursor: string): { readonly id: string; readonly place: number } {
  const [, place, id] = /^(\d{1,15})~(\w{1,64})$/.exec(cursor) ?? [];
  if (place !== undefined && id !== undefined) return { id, place: Number(place) };
  throw wrongCursor("a list of records");
}

/** @throws MR8005 for an id that is not there. */
export async function quarantineShow(workspace: Workspace, id: string): Promise<QuarantineItem & { readonly row: unknown }> {
  const warehouse = await workspace.warehouse();
  const item = await warehouse.session((session) => showQuarantine(session, id));
  if (item !== undefined) return item;
  throw new MillraceError({
    code: "MR8005",
    message: `nothing in quarantine has the id ${id}`,
    hint: "`millrace quarantine list` shows the ids",
  });
}

export async function trendOfQuarantine(
  workspace: Workspace,
  { asset, days }: { readonly asset?: string; readonly days: number },
): Promise<QuarantineTrendAnswer> {
  const of = asset === undefined ? {} : { asset: await assetNamed(workspace, asset) };
  const warehouse = await workspace.warehouse();
  return { days: await warehouse.session((session) => quarantineTrend(session, { ...of, days })) };
}

export async function assetNamed(workspace: Workspace, name: string): Promise<string> {
  const project = await workspace.project();
  return findAsset(
    project.nodes.filter((node) => node.kind !== "task").map((node) => node.id),
    name,
  );
}
