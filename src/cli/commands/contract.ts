// `millrace contract export|import|check`: schemas as others write them.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { MillraceError } from "../../model/errors.ts";
import { type Command, text, texts } from "../command.ts";
import { EXIT } from "../exit.ts";
import type { Output } from "../output.ts";
import { printable } from "../table.ts";

const FORMATS = ["odcs", "json-schema", "avro"] as const;

export const contractExport: Command = {
  name: "contract export",
  summary: "Writes an asset's columns, keys and checks as a data contract (ODCS), a JSON Schema or an Avro schema",
  arguments: "<asset>",
  examples: ["millrace contract export raw.sales", "millrace contract export raw.sales --format avro --out sales.avsc"],
  options: [
    ["--format <format>", `${FORMATS.join(", ")} (default: odcs)`],
    ["--out <file>", "writes it there"],
  ],
  async run({ app, output }, [asset], options) {
    const format = FORMATS.find((each) => each === (text(options["format"]) ?? "odcs"));
    if (format === undefined)
      throw new MillraceError({ code: "MR7001", message: `--format ${text(options["format"])} is none`, hint: FORMATS.join(", ") });
    const out = fileOf(text(options["out"]));
    const answer = await (await app()).contractExport({ asset: asset!, format, ...(out === undefined ? {} : { out }) });
    if (output.mode === "json") return output.json(answer);
    if (answer.file === null) output.data(answer.text.trimEnd());
    else output.note(`wrote ${answer.file}`);
    tellLost(output, answer.lost, format);
  },
};

export const contractImport: Command = {
  name: "contract import",
  summary: "Writes a source's YAML from a data contract (ODCS), a JSON Schema or an Avro schema",
  arguments: "<file>",
  examples: ["millrace contract import sales.odcs.yaml --path 'data/sales_*.csv'", "millrace contract import sales.avsc --name raw.sales"],
  options: [
    ["--table <name>", "of a data contract that has several"],
    ["--path <path>", "the files it reads (default: data/NAME.*)"],
    ["--name <asset>", "name of the asset"],
    ["--out <file>", "where to write it (default: sources/NAME.yaml)"],
  ],
  async run({ app, output }, [file], options) {
    const [path, name, out] = [text(options["path"]), text(options["name"]), fileOf(text(options["out"]))];
    const table = text(options["table"]);
    const answer = await (
      await app()
    ).contractImport({
      file: resolve(file!),
      base: process.cwd(),
      ...(table === undefined ? {} : { table }),
      ...(path === undefined ? {} : { path }),
      ...(name === undefined ? {} : { name }),
      ...(out === undefined ? {} : { out }),
    });
    if (output.mode === "json") return output.json(answer);
    output.data(answer.file);
    tellLost(output, answer.lost, "a source");
    output.note(`next: look at from: in ${answer.file}, then millrace run --select ${answer.asset}`);
  },
};

export const contractCheck: Command = {
  name: "contract check",
  summary: "Says whether a schema is compatible with earlier ones, as a schema registry would",
  arguments: "<file-or-asset>",
  examples: [
    "millrace contract check new.avsc --against old.avsc",
    "millrace contract check v3.json --against v1.json --against v2.json --mode fullTransitive",
    "millrace contract check agreed.odcs.yaml --against raw.sales --mode forward",
  ],
  options: [
    ["--against <file-or-asset>", "an earlier one; may be repeated, oldest first", "many"],
    ["--mode <mode>", "backward (default), forward, full, each also …Transitive, none"],
  ],
  async run({ app, output }, [what], options) {
    const against = texts(options["against"]);
    if (against.length === 0) throw new MillraceError({ code: "MR7001", message: "--against is missing: a file or an asset" });
    const answer = await (
      await app()
    ).contractCheck({ what: fileOrAsset(what!), against: against.map(fileOrAsset), mode: text(options["mode"]) ?? "backward" });
    if (output.mode === "json") output.json(answer);
    else {
      for (const { direction, against: index, path, problem } of answer.problems)
        output.data(`${direction}  ${against[index] ?? ""}  ${printable(path === "" ? "/" : path)}  ${printable(problem)}`);
      output.note(answer.compatible ? `${answer.mode} compatible` : `not ${answer.mode} compatible`);
    }
    return answer.compatible ? EXIT.ok : EXIT.failed;
  },
};

/** Another process may carry it out, in another folder. */
function fileOf(written: string | undefined): string | undefined {
  return written === undefined ? undefined : resolve(written);
}

function fileOrAsset(written: string): string {
  return existsSync(written) ? resolve(written) : written;
}

function tellLost(output: Output, lost: readonly string[], where: string): void {
  for (const each of lost) output.note(`${output.symbol("warn")} not in ${where}: ${printable(each)}`);
}
