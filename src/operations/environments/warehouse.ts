// The warehouse of an environment that is not prod.
import { type EnvironmentWarehouse, warehouseOf } from "../../sql/environments/warehouse.ts";
import type { Workspace } from "../workspace.ts";

export async function environmentWarehouse(workspace: Workspace, name?: string): Promise<EnvironmentWarehouse> {
  return warehouseOf(await workspace.commonWarehouse(), name ?? (await workspace.environment()).name);
}
