// `millrace convert`: one output per input through the same reader as a source. Outputs lie below a folder as the inputs lie below their common one.
import { dirname, join, relative, resolve } from "node:path";
import type { StagedFile } from "../../formats/format.ts";
import { formatByEnding, withoutCompression } from "../../formats/index.ts";
import type { ConvertedFileAnswer } from "../../model/answers.ts";
import { asMillraceError, MillraceError } from "../../model/errors.ts";
import { joinInside } from "../../platform/paths.ts";
import { replaceFile } from "../../platform/files.ts";
import { copyRows, outputOf } from "../../filestores/write/copy.ts";
import { findNamed, STAGE, withStaged, withWorkbench, type NamedFile, type Workbench } from "./workbench.ts";

export interface ConvertOptions {
  /** Folder of the outputs. */
  readonly to: string;
  readonly format: "parquet" | "csv" | "ndjson" | "xlsx" | "avro";
  readonly types: "infer" | "text";
  /** What relative paths begin at; default: the working directory. */
  readonly folder?: string;
}

/** Calls `observe` once per file, in the order given; never throws for what is wrong with a file. */
export async function convertFiles(
  files: readonly string[],
  options: ConvertOptions,
  observe: (file: ConvertedFileAnswer) => void,
): Promise<void> {
  const folder = options.folder ?? process.cwd();
  const named = await findNamed(files, folder);
  const outputs = planOutputs(named, options);
  await withWorkbench(async (workbench) => {
    for (const one of named) observe(await convertFile(workbench, one, outputs.get(one), options, folder));
  });
}

/** One file to one output. */
export async function convertFile(
  workbench: Workbench,
  named: NamedFile,
  output: string | undefined,
  options: ConvertOptions,
  folder: string,
): Promise<ConvertedFileAnswer> {
  const failed = { file: named.given, output: null, rows: 0, columns: 0, quarantined: 0, dialect: null, warnings: [] };
  if ("error" in named) return { ...failed, error: named.error.toJSON() };
  try {
    const name = output ?? "";
    const path = joinInside(resolve(folder, options.to), name);
    return await withStaged(workbench, named.file, options.types, async (staged) => {
      if (staged.rows === 0 && staged.records.quarantined > 0) throw nothingReadable(named.given, staged);
      const written = outputOf(path, { path, format: options.format === "xlsx" ? "excel" : options.format });
      const rows = await replaceFile(path, (beside) => copyRows(workbench.connection, `select * from ${STAGE}`, beside, written));
      const dialect = staged.understood.dialect === undefined ? null : { ...staged.understood.dialect };
      const { quarantined } = staged.records;
      return {
        file: named.given,
        output: join(options.to, name),
        rows,
        columns: staged.columns.length,
        quarantined,
        dialect,
        warnings: staged.understood.warnings,
        error: null,
      };
    });
  } catch (error) {
    return { ...failed, error: asMillraceError(error, "MR3103").toJSON() };
  }
}

function nothingReadable(name: string, staged: StagedFile): MillraceError {
  const [doubt] = staged.understood.doubts;
  const why = doubt === undefined ? "" : `: ${doubt}`;
  return new MillraceError({ code: "MR3107", message: `none of the ${staged.records.read} records of ${name} can be read${why}` });
}

/** Names of the outputs, relative to the folder of outputs; two inputs never share one. */
export function planOutputs(named: readonly NamedFile[], options: Pick<ConvertOptions, "format">): ReadonlyMap<NamedFile, string> {
  const files = named.filter((one): one is Extract<NamedFile, { file: unknown }> => "file" in one);
  const common = commonFolder(files.map((one) => dirname(one.file.path)));
  const taken = new Set<string>();
  const outputs = new Map<NamedFile, string>();
  for (const one of files) {
    const base = withoutEndings(relative(common, one.file.path));
    let name = `${base}.${options.format}`;
    for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${base}_${n}.${options.format}`;
    taken.add(name.toLowerCase());
    outputs.set(one, name);
  }
  return outputs;
}

/** `a/b.csv.gz` → `a/b`; an ending that no format knows stays. */
function withoutEndings(name: string): string {
  const plain = withoutCompression(name);
  const ending = formatByEnding(plain)?.extensions.find((known) => plain.toLowerCase().endsWith(known)) ?? "";
  const base = plain.slice(0, plain.length - ending.length);
  return base === "" || base.endsWith("/") ? plain : base;
}

function commonFolder(folders: readonly string[]): string {
  let common = folders[0] ?? "/";
  for (const folder of folders) {
    while (common !== folder && !folder.startsWith(common === "/" ? "/" : `${common}/`)) common = dirname(common);
  }
  return common;
}
