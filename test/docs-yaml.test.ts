// YAML that the guides only show, because nobody here runs an SFTP server for a reader, is still true: each block is read as a project with all its keys checked.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { connectors } from "../src/connectors/index.ts";
import { parse } from "yaml";
import { guideOf } from "./guides.ts";
import { millrace, project, repository } from "./millrace.ts";

type Mapping = Readonly<Record<string, any>>;

const folder = join(repository, "docs");
const guides = readdirSync(folder).filter((name) => name.endsWith(".md") && name !== "reference.md");
const EXPORT_KEYS = new Set(["select", "sql", "to"]);

interface Shown {
  readonly kind: "project" | "source" | "export";
  readonly value: Mapping;
}

/** Definitions that stand in blocks without a name of a file, each under the name of the folder it belongs to. */
function shown(text: string): readonly Shown[] {
  const blocks = [...text.matchAll(/(^.*)\n```yaml\n([\s\S]*?)```/gm)].filter(([, before]) => !/^`[\w./]+\.\w+`/.test(before!));
  return blocks
    .flatMap(([, , block]) => block!.split(/^# \S+\.yaml$/m))
    .filter((part) => part.trim() !== "")
    .flatMap((part): Shown[] => {
      const value = parse(part) as Mapping;
      const [first = ""] = Object.keys(value);
      if (first === "connections") return [{ kind: "project" as const, value }];
      if (EXPORT_KEYS.has(first))
        return [{ kind: "export" as const, value: "select" in value || !("sql" in value) ? { ...value, select: "raw.shown" } : value }];
      if ("from" in value) return [{ kind: "source" as const, value }];
      const isList = Object.keys(value).every((key) => key in connectors);
      return isList
        ? Object.entries(value).map(([key, options]) => ({ kind: "source" as const, value: { from: { [key]: options } } }))
        : [];
    });
}

/** The project that a guide shows: what its blocks name is there, and no server is asked. */
function projectOf(name: string): Readonly<Record<string, string>> | undefined {
  const text = readFileSync(join(folder, name), "utf8");
  const definitions = shown(text);
  if (definitions.length === 0) return undefined;
  const guide = guideOf(join(folder, name)).files;
  const config = parse(guide["millrace.yaml"] ?? "name: shown") as Mapping;
  const connections: Record<string, Mapping> = { ...config["connections"] };
  const files: Record<string, string> = {
    ...guide,
    "data/shown.csv": "id\n1\n",
    "sources/shown.yaml": "from: { files: { path: data/shown.csv } }\n",
  };
  // What a guide shares may be made by a model that it does not show.
  for (const [path, written] of Object.entries(guide))
    if (path.startsWith("exports/")) files[path] = written.replace(/^select: .*$/m, "select: raw.shown");
  for (const { kind, value } of definitions) if (kind === "project") Object.assign(connections, value["connections"]);
  for (const [index, { kind, value }] of definitions.entries()) {
    if (kind === "project") continue;
    const place = (kind === "source" ? value["from"] : value["to"]) as Mapping;
    const [connector = ""] = Object.keys(place);
    const named = place[connector]?.connection as string | undefined;
    if (named !== undefined) connections[named] ??= { [connector]: {} };
    if (place[connector]?.tables !== undefined) {
      const { tables: _tables, ...rest } = place[connector] as Mapping;
      Object.assign(place, { [connector]: { ...rest, table: "shown" } });
      Object.assign(value, { primaryKey: "id" });
    }
    files[`${kind}s/shown_${index}.yaml`] = JSON.stringify(kind === "source" ? { ...value, name: `raw.shown_${index}` } : value);
  }
  const secrets = new Set([...text.matchAll(/\$\{secret:(\w+)\}/g)].map((match) => match[1]!));
  files["secrets.env"] = [...secrets].map((secret) => `${secret}=x\n`).join("");
  files["millrace.yaml"] = JSON.stringify({ ...config, connections });
  return files;
}

it.each(guides.filter((name) => projectOf(name) !== undefined))("what docs/%s shows has no key or value that is wrong", async (name) => {
  const { dir, remove } = project(projectOf(name)!);
  const listed = await millrace(["ls"], dir);
  expect(listed.stderr).toBe("");
  expect(listed.exitCode).toBe(0);
  remove();
});
