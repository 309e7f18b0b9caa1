// What a dbt project reads: seeds, which are copied, and tables of sources, which are read from the database that its profile names.
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, relative, resolve } from "node:path";
import { parse } from "yaml";
import { mapping, mappings, type Move, type Values, word, yaml } from "../move.ts";
import { checksOf } from "./checks.ts";
import { columnsOf, common } from "./properties.ts";
import type { DbtProject, Property } from "./read.ts";
import { description, plainName, render, sourceAsset, type World } from "./world.ts";

/** Name of the connection that stands for the project's database. */
const CONNECTION = "dbt";

export function moveSeeds(world: World): void {
  for (const file of world.project.seeds) {
    const { asset, config, property } = world.named.get(file.name)!;
    const at = property ?? { file: file.path, line: 1 };
    if (config["enabled"] === false) continue;
    const path = `seeds/${[...file.folders, file.name].join("/")}.csv`;
    world.move.add(path, file.text, { file: file.path, line: 1 });
    const types = mapping(config, "column_types");
    const described = property === undefined ? {} : columnsOf(world, property.values, at);
    const columns = Object.fromEntries(
      [...new Set([...Object.keys(types), ...Object.keys(described)])].map((name) => [
        name,
        {
          ...(types[name] === undefined ? {} : { type: word(types[name]) }),
          ...(described[name] === undefined ? {} : { description: described[name] }),
        },
      ]),
    );
    const source = {
      name: asset,
      description: description(world, property?.values["description"], at.file, at.line),
      from: { files: { path, ...(config["delimiter"] === undefined ? {} : { delimiter: config["delimiter"] }) } },
      names: "keep",
      columns,
      checks: property === undefined ? [] : checksOf(world, property, asset),
      ...common(config),
    };
    world.move.add(`sources/${plainName(asset.replace(/^main\./, ""))}.yaml`, yaml(source), { file: file.path, line: 1 });
  }
}

/** Sources as YAML, and the connection that they read from. */
export function moveSources(world: World, target: string): Values {
  const sources = world.project.properties.filter(({ kind }) => kind === "sources");
  if (sources.length === 0) return {};
  const database = databaseOf(world.project, world.move, target);
  for (const property of sources)
    for (const table of mappings(property.values, "tables")) moveTable(world, property, table, database?.connector);
  return database === undefined ? {} : { [CONNECTION]: database.settings };
}

function moveTable(world: World, { values, file, line }: Property, table: Values, connector: string | undefined): void {
  const text = (value: unknown): string => render(world, String(value), { file, line })?.text.trim() ?? String(value);
  const name = String(values["name"]);
  const asset = sourceAsset(name, String(table["name"]));
  const stands = `${text(values["schema"] ?? name)}.${text(table["identifier"] ?? table["name"])}`;
  if (table["freshness"] !== undefined || values["freshness"] !== undefined)
    world.move.note({ file, line }, `freshness of ${asset}: a trigger or alert on the asset says how old it may be`);
  const columns = columnsOf(world, table, { file, line });
  const source = {
    name: asset,
    description: description(world, table["description"], file, line),
    from: { [connector ?? "postgres"]: { connection: CONNECTION, table: stands } },
    names: "keep",
    columns: Object.fromEntries(
      Object.entries(columns).map(([column, entry]) => [column, typeof entry === "string" ? { description: entry } : entry]),
    ),
    checks: checksOf(world, { values: table, file, line }, asset),
    ...common({ ...mapping(values, "config"), ...mapping(table, "config"), tags: [values["tags"] ?? [], table["tags"] ?? []].flat() }),
  };
  world.move.add(`sources/${plainName(asset)}.yaml`, yaml(source), { file, line });
}

interface Database {
  readonly connector: string;
  readonly settings: Values;
}

/** The target of the project's profile; passwords stay secrets. */
function databaseOf(project: DbtProject, move: Move, target: string): Database | undefined {
  const at = { file: "dbt_project.yml", line: 1 };
  const places = [join(project.dir, "profiles.yml"), join(process.env["DBT_PROFILES_DIR"] ?? join(homedir(), ".dbt"), "profiles.yml")];
  const path = places.find((place) => existsSync(place));
  const missing = (why: string): undefined => {
    move.note(at, `${why}: say in millrace.yaml under connections.${CONNECTION} where the tables of the sources are`);
  };
  if (path === undefined) return missing("there is no profiles.yml");
  const profile = profileOf(readFileSync(path, "utf8"), project.profile ?? project.name);
  if (profile === undefined) return missing(`profiles.yml has no profile ${project.profile ?? project.name}`);
  const plain = (value: unknown, initial: string): string => {
    const named = /env_var\(\s*['"](\w+)['"]/.exec(word(value))?.[1];
    return named === undefined ? word(value ?? initial) : `\${env:${named}}`;
  };
  switch (profile["type"]) {
    case "duckdb": {
      const file = plain(profile["path"], "");
      if (file === "" || file === ":memory:") return missing("the profile's DuckDB is in memory only");
      return {
        connector: "duckdb",
        settings: { duckdb: { path: file.startsWith("$") ? file : within(target, resolve(project.dir, file)) } },
      };
    }
    case "postgres":
    case "redshift": {
      move.note(at, `the password of the profile was left out: write DBT_PASSWORD=… into secrets.env`);
      const user = plain(profile["user"], "postgres");
      const database = plain(profile["dbname"] ?? profile["database"], "postgres");
      const url = `postgres://${user}:\${secret:DBT_PASSWORD}@${plain(profile["host"], "localhost")}:${plain(profile["port"], "5432")}/${database}`;
      return { connector: "postgres", settings: { postgres: { url } } };
    }
    default:
      return missing(`the profile is of type ${String(profile["type"])}`);
  }
}

function profileOf(text: string, name: string): Values | undefined {
  try {
    const profile = mapping(parse(text), name);
    const target = /^\w+$/.test(word(profile["target"])) ? word(profile["target"]) : Object.keys(mapping(profile, "outputs"))[0];
    const output = target === undefined ? {} : mapping(profile, "outputs", target);
    return Object.keys(output).length === 0 ? undefined : output;
  } catch {
    return undefined; // told as missing
  }
}

/** The path as the new project says it: relative where it lies near. */
function within(target: string, path: string): string {
  const near = relative(target, path).replaceAll("\\", "/");
  return near.startsWith("../../../") ? path : near;
}
