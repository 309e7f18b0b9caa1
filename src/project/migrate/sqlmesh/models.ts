// SQLMesh's models as models of Millrace.
import { lineAt, type Move, queryFile, yaml } from "../move.ts";
import { checksOf, type OwnAudit } from "./audits.ts";
import { type Call, readCall, readList, readStatement, split, unquote } from "./ddl.ts";
import { plainSql } from "./sql.ts";

export interface SqlmeshFile {
  readonly path: string;
  readonly text: string;
}

export interface ModelContext {
  readonly move: Move;
  readonly audits: ReadonlyMap<string, OwnAudit>;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Text of a file that a model names, relative to the model or the project. */
  read(from: string, path: string): string | undefined;
}

type Matter = Readonly<Record<string, unknown>>;

const KNOWN = new Set(
  "name kind description owner tags grain grains references cron audits columns column_descriptions start dialect enabled stamp interval_unit title".split(
    " ",
  ),
);

export function moveModel(context: ModelContext, file: SqlmeshFile): void {
  const { move } = context;
  const at = (offset: number): { file: string; line: number } => ({ file: file.path, line: lineAt(file.text, offset) });
  const statement = readStatement(file.text);
  const name = statement?.properties.get("name");
  if (statement?.kind !== "MODEL" || name === undefined) return move.note(at(0), "has no MODEL (name …) that can be read");
  const { properties, statements } = statement;
  if (properties.get("enabled")?.toLowerCase() === "false") return move.note(at(0), "is disabled and was left out");
  const asset = assetName(name);
  for (const key of properties.keys()) if (!KNOWN.has(key)) move.note(at(file.text.indexOf(key)), `the property ${key} was left out`);
  const kind = readCall(properties.get("kind") ?? "VIEW");
  const checks = checksOf(properties.get("audits"), asset, context.audits, (audit) =>
    move.note(at(file.text.indexOf(audit)), `the audit ${audit} has no check that says the same`),
  );
  const cron = properties.get("cron");
  if (cron !== undefined && !/^'?@daily'?$/i.test(cron))
    move.note(at(file.text.search(/\bcron\b/i)), `cron ${cron}: a job's schedule says when it runs`);
  const common = {
    description: text(properties.get("description")),
    owner: text(properties.get("owner")),
    tags: readList(properties.get("tags")),
  };
  if (kind.name === "seed") return moveSeed(context, file, { asset, kind, common, checks, columns: properties.get("columns") });
  const queries = statements.filter(({ text: sql }) => /^\s*(?:(?:--[^\n]*\n|\/\*[\s\S]*?\*\/)\s*)*(select|with|from|\()/i.test(sql));
  const query = queries.at(-1);
  if (query === undefined) return move.note(at(0), "has no query that can be read (JINJA_QUERY and Python models are not turned)");
  for (const other of statements)
    if (other !== query) move.note(at(other.at + 1), "a statement before or after the query was left out; a task of a job can run it");
  const plain = plainSql(query.text, context.variables);
  if (plain.unknown !== undefined)
    return move.note(at(query.at + plain.unknown.at), `the macro ${plain.unknown.name} is not turned; write what it stands for`);
  const way = keeping(kind, properties);
  if (way === undefined) return move.note(at(file.text.search(/\bkind\b/i)), `kind ${kind.name.toUpperCase()} has no counterpart`);
  const matter = { ...common, ...way, checks, columns: columnsOf(properties) };
  move.add(modelPath(asset), queryFile(matter, withoutCatalog(plain.sql, name)), at(0));
}

/** Front matter that keeps the rows as the kind does; undefined for a kind that is not known. */
function keeping(kind: Call, properties: ReadonlyMap<string, string>): Matter | undefined {
  const grain = readList(properties.get("grain"));
  const key = readList(kind.given.get("unique_key"));
  switch (kind.name) {
    case "view":
    case "embedded":
      return {};
    case "full":
      return { materialize: "table", key: grain };
    case "incremental_by_time_range": {
      const by = readList(kind.given.get("time_column"))[0];
      const unit = { "@hourly": "hour", "@weekly": "week", "@monthly": "month" }[unquote(properties.get("cron") ?? "")] ?? "day";
      const lookback = Number(kind.given.get("lookback") ?? 0);
      const days = unit === "hour" ? `${lookback}h` : `${lookback * ({ week: 7, month: 31 }[unit] ?? 1)}d`;
      const start = text(properties.get("start"));
      return {
        materialize: "incremental",
        incremental: { by, unit, ...(lookback > 0 ? { lookback: days } : {}), ...(start === undefined ? {} : { start }) },
      };
    }
    case "incremental_by_unique_key":
      return { materialize: "incremental", key, incremental: { mode: "merge", deletes: "ignore" } };
    case "incremental_by_partition":
      return {
        materialize: "incremental",
        incremental: { mode: "partition", by: readList(properties.get("partitioned_by")), deletes: "ignore" },
      };
    case "scd_type_2":
    case "scd_type_2_by_time":
      return {
        materialize: "snapshot",
        key,
        snapshot: { by: "timestamp", updatedAt: unquote(kind.given.get("updated_at_name") ?? "updated_at"), deletes: deletes(kind) },
      };
    case "scd_type_2_by_column": {
      const columns = readList(kind.given.get("columns"));
      return {
        materialize: "snapshot",
        key,
        snapshot: { by: "columns", ...(columns.includes("*") ? {} : { columns }), deletes: deletes(kind) },
      };
    }
    default:
      return undefined;
  }
}

function deletes(kind: Call): "close" | "ignore" {
  return kind.given.get("invalidate_hard_deletes")?.toLowerCase() === "true" ? "close" : "ignore";
}

interface Seed {
  readonly asset: string;
  readonly kind: Call;
  readonly common: Matter;
  readonly checks: readonly Matter[];
  readonly columns: string | undefined;
}

function moveSeed({ move, ...files }: ModelContext, file: SqlmeshFile, { asset, kind, common, checks, columns }: Seed): void {
  const at = { file: file.path, line: 1 };
  const path = unquote(kind.given.get("path") ?? "");
  const rows = files.read(file.path, path);
  if (rows === undefined) return move.note(at, `its file ${path} is not there`);
  const copy = `seeds/${asset.replace(".", "_")}.csv`;
  move.add(copy, rows, at);
  const types = Object.fromEntries(typesOf(columns).map(([name, type]) => [name, { type }]));
  const source = { name: asset, ...common, from: { files: { path: copy } }, names: "keep", columns: types, checks };
  move.add(`sources/${asset.replace(".", "_")}.yaml`, yaml(source), at);
}

/** `(a INT, b TEXT)` → names and types. */
export function typesOf(columns: string | undefined): readonly (readonly [string, string])[] {
  const inside = /^\(([\s\S]*)\)$/.exec(columns?.trim() ?? "")?.[1] ?? "";
  return split(inside, ",").flatMap(({ text: part }) => {
    const found = /^"?([\w ]+?)"?\s+([\s\S]+)$/.exec(part.trim());
    return found === null ? [] : [[found[1]!, found[2]!.trim()] as const];
  });
}

function columnsOf(properties: ReadonlyMap<string, string>): Matter {
  const found: Record<string, { type?: string; description?: string }> = {};
  for (const [name, type] of typesOf(properties.get("columns"))) found[name] = { type };
  for (const [name, described] of readCall(`x ${properties.get("column_descriptions") ?? ""}`).given)
    found[name] = { ...found[name], description: unquote(described) };
  return found;
}

/** `catalog.schema.name` → `schema.name`; a name alone stands in `main`. */
export function assetName(name: string): string {
  const parts = name.split(".").map((part) => unquote(part).replaceAll(/\W+/g, "_"));
  return parts.length === 1 ? `main.${parts[0]}` : parts.slice(-2).join(".");
}

function modelPath(asset: string): string {
  return `models/${asset.replace(".", "/").replace(/^main\//, "")}.sql`;
}

function withoutCatalog(sql: string, name: string): string {
  const [catalog, ...rest] = name.split(".");
  return rest.length < 2 ? sql : sql.replaceAll(new RegExp(`\\b${catalog}\\.(?=\\w+\\.\\w+)`, "g"), "");
}

function text(value: string | undefined): string | undefined {
  return value === undefined ? undefined : unquote(value);
}
