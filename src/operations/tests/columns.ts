// Columns of what tests give: as the compiled project knows them. The warehouse is looked into, never opened for writing, and only when it is free.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { DuckDBConnection, DuckDBType } from "@duckdb/node-api";
import { HISTORY_COLUMNS } from "../../load/snapshot.ts";
import type { NodeId } from "../../model/graph.ts";
import type { Project } from "../../project/reader.ts";
import type { CompiledColumn, KnownSchema } from "../../sql/compile/types.ts";
import { Session } from "../../sql/session.ts";
import { literal } from "../../sql/text.ts";
import { peekSource } from "../attempts/sources.ts";
import type { Workspace } from "../workspace.ts";

const ATTACHED = "_millrace_known";

interface LiveColumns {
  readonly columns: readonly CompiledColumn[];
  readonly codeHash: string;
}

/** Columns of every asset that is not made of SQL: as declared, over those that were loaded last, over those that its files begin with. */
export async function schemasForTests(
  workspace: Workspace,
  project: Project,
  connection: DuckDBConnection,
): Promise<ReadonlyMap<NodeId, KnownSchema>> {
  const live = await liveColumns(workspace, project, connection);
  const schemas = new Map<NodeId, KnownSchema>();
  for (const node of project.nodes) {
    if (node.kind === "model" || node.kind === "export" || node.kind === "task") continue;
    const loaded = live.get(node.id);
    const isSource = node.kind === "source";
    const found = loaded?.columns ?? (isSource ? await peekSource(workspace, project, node, connection) : null);
    if (found === null || found === undefined || found.length === 0) continue;
    const declared = node.kind === "transform" ? new Map<string, string>() : declaredTypes(node.spec.columns);
    const pii = node.kind === "transform" ? {} : (node.spec.pii ?? {});
    const columns = found.flatMap(({ name, type }) => {
      if (pii[name] === "drop") return [];
      return [{ name, type: pii[name] !== undefined ? "VARCHAR" : (declared.get(name.toLowerCase()) ?? type) }];
    });
    const isHistory = node.kind !== "transform" && node.spec.load === "snapshot" && loaded === undefined;
    schemas.set(node.id, { columns: isHistory ? [...columns, ...HISTORY_COLUMNS] : columns, certain: loaded?.codeHash === node.codeHash });
  }
  return schemas;
}

/** Types that a definition says, by lower-case name; a column may have none. */
export function declaredTypes(
  columns: Readonly<Record<string, string | { readonly type?: string | undefined }>> = {},
): Map<string, string> {
  return new Map(
    Object.entries(columns).flatMap(([name, column]) => {
      const type = typeof column === "string" ? undefined : column.type;
      return type === undefined ? [] : [[name.toLowerCase(), type] as const];
    }),
  );
}

async function liveColumns(
  workspace: Workspace,
  { config }: Project,
  connection: DuckDBConnection,
): Promise<ReadonlyMap<NodeId, LiveColumns>> {
  const path = resolve(workspace.dir, config.warehouse?.duckdb?.path ?? ".millrace/warehouse.duckdb");
  if (!existsSync(path)) return new Map();
  const session = new Session(connection);
  try {
    await session.run(`attach ${literal(path)} as ${ATTACHED} (read_only)`);
  } catch {
    return new Map(); // held by a run or an engine, or damaged: the files tell
  }
  try {
    const rows = await session.rows<{ asset: string; columns: string; code_hash: string }>(
      `select v.asset, v.columns, v.code_hash from ${ATTACHED}._millrace.environments e
       join ${ATTACHED}._millrace.versions v on v.asset = e.asset and v.version = e.version where e.environment = 'prod'`,
    );
    return new Map(
      rows.map(({ asset, columns, code_hash }) => [
        asset,
        { columns: JSON.parse(columns) as readonly CompiledColumn[], codeHash: code_hash },
      ]),
    );
  } catch {
    return new Map(); // of an older layout
  } finally {
    await session.run(`detach ${ATTACHED}`);
  }
}

const known = new Map<string, DuckDBType>();

/** DuckDB's types by their text; undefined for a text that is no type. */
export async function duckdbTypes(
  connection: DuckDBConnection,
  texts: readonly string[],
): Promise<ReadonlyMap<string, DuckDBType | undefined>> {
  const missing = [...new Set(texts)].filter((text) => !known.has(text));
  const ask = async (asked: readonly string[]): Promise<void> => {
    const statement = await connection.prepare(`select ${asked.map((text) => `cast(null as ${text})`).join(", ")}`);
    for (const [index, text] of asked.entries()) known.set(text, statement.columnType(index));
    statement.destroySync();
  };
  if (missing.length > 0)
    await ask(missing).catch(async () => {
      for (const text of missing) await ask([text]).catch(() => undefined); // a type of another engine stays unknown
    });
  return new Map(texts.map((text) => [text, known.get(text)]));
}
