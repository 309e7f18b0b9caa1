// Definitions as they were carried out, kept in the ledger beside the versions that were made of them: so that a plan can say what changed since, and where.
import { messageOf } from "../../model/errors.ts";
import { isSameCode } from "../../model/code-hash.ts";
import type { NodeId } from "../../model/graph.ts";
import type { AssetSnapshot, ProjectSnapshot } from "../../plan/changes/snapshot.ts";
import type { LiveVersion } from "../../sql/ledger/publish.ts";
import type { Session } from "../../sql/session.ts";
import type { Warehouse } from "../../sql/warehouse.ts";

/** A definition whose text is longer is kept without it. */
const TEXT_CHARACTERS_MAX = 200_000;
/** Definitions of an asset that are kept. */
const DEFINITIONS_KEPT = 10;

const TABLE = `create table if not exists _millrace.definitions (asset varchar, code_hash varchar, definition json, "at" timestamptz)`;
const NOTED = 'from_json($1, \'[{"asset":"varchar","code":"varchar","definition":"varchar"}]\')';

/** Keeps the definitions that a run is about to carry out. A failure is told and hurts nobody: plans then say less. */
export async function noteDefinitions(
  warehouse: Warehouse,
  snapshot: ProjectSnapshot,
  assets: ReadonlySet<NodeId>,
): Promise<string | null> {
  try {
    const known = await warehouse.session((session) => readRows(session));
    const rows = [...assets].flatMap((id) => {
      const asset = snapshot.assets.get(id);
      if (asset === undefined || asset.code === "") return [];
      const definition = JSON.stringify(stored(asset));
      // A version keeps the code that it was made of: what means the same has the definition of today.
      const same = [...(known.get(id)?.keys() ?? [])].filter((code) => isSameCode(code, asset.code));
      return [...new Set([...same, asset.code])].flatMap((code) =>
        known.get(id)?.get(code) === definition ? [] : [{ asset: id, code, definition }],
      );
    });
    if (rows.length === 0) return null;
    await warehouse.transaction(async (tx) => {
      await tx.run(TABLE);
      const given = [JSON.stringify(rows)];
      await tx.run(
        `delete from _millrace.definitions d using (select unnest(${NOTED}, recursive := true)) n where d.asset = n.asset and d.code_hash = n.code`,
        given,
      );
      await tx.run(
        `insert into _millrace.definitions select asset, code, definition, now() from (select unnest(${NOTED}, recursive := true))`,
        given,
      );
      await tx.run(
        `delete from _millrace.definitions d where d.asset in (select asset from (select unnest(${NOTED}, recursive := true)))
           and (select count(*) from _millrace.definitions o where o.asset = d.asset and o."at" > d."at") >= ${DEFINITIONS_KEPT}
           and not exists (select 1 from _millrace.environments e join _millrace.versions v on v.asset = e.asset and v.version = e.version
                           where v.code_hash = d.code_hash)`,
        given,
      );
    });
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/** The state that readers of an environment see, as far as it is known. `now`: the project's, for what is the same. */
export async function liveSnapshot(
  session: Session,
  live: ReadonlyMap<NodeId, LiveVersion>,
  now: ProjectSnapshot,
): Promise<{ readonly snapshot: ProjectSnapshot; readonly unknown: readonly NodeId[] }> {
  const known = await readRows(session);
  const assets = new Map<NodeId, AssetSnapshot>();
  const unknown: NodeId[] = [];
  for (const [id, version] of live) {
    const definition = known.get(id)?.get(version.codeHash);
    const current = now.assets.get(id);
    if (definition !== undefined) assets.set(id, JSON.parse(definition) as AssetSnapshot);
    else if (current !== undefined && isSameCode(current.code, version.codeHash)) assets.set(id, current);
    else {
      if (current !== undefined) unknown.push(id);
      assets.set(id, unknownAsset(id, version, current));
    }
  }
  return { snapshot: { assets, readers: [] }, unknown };
}

function unknownAsset(id: NodeId, version: LiveVersion, current: AssetSnapshot | undefined): AssetSnapshot {
  const needs = Object.keys(version.inputs);
  return {
    id,
    kind: current?.kind ?? (version.kind === "share" ? "export" : needs.length > 0 ? "model" : "source"),
    file: current?.file ?? "",
    code: version.codeHash,
    definition: "unknown",
    columns: version.kind === "share" ? null : version.columns,
    fingerprint: null,
    lineage: null,
    needs,
    settings: null,
    source: null,
  };
}

function stored({ source, ...rest }: AssetSnapshot): AssetSnapshot {
  return { ...rest, source: source !== null && source.text.length > TEXT_CHARACTERS_MAX ? null : source };
}

async function readRows(session: Session): Promise<ReadonlyMap<NodeId, ReadonlyMap<string, string>>> {
  const exists = await session.row(
    "select 1 from duckdb_tables() where schema_name = '_millrace' and table_name = 'definitions' and database_name = current_database()",
  );
  const known = new Map<NodeId, Map<string, string>>();
  if (exists === undefined) return known;
  const rows = await session.rows<{ asset: string; code_hash: string; definition: string }>(
    "select asset, code_hash, definition::varchar as definition from _millrace.definitions",
  );
  for (const { asset, code_hash: code, definition } of rows) {
    const own = known.get(asset) ?? new Map<string, string>();
    known.set(asset, own);
    own.set(code, definition);
  }
  return known;
}
