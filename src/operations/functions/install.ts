// Before SQL of the project is run: what it may call is there, macros and functions of TypeScript.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBInstance } from "@duckdb/node-api";
import { PROD } from "../../model/environment.ts";
import type { Project } from "../../project/reader.ts";
import type { Warehouse } from "../../sql/warehouse.ts";
import type { Workspace } from "../workspace.ts";

/** Per instance: name → code of the function that is registered. */
const registered = new WeakMap<DuckDBInstance, Map<string, string>>();

/** Calls a function of the project's. */
type Around = <Value>(call: () => Value) => Value;

/** `view`: the asset that is about to be made as a view. `around`: what calls functions of TypeScript, of an instance always the same. */
export async function installFunctions(
  project: Pick<Project, "dir" | "macros" | "functions">,
  warehouse: Warehouse,
  { view, around = (call) => call() }: { readonly view?: string; readonly around?: Around } = {},
): Promise<void> {
  const { macros, functions } = project;
  if (functions.length > 0) await registerAll(project, warehouse, around);
  const { installMacros } = await import("../../sql/functions/install.ts");
  await installMacros(warehouse, macros, view === undefined ? {} : { view });
}

async function registerAll({ dir, functions }: Pick<Project, "dir" | "functions">, warehouse: Warehouse, around: Around): Promise<void> {
  const known = registered.get(warehouse.instance) ?? new Map<string, string>();
  registered.set(warehouse.instance, known);
  const missing = functions.filter(({ name, codeHash }) => known.get(name) !== codeHash);
  if (missing.length === 0) return;
  const [{ loadDefinition }, { registerFunction }] = await Promise.all([
    import("../../project/modules.ts"),
    import("../../sql/functions/own.ts"),
  ]);
  for (const { file, exportName, name, codeHash } of missing) {
    const definition = (await loadDefinition(dir, file, exportName)) as Parameters<typeof registerFunction>[1];
    const call: typeof definition.call = (...values) => around(() => definition.call(...values));
    await warehouse.session(async ({ connection }) => registerFunction(connection, { ...definition, call }));
    known.set(name, codeHash);
  }
}

/** For queries of a person: prod's macros stand in the warehouse; those of an environment are made anew, since its views may call them. */
export async function warehouseToRead(workspace: Workspace): Promise<Warehouse> {
  const [warehouse, { name }] = [await workspace.warehouse(), await workspace.environment()];
  if (name === PROD || !existsSync(join(workspace.codeDir, "macros"))) return warehouse;
  await installFunctions({ ...(await workspace.projectWithErrors()), functions: [] }, warehouse);
  return warehouse;
}
