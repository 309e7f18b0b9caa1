// The files that `add` makes: sources/NAME.yaml, a connection in millrace.yaml with its comments kept, secrets.env that only its owner reads.
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Discovered } from "../../load/connector.ts";
import { MillraceError } from "../../model/errors.ts";
import { columnNames, snakeName } from "../../model/names.ts";
import { CONFIG_FILE, PROJECT_FILE } from "../../project/find.ts";
import { SECRETS_FILE } from "../../project/secrets.ts";
import { Document, isMap, parseDocument, stringify } from "yaml";
import type { Settings } from "./settings.ts";

const YAML = { lineWidth: 140, collectionStyle: "any" } as const;

export interface SourceFile {
  readonly file: string;
  readonly asset: string;
  readonly text: string;
}

interface SourceRequest {
  readonly connector: string;
  readonly from: Readonly<Record<string, unknown>>;
  readonly name: string | undefined;
  /** It is the only one: the name is its. */
  readonly alone: boolean;
  /** Types in a server's words are none of ours: a load takes them over exactly as long as nothing is declared. */
  readonly types: "declared" | "ofServer";
}

/** A source with the columns and keys that were found. */
export function sourceFileOf(one: Discovered, { connector, from, name, alone, types }: SourceRequest): SourceFile {
  const plain = snakeName(alone && name !== undefined ? name : one.name.slice(one.name.lastIndexOf(".") + 1)) || connector;
  const labels = one.columns?.map((column) => column.name) ?? [];
  const names = columnNames(labels, "snake");
  const named = (label: string): string => names[labels.indexOf(label)] ?? label;
  const columns = (one.columns ?? []).map(({ name: label, type }, index) => [
    names[index]!,
    { ...(names[index] === label ? {} : { from: label }), ...(types === "declared" ? { type: type.toLowerCase() } : {}) },
  ]);
  const key = one.primaryKey?.map(named) ?? [];
  const source = {
    from: { [connector]: from },
    ...(key.length === 0 ? {} : { primaryKey: key.length === 1 ? key[0] : key }),
    // Without a key a cursor adds rows that changed a second time: the user must want that.
    ...(one.cursor === undefined || key.length === 0 ? {} : { cursor: named(one.cursor), load: "merge" }),
    ...(columns.length === 0 ? {} : { columns: Object.fromEntries(columns) as Record<string, unknown> }),
  };
  const text = types === "declared" ? stringify(source, YAML) : withTypes(source, one.columns ?? [], names);
  return { file: `sources/${plain}.yaml`, asset: `raw.${plain}`, text };
}

/** The server's types stand behind the columns as comments. */
function withTypes(source: object, columns: readonly { readonly type: string }[], names: readonly string[]): string {
  const document = new Document(source);
  for (const [index, { type }] of columns.entries()) {
    const column = document.getIn(["columns", names[index]!], true);
    if (!isMap(column)) continue;
    column.flow = true;
    column.comment = ` ${type}`;
  }
  return document.toString(YAML);
}

/** All or none. @throws MR8505 when a file is there already. */
export function writeNew(dir: string, sources: readonly SourceFile[]): void {
  const taken = sources.find(({ file }, index) => existsSync(join(dir, file)) || sources.findIndex((other) => other.file === file) < index);
  if (taken !== undefined)
    throw new MillraceError({ code: "MR8505", message: `${taken.file} is there already`, hint: "give the source another name: --name" });
  for (const { file, text } of sources) {
    mkdirSync(join(dir, "sources"), { recursive: true });
    writeFileSync(join(dir, file), text, { flag: "wx" });
  }
}

/** Appends NAME="value" lines; the file can be read by its owner alone, and git is told to leave it out. */
export function writeSecrets(dir: string, secrets: ReadonlyMap<string, string>): void {
  if (secrets.size === 0) return;
  const path = join(dir, SECRETS_FILE);
  const before = existsSync(path) ? readFileSync(path, "utf8") : "";
  const known = new Set([...before.matchAll(/^(?:export\s+)?([\w.-]+)\s*=/gm)].map((match) => match[1]!));
  const lines = [...secrets].filter(([name]) => !known.has(name)).map(([name, value]) => `${name}=${quoted(value)}\n`);
  appendFileSync(path, `${before === "" || before.endsWith("\n") ? "" : "\n"}${lines.join("")}`, { mode: 0o600 });
  chmodSync(path, 0o600);
  const ignore = join(dir, ".gitignore");
  const ignored = existsSync(ignore) ? readFileSync(ignore, "utf8") : "";
  if (!ignored.split("\n").some((line) => line.trim().replace(/^\//, "") === SECRETS_FILE))
    appendFileSync(ignore, `${ignored === "" || ignored.endsWith("\n") ? "" : "\n"}${SECRETS_FILE}\n`);
}

function quoted(value: string): string {
  return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t")}"`;
}

/** @throws MR8502 when the project's configuration is code. */
export async function writeConnection(dir: string, name: string, connector: string, settings: Settings): Promise<void> {
  const path = join(dir, PROJECT_FILE);
  if (!existsSync(path))
    throw new MillraceError({
      code: "MR8502",
      message: `${CONFIG_FILE} is code: add the connection ${name} there by hand`,
      hint: `connections: { ${name}: { ${connector}: … } }`,
    });
  const document = parseDocument(readFileSync(path, "utf8"));
  document.setIn(["connections", name], document.createNode({ [connector]: settings }));
  const beside = `${path}.part`;
  writeFileSync(beside, document.toString(YAML));
  renameSync(beside, path);
}
