// `millrace query`: rows of the warehouse, in the form asked for.
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonValue, QueryAnswer } from "../../model/answers.ts";
import { MillraceError } from "../../model/errors.ts";
import { type Command, text } from "../command.ts";
import { renderCsv, renderMarkdown, renderTable } from "../table.ts";
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
    const answer = await opened.query(sql!);
    if (format === "answer") output.json(answer);
    else output.data(render(answer, format));
    if (format === "table") output.note(plural(answer.rows.length, "row"));
  },
};

function render({ columns, rows }: QueryAnswer, format: string): string {
  const names = columns.map((column) => column.name);
  const objects = (): Record<string, JsonValue>[] => rows.map((row) => Object.fromEntries(names.map((name, index) => [name, row[index]!])));
  switch (format) {
    case "csv":
      return renderCsv(names, rows);
    case "md":
      return renderMarkdown(names, rows);
    case "json":
      return JSON.stringify(objects());
    case "ndjson":
      return objects()
        .map((row) => JSON.stringify(row))
        .join("\n");
    default:
      return renderTable(names, rows);
  }
}
