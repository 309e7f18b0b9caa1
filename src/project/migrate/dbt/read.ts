// A dbt project as it lies in its folder: settings, files by kind, properties of YAML files. Nothing is turned into anything here.
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isMap, isScalar, LineCounter, parseDocument, type Document, type YAMLMap } from "yaml";
import { MillraceError } from "../../../model/errors.ts";
import { matchFiles } from "../../../platform/glob.ts";
import { dig, type Values } from "../move.ts";

export interface DbtFile {
  /** Relative to the project, with `/`. */
  readonly path: string;
  readonly text: string;
  /** Folders below the folder of its kind: `staging/shop`. */
  readonly folders: readonly string[];
  /** Without its ending. */
  readonly name: string;
}

/** An entry of a properties file: `models: [{ name: … }]`. */
export interface Property {
  readonly kind: "models" | "sources" | "seeds" | "snapshots" | "unit_tests" | "exposures" | "metrics" | "semantic_models" | "macros";
  readonly values: Values;
  readonly file: string;
  readonly line: number;
}

export interface DbtProject {
  readonly dir: string;
  readonly name: string;
  readonly profile: string | undefined;
  readonly settings: Values;
  readonly models: readonly DbtFile[];
  readonly python: readonly DbtFile[];
  readonly seeds: readonly DbtFile[];
  readonly snapshots: readonly DbtFile[];
  readonly tests: readonly DbtFile[];
  readonly macros: readonly DbtFile[];
  readonly analyses: readonly DbtFile[];
  readonly docs: readonly DbtFile[];
  readonly properties: readonly Property[];
  /** Errors of YAML files: what stands in them is missing. */
  readonly broken: readonly { readonly file: string; readonly line: number; readonly message: string }[];
}

const KINDS: readonly Property["kind"][] = [
  "models",
  "sources",
  "seeds",
  "snapshots",
  "unit_tests",
  "exposures",
  "metrics",
  "semantic_models",
  "macros",
];

/** @throws MR9101 when the folder holds no dbt project, MR9102 when its dbt_project.yml cannot be read. */
export async function readDbtProject(dir: string): Promise<DbtProject> {
  const path = join(dir, "dbt_project.yml");
  if (!existsSync(path) || !statSync(path).isFile())
    throw new MillraceError({ code: "MR9101", message: `there is no dbt_project.yml in ${dir}`, hint: "name the folder that holds it" });
  const parsed = parseYamlFile(readFileSync(path, "utf8"));
  const settings = parsed.value ?? {};
  const { name } = settings;
  if (parsed.error !== undefined || typeof name !== "string")
    throw new MillraceError({ code: "MR9102", message: `${path} cannot be read: ${parsed.error?.message ?? "it has no name"}` });
  const paths = (key: string, old: string, initial: string): readonly string[] =>
    (settings[key] ?? settings[old] ?? [initial]) as readonly string[];
  const of = (folders: readonly string[], endings: string): Promise<readonly DbtFile[]> => readFiles(dir, folders, endings);
  const models = paths("model-paths", "source-paths", "models");
  const seeds = paths("seed-paths", "data-paths", "seeds");
  const snapshots = paths("snapshot-paths", "", "snapshots");
  const tests = paths("test-paths", "", "tests");
  const macros = paths("macro-paths", "", "macros");
  const described = await of([...new Set([...models, ...seeds, ...snapshots, ...macros, ...tests])], "{yml,yaml}");
  const broken: { file: string; line: number; message: string }[] = [];
  const properties: Property[] = [];
  for (const file of described) {
    const { value, document, lines, error } = parseYamlFile(file.text);
    if (error !== undefined) broken.push({ file: file.path, ...error });
    else if (value !== undefined) properties.push(...propertiesOf(file.path, value, document, lines));
  }
  return {
    dir,
    name,
    profile: settings["profile"] as string | undefined,
    settings,
    models: await of(models, "sql"),
    python: await of(models, "py"),
    seeds: await of(seeds, "csv"),
    snapshots: await of(snapshots, "sql"),
    tests: await of(tests, "sql"),
    macros: [
      ...(await of(macros, "sql")),
      ...(await of(
        tests.map((folder) => `${folder}/generic`),
        "sql",
      )),
    ],
    analyses: await of(paths("analysis-paths", "", "analyses"), "sql"),
    docs: await of([...new Set([...models, ...seeds, ...snapshots])], "md"),
    properties,
    broken,
  };
}

async function readFiles(dir: string, folders: readonly string[], endings: string): Promise<readonly DbtFile[]> {
  const found: DbtFile[] = [];
  for (const folder of folders) {
    if (!existsSync(join(dir, folder))) continue;
    for (const below of await matchFiles(join(dir, folder), `**/*.${endings}`)) {
      const parts = below.replaceAll("\\", "/").split("/");
      const name = parts.at(-1)!.replace(/\.[^.]+$/, "");
      const path = `${folder}/${parts.join("/")}`;
      found.push({ path, name, folders: parts.slice(0, -1), text: readFileSync(join(dir, path), "utf8") });
    }
  }
  return found;
}

function parseYamlFile(text: string): {
  readonly value: Values | undefined;
  readonly document: Document;
  readonly lines: LineCounter;
  readonly error: { readonly line: number; readonly message: string } | undefined;
} {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [first] = document.errors;
  const error = first === undefined ? undefined : { line: lines.linePos(first.pos[0]).line, message: first.message.split("\n")[0]! };
  const value: unknown = error === undefined ? document.toJS() : undefined;
  return { value: typeof value === "object" && value !== null ? (value as Values) : undefined, document, lines, error };
}

function propertiesOf(file: string, value: Values, document: Document, lines: LineCounter): readonly Property[] {
  return KINDS.flatMap((kind) => {
    const entries: unknown = value[kind];
    if (!Array.isArray(entries)) return [];
    return entries.flatMap((entry: unknown, index) => {
      if (typeof entry !== "object" || entry === null) return [];
      const node = document.getIn([kind, index], true);
      const at = isMap(node) ? startOf(node) : undefined;
      return [{ kind, values: entry as Values, file, line: at === undefined ? 1 : lines.linePos(at).line }];
    });
  });
}

function startOf(map: YAMLMap): number | undefined {
  const key = map.items[0]?.key;
  return isScalar(key) ? key.range?.[0] : map.range?.[0];
}

/** Settings of dbt_project.yml that hold for a file, those of deeper folders last; tags of all levels together. */
export function inheritedConfig(tree: unknown, project: string, file: Pick<DbtFile, "folders" | "name">): Values {
  const found: Record<string, unknown> = {};
  const tags: string[] = [];
  const take = (level: unknown): void => {
    if (typeof level !== "object" || level === null) return;
    for (const [key, value] of Object.entries(level)) {
      const isSetting = key.startsWith("+") || typeof value !== "object" || value === null || Array.isArray(value);
      if (!isSetting) continue;
      const name = key.replace(/^\+/, "");
      if (name === "tags") tags.push(...[value].flat().map(String));
      else found[name] = value;
    }
  };
  take(tree);
  let level = dig(tree, project);
  take(level);
  for (const name of [...file.folders, file.name]) take((level = dig(level, name)));
  return tags.length === 0 ? found : { ...found, tags };
}
