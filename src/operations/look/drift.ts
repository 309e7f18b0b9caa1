// `assets.drift`: how the columns of all assets changed since a time, newest first; what `history --schema` tells of one of them.
import { ledgerAsset, PROD } from "../../model/environment.ts";
import type { DriftAnswer } from "../../model/look-answers.ts";
import { schemaText } from "../assets/history-schema.ts";
import type { Workspace } from "../workspace.ts";

/** Changes that one answer lists. */
const CHANGES_MAX = 200;
/** The first version of a schema is where an asset begins: nothing changed yet. */
const CHANGES = `select asset, "at", run, number, columns, changes from _millrace.schemas
  where number > 1 and epoch_ms("at") >= $1::bigint order by "at" desc limit ${CHANGES_MAX}`;

interface Row {
  readonly asset: string;
  readonly at: string;
  readonly run: string | null;
  readonly number: number;
  readonly columns: string;
  readonly changes: string;
}

export async function driftSince(workspace: Workspace, since: number): Promise<DriftAnswer> {
  const [warehouse, { name: here }, project] = [await workspace.warehouse(), await workspace.environment(), await workspace.project()];
  const rows = await warehouse.session((session) => session.rows<Row>(CHANGES, [since]));
  const assets = new Map(project.nodes.flatMap(({ id }) => [PROD, here].map((place) => [ledgerAsset(id, place), { id, place }] as const)));
  return {
    changes: rows.flatMap(({ asset: key, at, run, number, columns, changes }) => {
      const found = assets.get(key);
      if (found?.place !== here) return [];
      const what = schemaText({ number, columns: JSON.parse(columns) as unknown[], changes: JSON.parse(changes) as [] });
      return [{ asset: found.id, at, run, what: what.replace(/^version \d+: /, "") }];
    }),
  };
}
