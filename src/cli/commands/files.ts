// `millrace inspect` and `convert`: the reader of files, without a project.
import type { ConvertedFileAnswer, JsonValue } from "../../model/answers.ts";
import { type ErrorRecord, MillraceError } from "../../model/errors.ts";
import { type Command, text } from "../command.ts";
import { EXIT } from "../exit.ts";
import type { Output } from "../output.ts";
import { printable, renderTable } from "../table.ts";
import { count, plural } from "../words.ts";

const FORMATS = ["parquet", "csv", "ndjson", "xlsx", "avro"] as const;

export const inspect: Command = {
  name: "inspect",
  summary: "Says what the reader understands of a file, and why",
  arguments: "<file...>",
  examples: [
    "millrace inspect data/sales.csv",
    "millrace inspect data/*.csv --json",
    "millrace inspect data/sales.csv --yaml > sources/sales.yaml",
  ],
  options: [["--yaml", "print a source definition"]],
  async run({ output }, files, options) {
    const { openTools } = await import("../../app.ts");
    const reports = await (await openTools()).inspect(files, { yaml: options["yaml"] === true });
    if (options["yaml"] === true)
      output.data(reports.map((report) => (typeof report["yaml"] === "string" ? report["yaml"] : "")).join("\n---\n"));
    else if (output.mode === "json") output.json(reports.length === 1 ? reports[0]! : { files: reports });
    else for (const report of reports) printReport(report, output);
    return reports.some((report) => report["error"] !== null && report["error"] !== undefined) ? EXIT.failed : EXIT.ok;
  },
};

export const convert: Command = {
  name: "convert",
  summary: "Reads files with the same care as a source and writes Parquet, CSV, NDJSON, xlsx or Avro",
  arguments: "<file...>",
  examples: ["millrace convert data/*.csv --to parquet/", "millrace convert export.csv --to out --format ndjson --types text"],
  options: [
    ["--to <dir>", "folder of the outputs"],
    ["--format <format>", `${FORMATS.join(", ")} (default: parquet)`],
    ["--types <how>", "infer (default) or text"],
  ],
  async run({ output }, files, options) {
    const to = text(options["to"]);
    const format = FORMATS.find((known) => known === (text(options["format"]) ?? "parquet"));
    const types = (["infer", "text"] as const).find((known) => known === (text(options["types"]) ?? "infer"));
    if (to === undefined)
      throw new MillraceError({ code: "MR7001", message: "convert needs --to DIR", hint: "millrace convert data/*.csv --to parquet/" });
    if (format === undefined)
      throw new MillraceError({
        code: "MR7001",
        message: `--format ${text(options["format"])} is not known`,
        hint: `one of ${FORMATS.join(", ")}`,
      });
    if (types === undefined)
      throw new MillraceError({ code: "MR7001", message: `--types ${text(options["types"])} is not known`, hint: "infer or text" });
    const { openTools } = await import("../../app.ts");
    let failed = 0;
    await (
      await openTools()
    ).convert(files, { to, format, types }, (file) => {
      if (file.error !== null) failed++;
      if (output.mode === "json") output.json(file);
      else output.data(renderConverted(file, output.symbol(file.error === null ? "ok" : "failed")));
    });
    return failed > 0 ? EXIT.failed : EXIT.ok;
  },
};

function renderConverted(file: ConvertedFileAnswer, symbol: string): string {
  if (file.error !== null) return `${symbol} ${file.file}  ${file.error.code}  ${printable(file.error.message)}`;
  const aside = file.quarantined === 0 ? "" : `  ${count(file.quarantined)} quarantined`;
  return `${symbol} ${file.file} → ${file.output}  ${plural(file.rows, "row")} × ${file.columns}${aside}${file.warnings.map((warning) => `\n    ! ${printable(warning)}`).join("")}`;
}

function printReport(report: Readonly<Record<string, unknown>>, output: Output): void {
  const error = report["error"] as ErrorRecord | null | undefined;
  if (error === null || error === undefined) output.data(renderReport(report));
  else
    output.warn(
      `${output.symbol("failed")} ${String(report["file"])}  ${error.code}  ${printable(error.message)}${error.hint === undefined ? "" : `\n    ${printable(error.hint)}`}`,
    );
}

function renderReport(report: Readonly<Record<string, unknown>>): string {
  const { columns, preview: _preview, yaml: _yaml, ...facts } = report;
  const lines = Object.entries(facts)
    .filter(([, value]) => value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0))
    .map(([key, value]) => `${key.padEnd(13)} ${printable(typeof value === "string" ? value : JSON.stringify(value))}`);
  const table = Array.isArray(columns)
    ? renderTable(
        ["column", "type", "why"],
        columns.map((column: Readonly<Record<string, JsonValue>>) => [column["label"] ?? column["name"], column["type"], column["why"]]),
      )
    : "";
  return `${lines.join("\n")}\n${table}\n`;
}
