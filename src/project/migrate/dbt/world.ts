// What a template of a dbt project can ask for: refs, sources, variables, its own settings. Names become those of Millrace's assets.
import { mapping, type Move, type MoveNote, type Values } from "../move.ts";
import { type Arguments, blocksOf, callable, Jinja, type MacroText } from "./jinja.ts";
import { dbtMacros, dbtUtils } from "./macros.ts";
import { type DbtFile, type DbtProject, inheritedConfig, type Property } from "./read.ts";

/** Schema of what names none: dbt takes that of the target. */
export const DEFAULT_SCHEMA = "main";

export interface Named {
  readonly asset: string;
  readonly config: Values;
  readonly property: Property | undefined;
}

export interface World {
  readonly project: DbtProject;
  readonly move: Move;
  readonly jinja: Jinja;
  /** Models, seeds and snapshots by dbt's name. */
  readonly named: ReadonlyMap<string, Named>;
  readonly docs: ReadonlyMap<string, string>;
}

/** What a template said of itself while it was rendered. */
export interface Rendered {
  readonly text: string;
  readonly config: Values;
  /** Assets of its refs and sources, in order. */
  readonly reads: readonly string[];
}

export interface RenderOptions {
  readonly file: string;
  /** Line of the text's beginning in the file, from 1. */
  readonly line?: number;
  readonly asset?: string;
  readonly config?: Values;
  readonly isIncremental?: boolean;
  readonly values?: Values;
}

/** Thrown inside templates; told as a note. */
class Unknown extends Error {}

export async function openWorld(project: DbtProject, move: Move): Promise<World> {
  const named = nameAll(project);
  const macros = macrosOf(project);
  const jinja = await Jinja.open({
    project: project.name,
    macros,
    globals: { ...dbtMacros, dbt: dbtMacros, dbt_utils: dbtUtils, ...constants() },
  });
  return { project, move, jinja, named, docs: docsOf(project) };
}

/** Renders a text; undefined when it cannot be, which is told as a note at its line. */
export function render(world: World, text: string, options: RenderOptions): Rendered | undefined {
  const config: Record<string, unknown> = { ...options.config };
  const reads: string[] = [];
  const from = (line: number): Pick<MoveNote, "file" | "line"> => ({ file: options.file, line: (options.line ?? 1) + line - 1 });
  try {
    const rendered = world.jinja.render(text, { ...functions(world, options, config, reads), ...options.values });
    return { text: rendered, config, reads: [...new Set(reads)] };
  } catch (error) {
    const line = (error as { readonly line?: number }).line ?? 1;
    world.move.note(from(line), error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

function functions(
  world: World,
  { file, line = 1, asset, isIncremental = false }: RenderOptions,
  config: Record<string, unknown>,
  reads: string[],
): Values {
  const { project, named, move } = world;
  const ref = callable(({ values }) => {
    const name = String(values.length > 1 ? values[1] : values[0]);
    const found = named.get(name);
    if (found === undefined) throw new Unknown(`ref('${name}') names nothing of this project`);
    reads.push(found.asset);
    return relation(found.asset);
  });
  const source = callable(({ values }) => {
    const asset = sourceAsset(String(values[0]), String(values[1]));
    reads.push(asset);
    return relation(asset);
  });
  const settings = callable(({ named: given, values }) => {
    Object.assign(config, values[0], given);
    return "";
  });
  return {
    ref,
    source,
    config: Object.assign(settings, {
      get: (name: string, initial: unknown = null) => config[name] ?? initial,
      require: (name: string) => config[name],
    }),
    var: variable(project.settings, project.name),
    env_var: (name: string, initial?: string) => {
      const value = process.env[name] ?? initial;
      if (value === undefined) throw new Unknown(`the environment variable ${name} has no value here`);
      move.note({ file, line }, `the value of the environment variable ${name} as it is now stands in the SQL`);
      return value;
    },
    doc: (name: string) => world.docs.get(name) ?? "",
    is_incremental: () => isIncremental,
    this: asset === undefined ? undefined : relation(asset),
    target: {
      name: "millrace",
      schema: DEFAULT_SCHEMA,
      database: "millrace",
      type: "duckdb",
      profile_name: project.profile ?? project.name,
      threads: 1,
    },
    model: { name: asset?.split(".")[1], schema: asset?.split(".")[0] },
    execute: true,
    flags: { FULL_REFRESH: false },
    log: () => "",
    print: () => "",
    ...Object.fromEntries(["run_query", "load_result", "statement"].map((name) => [name, needsDatabase(name)])),
    adapter: Object.fromEntries(
      ["get_columns_in_relation", "get_relation", "dispatch", "quote"].map((name) => [
        name,
        name === "quote" ? (text: string) => `"${text}"` : needsDatabase(`adapter.${name}`),
      ]),
    ),
    exceptions: {
      raise_compiler_error: (message: string) => {
        throw new Unknown(message);
      },
      warn: () => "",
    },
  };
}

function needsDatabase(name: string): () => never {
  return () => {
    throw new Unknown(`${name}() looks into the database while the SQL is written; write what it gives, or a query`);
  };
}

function constants(): Values {
  return { True: true, False: false, None: null, return: (value: unknown) => value, env: "millrace" };
}

/** `schema.name`, with the parts that dbt's relations have. */
function relation(asset: string): object {
  const [schema, name] = asset.split(".") as [string, string];
  return { schema, name, identifier: name, table: name, database: "millrace", toString: () => asset };
}

function variable(settings: Values, project: string): unknown {
  const all = mapping(settings, "vars");
  const own = { ...all, ...mapping(all, project) };
  return Object.assign(
    callable(({ values, named }: Arguments) => {
      const name = String(values[0]);
      const value = (Object.hasOwn(own, name) ? own[name] : undefined) ?? values[1] ?? named["default"];
      if (value === undefined) throw new Unknown(`var('${name}') has no value: vars of dbt_project.yml say none`);
      return value;
    }),
    { has: (name: string) => Object.hasOwn(own, name) },
  );
}

function nameAll(project: DbtProject): ReadonlyMap<string, Named> {
  const named = new Map<string, Named>();
  const put = (kind: "models" | "seeds" | "snapshots", file: Pick<DbtFile, "folders" | "name">, config: Values): void => {
    const property = project.properties.find((entry) => entry.kind === kind && entry.values["name"] === file.name);
    const own = { ...inheritedConfig(project.settings[kind], project.name, file), ...mapping(property?.values, "config"), ...config };
    const schema = plainName(own["schema"] ?? own["target_schema"] ?? (kind === "snapshots" ? "snapshots" : DEFAULT_SCHEMA));
    named.set(file.name, { asset: `${schema}.${plainName(own["alias"] ?? file.name)}`, config: own, property });
  };
  for (const file of project.seeds) put("seeds", file, {});
  for (const file of [...project.models, ...project.python]) put("models", file, literalConfig(file.text));
  for (const file of [...project.snapshots, ...project.models])
    for (const { head, body } of blocksOf(file.text, "snapshot"))
      put("snapshots", { folders: file.folders, name: head }, literalConfig(body));
  for (const { kind, values } of project.properties)
    if (kind === "snapshots" && values["relation"] !== undefined) put("snapshots", { folders: [], name: String(values["name"]) }, {});
  return named;
}

/** Schema and alias that a file says of itself have to be known before anything is rendered. */
function literalConfig(text: string): Values {
  const call = /\{\{-?\s*config\s*\(([\s\S]*?)\)\s*-?\}\}/.exec(text)?.[1] ?? "";
  const found: Record<string, string> = {};
  for (const [, key, value] of call.matchAll(/\b(schema|target_schema|alias)\s*=\s*['"]([^'"]+)['"]/g)) found[key!] = value!;
  return found;
}

/** A name that can be part of an asset's. */
export function plainName(name: unknown): string {
  return String(name)
    .trim()
    .replaceAll(/[^A-Za-z0-9_]+/g, "_");
}

export function sourceAsset(source: string, table: string): string {
  return `${plainName(source)}.${plainName(table)}`;
}

function macrosOf(project: DbtProject): readonly MacroText[] {
  return project.macros.flatMap(({ text }) => [
    ...blocksOf(text, "macro").map(({ head, body }) => asMacro(head, body)),
    ...blocksOf(text, "test").map(({ head, body }) => asMacro(`test_${head}`, body)),
  ]);
}

function asMacro(head: string, body: string): MacroText {
  return { name: /^\w+/.exec(head)?.[0] ?? head, text: `{% macro ${head} %}${body}{% endmacro %}` };
}

function docsOf({ docs }: DbtProject): ReadonlyMap<string, string> {
  return new Map(docs.flatMap(({ text }) => blocksOf(text, "docs").map(({ head, body }) => [head, body.trim()] as const)));
}

/** A description as text: `{{ doc('x') }}` filled in. */
export function description(world: World, text: unknown, file: string, line: number): string | undefined {
  if (typeof text !== "string" || text.trim() === "") return undefined;
  const rendered = text.includes("{{") ? render(world, text, { file, line })?.text : text;
  return rendered?.trim().replaceAll(/\s*\n\s*/g, " ");
}
