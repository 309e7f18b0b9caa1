// Seeds: small tables that stand in the project as CSV files beside its models. `models/clean/regions.csv` is the asset clean.regions, read as any source
// is; `models/clean/regions.yaml` may say what a source's file may: columns, checks, description, owner …
import { type DefinitionFile, readYamlFile } from "./assets.ts";
import type { Document } from "./document.ts";
import { nameFromFile } from "./names.ts";
import { type Reader, tell } from "./reader.ts";

const SEED = /\.[ct]sv$/i;

export interface SplitModels {
  readonly models: readonly DefinitionFile[];
  readonly seeds: readonly { readonly data: DefinitionFile; readonly beside: DefinitionFile | undefined }[];
}

/** Apart from the models; a YAML file of a seed's name belongs to the seed. */
export function splitModels(files: readonly DefinitionFile[]): SplitModels {
  const data = files.filter(({ inner }) => SEED.test(inner));
  if (data.length === 0) return { models: files, seeds: [] };
  const stem = (inner: string): string => inner.replace(/\.\w+$/, "").toLowerCase();
  const yaml = new Map(files.filter(({ inner }) => /\.ya?ml$/i.test(inner)).map((file) => [stem(file.inner), file]));
  const seeds = data.map((file) => ({ data: file, beside: yaml.get(stem(file.inner)) }));
  const taken = new Set([...data, ...seeds.map(({ beside }) => beside)]);
  return { models: files.filter((file) => !taken.has(file)), seeds };
}

/** The definition of a source that reads the file; undefined when what stands beside it cannot be read. */
export function seedDocument(reader: Reader, { data, beside }: SplitModels["seeds"][number]): Document | undefined {
  const written = beside === undefined ? undefined : readYamlFile(reader, beside);
  if (beside !== undefined && written === undefined) return undefined;
  const own = (written?.value ?? {}) as Readonly<Record<string, unknown>>;
  if ("from" in own) {
    const message = `${data.file} is what ${written!.file} reads: it needs no from`;
    tell(reader, "MR1023", message, written!.locate(["from"], "key"), "leave `from:` out, or move the definition to sources/");
    return undefined;
  }
  const named = nameFromFile(data.inner, { schema: "main", folders: "schema" });
  const place = { file: data.file, line: 1, column: 1 };
  if ("problem" in named) {
    tell(reader, "MR1031", named.problem, place, named.hint);
    return undefined;
  }
  return {
    file: written?.file ?? data.file,
    text: written?.text ?? data.text,
    value: { name: named.name, ...own, from: { files: { path: literalPath(data.file) } } },
    locate: (path, what) => (written === undefined || path[0] === "from" ? place : written.locate(path, what)),
  };
}

/** A pattern that means this file alone. */
function literalPath(file: string): string {
  return file.replaceAll(/[*?[\]{}]/g, String.raw`[$&]`);
}
