// Which records a decision is about: ids (of one asset), or an asset and what narrows it.
import { splitLedgerAsset } from "../../model/environment.ts";
import { MillraceError } from "../../model/errors.ts";
import type { ProjectNode } from "../../model/graph.ts";
import type { Warehouse } from "../../sql/warehouse.ts";
import { keyToChange } from "../environments/keys.ts";
import type { Workspace } from "../workspace.ts";
import { assetNamed } from "./list.ts";

export interface Targets {
  readonly asset: string;
  /** Under which the ledger has its records. */
  readonly key: string;
  /** Left out: every open record. */
  readonly ids?: readonly string[];
  readonly node: ProjectNode;
}

/** `named`: ids, or an asset and perhaps ids of it. @throws MR8005, MR8401, MR6102. */
export async function targetsOf(workspace: Workspace, warehouse: Warehouse, named: readonly string[]): Promise<Targets> {
  const ids = named.filter((name) => name.startsWith("q_"));
  const [asset, more] = named.filter((name) => !name.startsWith("q_"));
  if (more !== undefined) throw new MillraceError({ code: "MR7001", message: `one asset at a time: ${asset} or ${more}` });
  const found = asset === undefined ? await assetOf(warehouse, ids) : await assetNamed(workspace, asset);
  const project = await workspace.project();
  const node = project.nodes.find((each) => each.id === found);
  if (node === undefined) throw new MillraceError({ code: "MR6102", message: `${found} is no longer in the project` });
  const key = await warehouse.session((session) => keyToChange(session, found));
  return { asset: found, key, node, ...(ids.length === 0 ? {} : { ids }) };
}

/** What is said when none of the records is open any more. */
export async function nothingOpen(warehouse: Warehouse, { asset, ids }: Pick<Targets, "asset" | "ids">): Promise<MillraceError> {
  if (ids !== undefined) await assetOf(warehouse, ids); // says who was faster
  return new MillraceError({
    code: "MR8401",
    message: `nothing of ${asset} is in quarantine that fits`,
    hint: `millrace quarantine list ${asset}`,
  });
}

async function assetOf(warehouse: Warehouse, ids: readonly string[]): Promise<string> {
  const rows = await warehouse.session((session) =>
    session.rows<{ id: string; asset: string; status: string; by: string | null }>(
      `select id, asset, status, decided_by as by from _millrace.quarantine where list_contains(from_json($1, '["varchar"]'), id)`,
      [JSON.stringify(ids)],
    ),
  );
  const unknown = ids.find((id) => !rows.some((row) => row.id === id));
  if (unknown !== undefined || rows.length === 0)
    throw new MillraceError({
      code: "MR8005",
      message: `nothing in quarantine has the id ${unknown ?? ""}`,
      hint: "`millrace quarantine list` shows the ids",
    });
  const decided = rows.find((row) => row.status !== "open");
  if (decided !== undefined) {
    const { id, asset, status, by } = decided;
    const what = by === null ? status : `${status} by ${by}`;
    throw new MillraceError({ code: "MR8401", message: `${id} is ${what}: nothing is left to decide`, hint: `millrace history ${asset}` });
  }
  const assets = [...new Set(rows.map((row) => row.asset))];
  if (assets.length > 1)
    throw new MillraceError({ code: "MR7001", message: `the ids are of ${assets.join(" and ")}: one asset at a time` });
  return splitLedgerAsset(assets[0]!).asset;
}
