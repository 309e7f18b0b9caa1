// What the columns of an asset hold: ranges, means, empty and distinct values, the most frequent ones. A large asset is looked at by a sample.
import type { AssetProfileAnswer, ProfileColumn } from "../../model/look-answers.ts";
import { ident } from "../../sql/text.ts";
import type { Session } from "../../sql/session.ts";
import type { Workspace } from "../workspace.ts";
import { type Shown, shownTable } from "./rows.ts";

/** Rows that one profile looks at. */
const SAMPLE_ROWS_MAX = 200_000;
const COLUMNS_MAX = 200;
const FREQUENT_MAX = 6;
const TEXT_MAX = 200;
/** The same rows are looked at each time. */
const SEED = 7;

interface Summary {
  readonly column_name: string;
  readonly column_type: string;
  readonly min: string | null;
  readonly max: string | null;
  readonly approx_unique: number | string | null;
  readonly avg: string | null;
  readonly std: string | null;
  readonly q25: string | null;
  readonly q50: string | null;
  readonly q75: string | null;
  readonly count: number | string;
}

/** @throws MR6102, MR8160 when there is nothing to see. */
export async function profileOf(workspace: Workspace, name: string, now: () => number): Promise<AssetProfileAnswer> {
  const began = now();
  const shown = await shownTable(workspace, name);
  const profile = await shown.warehouse.session(async (session) => {
    await session.run("begin transaction read only");
    try {
      return await measure(session, shown);
    } finally {
      await session.run("rollback");
    }
  });
  return { asset: shown.id, ...profile, seconds: (now() - began) / 1_000 };
}

async function measure(session: Session, { table, columns: all }: Shown): Promise<Omit<AssetProfileAnswer, "asset" | "seconds">> {
  const rows = (await session.row<{ n: number }>(`select count(*) as n from ${table}`))!.n;
  const columns = all.slice(0, COLUMNS_MAX);
  if (columns.length === 0) return { rows, sampled: 0, columns: [], passedOver: 0 };
  const names = columns.map((column) => ident(column.name)).join(", ");
  const sample = rows > SAMPLE_ROWS_MAX ? ` using sample reservoir(${SAMPLE_ROWS_MAX} rows) repeatable (${SEED})` : "";
  const from = `(select ${names} from ${table}${sample})`;
  const summaries = await session.rows<Summary>(`summarize select * from ${from}`);
  const counts = columns
    .map(
      (column, place) =>
        `count(${ident(column.name)}) as n${place}, approx_top_k(${ident(column.name)}::varchar, ${FREQUENT_MAX}) as f${place}`,
    )
    .join(", ");
  const counted = (await session.row<Record<string, unknown>>(`select count(*) as all_rows, ${counts} from ${from}`))!;
  const sampled = Number(counted["all_rows"]);
  const frequent = await frequencies(session, { from, columns, counted });
  return {
    rows,
    sampled,
    passedOver: all.length - columns.length,
    columns: summaries.map((summary, place): ProfileColumn => {
      const filled = Number(counted[`n${place}`]);
      return {
        name: summary.column_name,
        type: summary.column_type,
        min: short(summary.min),
        max: short(summary.max),
        mean: summary.avg,
        deviation: summary.std,
        quarter: summary.q25,
        median: summary.q50,
        threeQuarters: summary.q75,
        distinct: Math.min(Number(summary.approx_unique ?? 0), filled),
        nulls: sampled - filled,
        frequent: frequent[place]!,
      };
    }),
  };
}

interface Counted {
  readonly from: string;
  readonly columns: Shown["columns"];
  readonly counted: Readonly<Record<string, unknown>>;
}

/** How often the candidates stand in the rows that are looked at, column by column in one query. */
async function frequencies(session: Session, { from, columns, counted }: Counted): Promise<ProfileColumn["frequent"][]> {
  const wanted = columns.map((_, place) => candidates(counted[`f${place}`]));
  const parts = wanted.flatMap((values, place) =>
    values.map((value, index) => ({ place, value, name: `c${place}_${index}`, column: ident(columns[place]!.name) })),
  );
  if (parts.length === 0) return wanted.map(() => []);
  const list = parts.map(({ column, name }, index) => `count(*) filter (${column}::varchar = $${index + 1}) as ${name}`).join(", ");
  const row = (await session.row<Record<string, number>>(
    `select ${list} from ${from}`,
    parts.map(({ value }) => value),
  ))!;
  return wanted.map((_, place) =>
    parts
      .filter((part) => part.place === place)
      .map(({ value, name }) => ({ value: short(value)!, rows: Number(row[name]) }))
      .toSorted((a, b) => b.rows - a.rows),
  );
}

function candidates(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((value) => typeof value === "string") : [];
}

function short(text: string | null): string | null {
  return text === null || text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX)}…`;
}
