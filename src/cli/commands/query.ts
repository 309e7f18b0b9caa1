// `millrace query`: rows of the warehouse, in the form asked for.
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonValue, QueryAnswer } from "../../model/answers.ts";
import type { App } from "../../app.ts";
import { MillraceError } from "../../model/errors.ts";
import { type Command, text } from "../command.ts";
import type { Output } from "../output.ts";
import { renderCsv } from "../../platform/csv.ts";
import { renderMarkdown, renderTable } from "../table.ts";
import { plural } from "../words.ts";

const FORMATS = ["table", "csv", "json", "ndjson", "md", "parquet"] as const;

export const query: Command = {
  name: "query",
  summary: "Runs a SELECT on the warehouse",
  arguments: "<sql>",
  examples: [
    'millrace query "from clean.sales limit 5"',
    'millrace query "select count(*) from raw.sales" --json',
    'millrace query "from final.listings" --format csv > listings.csv',
  ],
  options: [["--format <format>", `${FORMATS.join(", ")} (default: table)`]],
  async run({ app, output }, [sql], options) {
    const format = text(options["format"]) ?? (output.mode === "json" ? "answer" : "table");
    if (format !== "answer" && !FORMATS.some((known) => known === format)) {
      throw new MillraceError({ code: "MR7001", message: `--format ${format} is not known`, hint: `one of ${FORMATS.join(", ")}` });
    }
    const opened = await app();
    if (format === "parquet") {
      const path = join(tmpdir(), `millrace-query-${process.pid}.parquet`);
      try {
        await opened.queryToParquet(sql!, path);
        output.bytes(readFileSync(path));
      } finally {
        rmSync(path, { force: true });
      }
      return;
    }
    if (format === "csv" || format === "ndjson") return printStreaming(opened, sql!, format, output);
    const answer = await collect(opened, sql!);
    if (format === "answer") output.json(answer);
    else output.data(render(answer, format));
    if (format === "table") output.note(plural(answer.rows.length, "row"));
  },
};

async function collect(app: App, sql: string): Promise<QueryAnswer> {
  let columns: QueryAnswer["columns"] = [];
  const rows: (readonly JsonValue[])[] = [];
  await app.query(sql, (part) => {
    if ("columns" in part) columns = part.columns;
    else for (const row of part.rows) rows.push(row);
  });
  return { columns, rows };
}

/** CSV and NDJSON leave as they come: memory stays small however many rows there are. */
async function printStreaming(app: App, sql: string, format: "csv" | "ndjson", output: Output): Promise<void> {
  let names: readonly string[] = [];
  await app.query(sql, (part) => {
    if ("columns" in part) {
      names = part.columns.map((column) => column.name);
      if (format === "csv") output.data(renderCsv([names]));
    } else if (format === "csv") output.data(renderCsv(part.rows));
    else
      output.data(part.rows.map((row) => JSON.stringify(Object.fromEntries(names.map((name, index) => [name, row[index]!])))).join("\n"));
  });
}

function render({ columns, rows }: QueryAnswer, format: string): string {
  const names = columns.map((column) => column.name);
  const objects = (): Record<string, JsonValue>[] => rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index]!])));
  switch (format) {
    case "md":
      return renderMarkdown(names, rows);
    case "json":
      return JSON.stringify(objects());
    default:
      return renderTable(names, rows);
  }
}
