// Before SQL of the project is run: what it may call is there, macros and functions of TypeScript.
import type { DuckDBInstance } from "@duckdb/node-api";
import type { Project } from "../../project/reader.ts";
import type { Warehouse } from "../../sql/warehouse.ts";

/** Per instance: name → code of the function that is registered. */
const registered = new WeakMap<DuckDBInstance, Map<string, string>>();

export async function installFunctions(project: Pick<Project, "dir" | "macros" | "functions">, warehouse: Warehouse): Promise<void> {
  const { macros, functions } = project;
  if (functions.length > 0) await registerAll(project, warehouse);
  const { installMacros } = await import("../../sql/macro-install.ts");
  await installMacros(warehouse, macros);
}

async function registerAll({ dir, functions }: Pick<Project, "dir" | "functions">, warehouse: Warehouse): Promise<void> {
  const known = registered.get(warehouse.instance) ?? new Map<string, string>();
  registered.set(warehouse.instance, known);
  const missing = functions.filter(({ name, codeHash }) => known.get(name) !== codeHash);
  if (missing.length === 0) return;
  const [{ loadDefinition }, { registerFunction }] = await Promise.all([
    import("../../project/modules.ts"),
    import("../../sql/own-functions.ts"),
  ]);
  for (const { file, exportName, name, codeHash } of missing) {
    const definition = (await loadDefinition(dir, file, exportName)) as Parameters<typeof registerFunction>[1];
    await warehouse.session(async ({ connection }) => registerFunction(connection, definition));
    known.set(name, codeHash);
  }
}
