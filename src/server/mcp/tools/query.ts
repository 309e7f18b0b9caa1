// `query` and `preview`: rows, few, masked, within seconds.
import { z } from "zod";
import { maskRows, originsOf, type Origins, rowsOf } from "../masking.ts";
import { capped, lines, table } from "../text.ts";
import { tool, type ToolAnswer } from "../tool.ts";
import type { JsonValue } from "../../../model/json.ts";

const ROWS_MAX = 500;
const SECONDS_MAX = 20;

export const query = tool({
  name: "query",
  title: "Read with SQL",
  description: `Runs one read-only SQL query (DuckDB's dialect) over the project's assets and \`_millrace.*\` (loads, quarantine, rows). At most ${ROWS_MAX} rows and ${SECONDS_MAX} seconds: aggregate rather than list. Personal values (mail addresses, telephone numbers, names of persons …) are masked. Use \`describe\` first for the columns.`,
  input: z.object({
    sql: z.string().min(1).max(100_000),
    limit: z.number().int().min(1).max(ROWS_MAX).default(50),
    seconds: z.number().int().min(1).max(SECONDS_MAX).default(SECONDS_MAX),
  }),
  does: "reads",
  run: async ({ sql, limit, seconds }, { ask, signal }) => {
    const { columns, rows, cutBy } = await ask("query.run", { sql, rows: limit, seconds }, { signal });
    const origins = await originsOf(ask, sql, signal);
    return rowsAnswer({
      columns,
      rows,
      origins,
      note: cutBy === null ? "" : `there are more: only the first ${rows.length} are here (${cutBy})`,
    });
  },
});

export const preview = tool({
  name: "preview",
  title: "Some rows of an asset",
  description:
    "The first rows of an asset, or with `profile: true` what each column holds (nulls, distinct values, range, most frequent). `where` is a condition in SQL. Personal values are masked.",
  input: z.object({
    asset: z.string().min(1).max(300),
    limit: z.number().int().min(1).max(100).default(10),
    where: z.string().max(10_000).exactOptional(),
    profile: z.boolean().default(false),
  }),
  does: "reads",
  run: async ({ asset, limit, where, profile }, { ask, signal }) => {
    if (profile) {
      const found = await ask("assets.profile", { asset }, { signal });
      return profileAnswer(found, await originsOf(ask, rowsOf(found.asset), signal));
    }
    const answer = await ask("assets.rows", { asset, limit, ...(where === undefined ? {} : { where }) }, { signal });
    const { columns, rows, total, more } = answer;
    const origins = await originsOf(ask, rowsOf(answer.asset), signal);
    return rowsAnswer({ columns, rows, origins, note: more ? `of ${total ?? "more"} rows` : "" });
  },
});

interface Rows {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly JsonValue[])[];
  readonly origins: Origins;
  readonly note: string;
}

function rowsAnswer({ columns, rows, origins, note }: Rows): ToolAnswer {
  const { rows: shown, masked } = maskRows(columns, rows, origins);
  const text = lines(
    `${shown.length} rows${note === "" ? "" : `, ${note}`}`,
    masked.length === 0 ? "" : `masked: ${masked.join(", ")}`,
    table(
      columns.map(({ name, type }) => `${name} ${type}`),
      shown,
    ),
  );
  return { text: capped(text), data: { columns, rows: shown, masked } };
}

function profileAnswer({ asset, rows, sampled, columns }: Profile, origins: Origins): ToolAnswer {
  const names = columns.map(({ name }) => ({ name }));
  // The values of a column stand below its name, so that they are masked as in rows.
  const [lows, highs, often] = [
    maskRows(names, [columns.map(({ min }) => min)], origins),
    maskRows(names, [columns.map(({ max }) => max)], origins),
    maskRows(
      names,
      [
        columns.map(({ frequent }) =>
          frequent
            .slice(0, 3)
            .map(({ value }) => value)
            .join(", "),
        ),
      ],
      origins,
    ),
  ];
  const text = lines(
    `${asset}: ${rows} rows${sampled < rows ? `, ${sampled} of them looked at` : ""}`,
    table(
      ["column", "type", "nulls", "distinct", "min", "max", "frequent"],
      columns.map(({ name, type, nulls, distinct }, index) => [
        name,
        type,
        nulls,
        distinct,
        lows.rows[0]![index],
        highs.rows[0]![index],
        often.rows[0]![index],
      ]),
    ),
  );
  return { text, data: { asset, rows, sampled } };
}

interface Profile {
  readonly asset: string;
  readonly rows: number;
  readonly sampled: number;
  readonly columns: readonly {
    readonly name: string;
    readonly type: string;
    readonly nulls: number;
    readonly distinct: number;
    readonly min: string | null;
    readonly max: string | null;
    readonly frequent: readonly { readonly value: string }[];
  }[];
}
