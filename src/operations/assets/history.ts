// `history`: what happened to an asset, newest first, as the ledger tells it; `check`, which reads the warehouse alone.
import type { ChecksAnswer, HistoryAnswer, JsonValue } from "../../model/answers.ts";
import { auditLive } from "../../load/audit.ts";
import { select } from "../../plan/selection.ts";
import { readLive } from "../../sql/ledger/publish.ts";
import { findAsset } from "./assets.ts";
import { readVersions } from "../../load/versions.ts";
import { checkThere } from "../attempts/engine.ts";
import { literal } from "../../sql/text.ts";
import { cursorOf, partsOf, wrongCursor } from "../cursor.ts";
import { keySeen } from "../environments/keys.ts";
import { defineProject } from "../plan/definitions.ts";
import { engineOf } from "../plan/engines.ts";
import { askedFor, CHANGES_OF_COLUMNS, CHANGES_OF_VALUES, schemaText } from "./history-schema.ts";
import { versionAnswers } from "./rollback.ts";
import type { Workspace } from "../workspace.ts";

/** Events that one answer lists. */
const EVENTS_MAX = 1_000;

const LOADS = `select "at", case when status = 'unchanged' then 'asked' else 'loaded' end as kind, run, rows_loaded as rows,
  mode || case when rows_quarantined > 0 then ', ' || rows_quarantined || ' quarantined' else '' end
       || case when rows_filtered > 0 then ', ' || rows_filtered || ' filtered' else '' end as why,
  json_object('load', load, 'read', rows_read, 'quarantined', rows_quarantined, 'filtered', filtered, 'version', version) as detail
  from _millrace.loads where asset = $1`;
const BUILDS = `select "at", case kind when 'share' then 'shared' else 'built' end as kind, run, rows, null as why,
  json_object('version', version, 'inputs', inputs) as detail
  from _millrace.versions v where asset = $1 and not exists (select 1 from _millrace.loads l where l.asset = v.asset and l.load = v.load)`;
const SCHEMAS = `select "at", 'schema' as kind, run, null::bigint as rows, changes::varchar as why,
  json_object('number', number, 'columns', columns, 'changes', changes) as detail
  from _millrace.schemas where asset = $1`;
const ROLLBACKS = `select "at", 'rolledBack' as kind, null::varchar as run, "by", (select max("rows") from _millrace.versions v where v.asset = r.asset and v.version = to_version) as rows,
  why, json_object('from', from_version, 'version', to_version, 'loadsUndone', loads, 'endedAt', ended_at) as detail
  from _millrace.rollbacks r where asset = $1`;

const DECISIONS = `select "at", case act when 'discard' then 'discarded' when 'accept' then 'accepted' when 'fix' then 'fixed' else 'replayed' end as kind, run, "by", "rows", why,
  json_object('decision', decision, 'ids', ids, 'load', load, 'detail', detail) as detail from _millrace.decisions where asset = $1`;

interface EventRow {
  readonly at: string;
  readonly kind: string;
  readonly run: string | null;
  readonly by: string | null;
  readonly rows: number | null;
  readonly why: string | null;
  readonly detail: string;
  /** Which of those of one moment. */
  readonly place: string;
}

export interface HistoryRequest {
  readonly schema: boolean;
  /** Default: EVENTS_MAX, the most. */
  readonly limit?: number;
  /** `next` of an earlier answer. */
  readonly cursor?: string;
}

/** @throws MR6102, MR7001 */
export async function historyOf(workspace: Workspace, name: string, request: HistoryRequest): Promise<HistoryAnswer> {
  const { schema, limit = EVENTS_MAX, cursor } = request;
  const behind = cursor === undefined ? "" : ` where ${behindEvent(cursor)}`;
  const project = await workspace.project();
  const asset = findAsset(
    project.nodes.map((node) => node.id),
    name,
  );
  const warehouse = await workspace.warehouse();
  const parts = schema ? [SCHEMAS, CHANGES_OF_COLUMNS] : [LOADS, BUILDS, SCHEMAS, CHANGES_OF_VALUES, ROLLBACKS, DECISIONS];
  const [found, known] = await warehouse.session(async (session) => {
    const events = `select null::varchar as "by" where false union all by name ${parts.join("\nunion all by name\n")}`;
    const key = await keySeen(session, asset);
    const placed = `select *, md5(concat_ws('~', kind, run, why, detail::varchar)) as place from (${events})`;
    const found = await session.rows<EventRow>(
      `select * from (${placed})${behind} order by "at" desc, place limit ${Math.min(limit, EVENTS_MAX) + 1}`,
      [key],
    );
    return [found, await readVersions(session, key)] as const;
  });
  const more = found.length > limit ? found[limit - 1] : undefined;
  const rows = found.slice(0, limit);
  const runs = rows.filter(({ kind }) => kind === "schema").map(({ run }) => run);
  const who = await askedFor(workspace, runs);
  return {
    events: rows.map(({ at, kind, run, by, rows: count, why, detail }) => ({
      at,
      kind,
      run,
      by: by ?? who.get((kind === "schema" ? run : null) ?? "") ?? null,
      why: kind === "schema" ? schemaText(JSON.parse(detail) as Parameters<typeof schemaText>[0]) : why,
      rows: count,
      detail: JSON.parse(detail) as JsonValue,
    })),
    versions: schema ? [] : versionAnswers(known),
    next: more === undefined ? null : cursorOf([more.at, more.place]),
  };
}

/** @throws MR7001 */
function behindEvent(cursor: string): string {
  const [at, place] = partsOf(cursor, 2, "a history");
  if (Number.isNaN(Date.parse(at!))) throw wrongCursor("a history");
  return `("at" < ${literal(at!)} or ("at" = ${literal(at!)} and place > ${literal(place!)}))`;
}

/** Runs the checks on what readers see; nothing is moved or published. */
export async function checkAssets(workspace: Workspace, { select: selection }: { readonly select?: string }): Promise<ChecksAnswer> {
  const warehouse = await workspace.warehouse();
  const live = await warehouse.session((session) => readLive(session));
  const { graph, checks } = await defineProject(workspace, { live, lineage: "tables", params: {} });
  const answers: ChecksAnswer["checks"][number][] = [];
  const passedOver: string[] = [];
  for (const id of select(graph, selection)) {
    const own = checks.get(id) ?? [];
    if (own.length === 0) continue;
    if (!live.has(id)) {
      passedOver.push(id);
      continue;
    }
    const use = engineOf(graph.nodes.get(id)!);
    const results =
      use === undefined
        ? await warehouse.session((session) => auditLive(session, id, live.get(id)!.physical, own))
        : await checkThere(workspace, { graph, id, use, checks: own });
    answers.push(
      ...results.map(({ check, status, failing, severity, sample }) => ({ asset: id, check, status, failing, severity, sample })),
    );
  }
  return { checks: answers, passedOver };
}
