// The versions of an asset's schema for `history`: what changed, by which policy, who asked for the run; and what loads did to values.
import { showRun } from "../runs/runs.ts";
import type { Workspace } from "../workspace.ts";

/** A load's rules in one event. */
const CHANGES = `select max("at") as "at", 'values' as kind, run, sum("values")::bigint as rows,
  string_agg(coalesce("column" || ': ', '') || rule || case when "values" > 0 then ' × ' || "values" else '' end || coalesce(' (' || detail || ')', ''), '; ') as why,
  json_group_array(json_object('column', "column", 'rule', rule, 'values', "values", 'sample', sample, 'detail', detail)) as detail
  from _millrace.changes where asset = $1`;
/** What was done to columns without a new version of the schema. */
export const CHANGES_OF_COLUMNS = `${CHANGES} and (rule like 'missingColumn%' or rule like 'newColumn%' or rule like 'typeChange%' or rule like 'nested%' or rule = 'renameProposed') group by load, run`;
export const CHANGES_OF_VALUES = `${CHANGES} group by load, run`;

interface SchemaDetail {
  readonly number: number;
  readonly columns: readonly unknown[];
  readonly changes: readonly { readonly column: string; readonly change: string; readonly detail: string; readonly policy?: string }[];
}

/** `version 2: price widened, BIGINT → DOUBLE (typeChange: widen)`. */
export function schemaText({ number, columns, changes }: SchemaDetail): string {
  const told = changes.map(
    ({ column, change, detail, policy }) => `${column} ${change}, ${detail}${policy === undefined ? "" : ` (${policy})`}`,
  );
  return `version ${number}: ${told.length === 0 ? `${columns.length} columns` : told.join("; ")}`;
}

/** Who or what asked for these runs; a run that is folded away has nobody. */
export async function askedFor(workspace: Workspace, runs: readonly (string | null)[]): Promise<ReadonlyMap<string, string>> {
  const who = new Map<string, string>();
  for (const run of new Set(runs)) {
    if (run === null) continue;
    const found = await showRun(workspace, run).catch(() => undefined); // its events may be folded away
    if (found !== undefined) who.set(run, found.run.asked?.by ?? found.run.asked?.trigger ?? found.run.trigger);
  }
  return who;
}
