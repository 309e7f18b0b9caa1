// `millrace init --from sqlmesh DIR`: a SQLMesh project as a project of Millrace. What cannot be turned is a note with its file and line.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parse } from "yaml";
import { messageOf, MillraceError } from "../../../model/errors.ts";
import { matchFiles } from "../../../platform/glob.ts";
import { mapping, Move, type Moved, type Values, word, yaml } from "../move.ts";
import { ownAudits } from "./audits.ts";
import { assetName, moveModel, type SqlmeshFile } from "./models.ts";
import { moveTests } from "./tests.ts";

const CONNECTION = "sqlmesh";

/** @throws MR9101 no SQLMesh project, MR9102 its settings cannot be read. */
export async function fromSqlmesh(dir: string, target: string): Promise<Moved> {
  const root = resolve(dir);
  const settings = readSettings(root);
  const move = new Move();
  const filesOf = async (pattern: string): Promise<readonly SqlmeshFile[]> =>
    (await matchFiles(root, pattern)).map((path) => ({ path: path.replaceAll("\\", "/"), text: readFileSync(join(root, path), "utf8") }));
  const variables = Object.fromEntries(Object.entries(mapping(settings, "variables")).map(([name, value]) => [name.toLowerCase(), value]));
  const audits = ownAudits(await filesOf("audits/**/*.sql"));
  const read = (from: string, path: string): string | undefined => {
    const place = [join(root, dirname(from), path), join(root, path.replace(/^\$root\//, ""))].find((each) => existsSync(each));
    return place === undefined ? undefined : readFileSync(place, "utf8");
  };
  for (const file of await filesOf("models/**/*.sql")) moveModel({ move, audits, variables, read }, file);
  for (const file of await filesOf("tests/**/*.{yaml,yml}")) moveTests(move, file);
  for (const pattern of ["models/**/*.py", "macros/**/*.py"])
    for (const { path, text } of await filesOf(pattern))
      if (text.trim() !== "") move.note({ file: path, line: 1 }, "Python is not turned; write it as SQL or TypeScript");
  const connections = await moveExternals(move, await filesOf("external_models{,/*}.{yaml,yml}"), settings, {
    root,
    target: resolve(target),
  });
  const name = word(settings["project"]).trim();
  move.add("millrace.yaml", yaml({ name: name === "" ? "from-sqlmesh" : name.replaceAll(/\W+/g, "-"), connections }), {
    file: "config.yaml",
    line: 1,
  });
  return move.done();
}

function readSettings(root: string): Values {
  const path = ["config.yaml", "config.yml"].map((name) => join(root, name)).find((each) => existsSync(each));
  if (path === undefined) {
    const hint = existsSync(join(root, "config.py"))
      ? "a config.py is not read: write the same as config.yaml"
      : "name the folder that holds it";
    throw new MillraceError({ code: "MR9101", message: `there is no config.yaml in ${root}`, hint });
  }
  try {
    return (parse(readFileSync(path, "utf8")) ?? {}) as Values;
  } catch (error) {
    throw new MillraceError({ code: "MR9102", message: `${path} cannot be read: ${messageOf(error).split("\n")[0]}`, cause: error });
  }
}

/** Tables that SQLMesh reads but does not make. */
async function moveExternals(
  move: Move,
  files: readonly SqlmeshFile[],
  settings: Values,
  { root, target }: { readonly root: string; readonly target: string },
): Promise<Values> {
  const tables = files.flatMap(({ path, text }) => ((parse(text) ?? []) as readonly Values[]).map((values) => ({ path, values })));
  if (tables.length === 0) return {};
  const database = databaseOf(settings, root, target);
  if (database === undefined)
    move.note({ file: "config.yaml", line: 1 }, `say in millrace.yaml under connections.${CONNECTION} where the external models are`);
  for (const { path, values } of tables) {
    const asset = assetName(word(values["name"]));
    const columns = Object.fromEntries(Object.entries(mapping(values, "columns")).map(([column, type]) => [column, { type: word(type) }]));
    const source = {
      name: asset,
      description: values["description"],
      from: { [database?.connector ?? "postgres"]: { connection: CONNECTION, table: asset } },
      names: "keep",
      columns,
    };
    move.add(`sources/${asset.replace(".", "_")}.yaml`, yaml(source), { file: path, line: 1 });
  }
  return database === undefined ? {} : { [CONNECTION]: database.settings };
}

function databaseOf(settings: Values, root: string, target: string): { readonly connector: string; readonly settings: Values } | undefined {
  const gateways = mapping(settings, "gateways");
  const gateway = gateways[word(settings["default_gateway"])] ?? Object.values(gateways)[0];
  const connection = mapping(gateway, "connection");
  const { type, database } = connection;
  if (type === "duckdb" && typeof database === "string")
    return { connector: "duckdb", settings: { duckdb: { path: relative(target, resolve(root, database)).replaceAll("\\", "/") } } };
  if (type === "postgres") {
    const place = `${word(connection["host"])}:${word(connection["port"] ?? 5432)}/${word(database)}`;
    return {
      connector: "postgres",
      settings: { postgres: { url: `postgres://${word(connection["user"])}:\${secret:SQLMESH_PASSWORD}@${place}` } },
    };
  }
  return undefined;
}
