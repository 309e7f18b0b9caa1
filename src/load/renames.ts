// Proposals of renamed columns for a load: columns that are gone against columns that are new, by name and by a sample of their values.
import { physicalTable } from "../sql/ledger/publish.ts";
import type { Session } from "../sql/session.ts";
import { ident } from "../sql/text.ts";
import { proposeRenames, type ColumnProfile } from "../schemas/renames.ts";
import type { ColumnPlan, CommittedColumn, StagedColumn } from "./columns.ts";
import type { Stage } from "./staged.ts";

/** Rows and different values that a profile looks at. */
const SAMPLE_ROWS = 20_000;
const SAMPLE_VALUES = 1_000;
/** More columns that come and go at once are another table, not renames. */
const COLUMNS_MAX = 20;

export interface RenameRequest {
  readonly committed: readonly CommittedColumn[] | null;
  readonly physical: string | null;
  readonly stages: readonly Stage[];
  readonly plan: ColumnPlan;
}

/** Sentences for people, and rows of `_millrace.changes`. */
export async function renameNotes(session: Session, request: RenameRequest): Promise<Pick<ColumnPlan, "notes" | "warnings">> {
  const { committed, physical, plan } = request;
  const gone = plan.changes.filter(({ change }) => change === "missing" || change === "removed").map(({ column }) => column);
  const added = newColumns(request);
  if (committed === null || gone.length === 0 || added.length === 0 || gone.length > COLUMNS_MAX || added.length > COLUMNS_MAX)
    return { notes: [], warnings: [] };
  const before: ColumnProfile[] = [];
  for (const name of gone) {
    const type = committed.find((column) => column.name === name)?.type ?? "VARCHAR";
    before.push(
      physical === null ? unknown(name, type) : await profile(session, { name, type, table: physicalTable(physical), column: name }),
    );
  }
  const after: ColumnProfile[] = [];
  for (const { name, stage, column } of added)
    after.push(await profile(session, { name, type: column.type, table: stage.table, column: column.name }));
  const overlaps = new Map<string, number>();
  if (physical !== null) {
    for (const from of gone)
      for (const { name, stage, column } of added)
        overlaps.set(
          `${from}\0${name}`,
          await overlapOf(session, { old: [physicalTable(physical), from], now: [stage.table, column.name] }),
        );
  }
  const proposals = proposeRenames(before, after, (from, to) => overlaps.get(`${from}\0${to}`) ?? null);
  const told = proposals.map(({ from, to, why }) => {
    const label = added.find(({ name }) => name === to)?.column.label.trim() ?? to;
    const detail = `${JSON.stringify(label)} may be ${from} under another name: ${why}; to say so: columns: { ${from}: { from: ${JSON.stringify(label)} } }`;
    return { column: from, rule: "renameProposed", values: 0, detail };
  });
  return { notes: told, warnings: told.map(({ detail }) => detail) };
}

interface Added {
  readonly name: string;
  readonly stage: Stage;
  readonly column: StagedColumn;
}

function newColumns({ plan, stages }: RenameRequest): readonly Added[] {
  const names = new Set(plan.changes.filter(({ change }) => change === "added").map(({ column }) => column));
  const found: Added[] = [];
  for (const { name, sources } of plan.columns) {
    const index = sources.findIndex((source) => source.kind !== "missing");
    const source = sources[index];
    if (names.has(name) && source !== undefined && source.kind !== "missing")
      found.push({ name, stage: stages[index]!, column: source.column });
  }
  for (const { stage, column } of plan.left)
    if (!found.some(({ name }) => name === column.label)) found.push({ name: column.label, stage: stages[stage]!, column });
  return found;
}

function unknown(name: string, type: string): ColumnProfile {
  return { name, type, emptyShare: null, distinct: null, rows: null, lengthMean: null };
}

interface ProfileRequest {
  readonly name: string;
  readonly type: string;
  readonly table: string;
  readonly column: string;
}

async function profile(session: Session, { name, type, table, column }: ProfileRequest): Promise<ColumnProfile> {
  const row = await session.row<{ rows: number; filled: number; distinct: number; length: number | null }>(
    `select count(*) as "rows", count(c) as filled, count(distinct c) as "distinct", avg(length(c::varchar)) as length
     from (select ${ident(column)} as c from ${table} limit ${SAMPLE_ROWS})`,
  );
  if (row === undefined || row.rows === 0) return unknown(name, type);
  return { name, type, emptyShare: 1 - row.filled / row.rows, distinct: row.distinct, rows: row.rows, lengthMean: row.length };
}

/** The share of the new column's values that the old one has. */
async function overlapOf(session: Session, { old, now }: Readonly<Record<"old" | "now", readonly [string, string]>>): Promise<number> {
  const values = ([table, column]: readonly [string, string], limit: string): string =>
    `select distinct ${ident(column)}::varchar as v from ${table} where ${ident(column)} is not null${limit}`;
  const row = await session.row<{ share: number | null }>(
    `select count(*) filter (where v in (${values(old, "")}))::double / nullif(count(*), 0) as share from (${values(now, ` limit ${SAMPLE_VALUES}`)})`,
  );
  return row?.share ?? 0;
}
