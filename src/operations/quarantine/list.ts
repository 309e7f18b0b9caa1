// What is in quarantine: items, groups of them, one in full, and how many by rule and day.
import type { QuarantineAnswer, QuarantineItem, QuarantineTrendAnswer } from "../../model/answers.ts";
import { MillraceError } from "../../model/errors.ts";
import { groupQuarantine, listQuarantine, quarantineTrend, showQuarantine } from "../../load/quarantine.ts";
import { findAsset } from "../assets/assets.ts";
import { keySeen } from "../environments/keys.ts";
import type { Workspace } from "../workspace.ts";

export interface QuarantineListRequest {
  readonly asset?: string;
  readonly rule?: string;
  readonly load?: string;
  /** Default `open`: what waits for a decision. */
  readonly status?: "open" | "all";
  readonly limit: number;
}

/** @throws MR6102 for an asset that is not there. */
export async function quarantineList(workspace: Workspace, { asset, limit, ...filter }: QuarantineListRequest): Promise<QuarantineAnswer> {
  const of: { readonly asset?: string } = asset === undefined ? {} : { asset: await assetNamed(workspace, asset) };
  const warehouse = await workspace.warehouse();
  return warehouse.session(async (session) => {
    const key = of.asset === undefined ? {} : { asset: await keySeen(session, of.asset) };
    return {
      ...(await listQuarantine(session, { ...filter, ...key, limit })),
      groups: await groupQuarantine(session, { ...filter, ...key }),
    };
  });
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
