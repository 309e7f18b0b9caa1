// The versions of an asset, how each came from the one before, and which of them readers can be given again.
//   V1. A version stands when it is a view, or its table is there.
//   V2. A version whose table was changed in place is made again from a later one that stands: each step between takes its own rows out and puts back
//       what it took. It can be when every step's rows are there.
import type { JsonValue } from "../model/answers.ts";
import { environmentOfKey } from "../model/environment.ts";
import { DATA_SCHEMA } from "../sql/ledger/ledger.ts";
import type { Session } from "../sql/session.ts";

export interface Step {
  readonly version: string;
  /** The version it followed; null for the first. */
  readonly previous: string | null;
  readonly load: string | null;
  readonly run: string;
  readonly continues: boolean;
  readonly inPlace: boolean;
  readonly undo: string | null;
  readonly closedAt: string | null;
  readonly replaced: readonly string[];
  readonly cursor: StepCursor | null;
  readonly at: string;
}

/** A row of `_millrace.cursors` as it was. */
export interface StepCursor {
  readonly column_name: string | null;
  readonly type: string | null;
  readonly value: string | null;
  readonly position: JsonValue;
}

export interface AssetVersion {
  readonly version: string;
  readonly kind: "table" | "view" | "share" | "remote";
  readonly physical: string | null;
  readonly rows: number | null;
  readonly run: string;
  readonly load: string | null;
  readonly at: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly hidden: readonly string[];
  readonly viewSql: string | null;
}

export interface AssetVersions {
  /** The version readers see; null for an asset that was never built. */
  readonly live: string | null;
  /** Newest first. */
  readonly versions: readonly AssetVersion[];
  /** The newest step to each version. */
  readonly steps: ReadonlyMap<string, Step>;
  /** Physical tables that are there. */
  readonly tables: ReadonlySet<string>;
  /** Versions that stand on the server of another engine. */
  readonly remotes: ReadonlySet<string>;
}

interface VersionRow {
  readonly version: string;
  readonly kind: AssetVersion["kind"];
  readonly physical: string | null;
  readonly rows: number | null;
  readonly run: string;
  readonly load: string | null;
  readonly at: string;
  readonly columns: string;
  readonly hidden: string;
  readonly view_sql: string | null;
}

interface StepRow extends Omit<Step, "inPlace" | "closedAt" | "replaced" | "cursor"> {
  readonly in_place: boolean;
  readonly closed_at: string | null;
  readonly replaced: string;
  readonly cursor: string | null;
}

export async function readVersions(session: Session, asset: string): Promise<AssetVersions> {
  const live = await session.row<{ version: string }>("select version from _millrace.environments where environment = $1 and asset = $2", [
    environmentOfKey(asset),
    asset,
  ]);
  const versions = await session.rows<VersionRow>(
    `select version, kind, physical, "rows", run, load, "at", columns, hidden, view_sql from _millrace.versions where asset = $1 order by "at" desc, version`,
    [asset],
  );
  const steps = await session.rows<StepRow>(
    `select version, previous, load, run, continues, in_place, undo, closed_at::varchar as closed_at, replaced, cursor, "at"
     from _millrace.steps where asset = $1 order by "at"`,
    [asset],
  );
  const tables = await session.rows<{ name: string }>(
    `select table_name as name from duckdb_tables() where schema_name = '${DATA_SCHEMA}' and database_name = current_database()`,
  );
  const remotes = await session.rows<{ version: string }>("select version from _millrace.remotes where asset = $1", [asset]);
  return {
    live: live?.version ?? null,
    remotes: new Set(remotes.map(({ version }) => version)),
    versions: versions.map(({ view_sql: viewSql, columns, hidden, ...row }) => ({
      ...row,
      viewSql,
      columns: JSON.parse(columns) as AssetVersion["columns"],
      hidden: JSON.parse(hidden) as string[],
    })),
    steps: new Map(steps.map((row) => [row.version, stepOf(row)])),
    tables: new Set(tables.map(({ name }) => name)),
  };
}

function stepOf({ in_place: inPlace, closed_at: closedAt, replaced, cursor, ...row }: StepRow): Step {
  return {
    ...row,
    inPlace,
    closedAt,
    replaced: JSON.parse(replaced) as string[],
    cursor: cursor === null ? null : (JSON.parse(cursor) as StepCursor),
  };
}

/** How a version can be shown again: it stands, or is made again from `base` by taking `steps` back, newest first. */
export type Way = { readonly base: AssetVersion; readonly steps: readonly Step[] };

/** V1, V2; undefined for a version that is gone. */
export function wayTo(known: AssetVersions, version: string): Way | undefined {
  const byId = new Map(known.versions.map((each) => [each.version, each]));
  const target = byId.get(version);
  if (target === undefined || target.kind === "share") return undefined;
  if (stands(known, target)) return { base: target, steps: [] };
  let best: Way | undefined;
  for (const base of known.versions) {
    if (base.kind !== "table" || !stands(known, base)) continue;
    const steps = stepsBack(known, base.version, version);
    if (steps !== undefined && (best === undefined || steps.length < best.steps.length)) best = { base, steps };
  }
  return best;
}

function stands({ tables, remotes }: AssetVersions, { kind, version, physical, viewSql }: AssetVersion): boolean {
  if (kind === "remote") return remotes.has(version);
  return kind === "view" ? viewSql !== null : physical !== null && tables.has(physical);
}

function stepsBack({ steps, tables }: AssetVersions, from: string, to: string): readonly Step[] | undefined {
  const back: Step[] = [];
  const seen = new Set<string>();
  for (let at: string | null = from; at !== to;) {
    if (at === null || seen.has(at)) return undefined;
    seen.add(at);
    const step = steps.get(at);
    if (step === undefined || !step.inPlace || (step.undo !== null && !tables.has(step.undo))) return undefined;
    back.push(step);
    at = step.previous;
  }
  return back;
}

/** The steps whose loads together hold what a version holds, oldest first; undefined where the ledger does not know them all. */
export function pathOf({ steps }: AssetVersions, version: string): readonly Step[] | undefined {
  const path: Step[] = [];
  const seen = new Set<string>();
  for (let at: string | null = version; at !== null;) {
    const step = steps.get(at);
    if (step === undefined || seen.has(at)) return undefined;
    seen.add(at);
    path.unshift(step);
    if (!step.continues) return path;
    at = step.previous;
  }
  return undefined;
}
