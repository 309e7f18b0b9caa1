// The registry of SQL engines besides DuckDB: one line per engine.
import type { EngineCapabilities, SqlEngine } from "../load/engine-port.ts";
import { postgresCapabilities } from "./postgres/capabilities.ts";

/** What each engine can do: known without loading what does it. */
export const engineCapabilities: Readonly<Record<string, EngineCapabilities & { readonly connector: string }>> = {
  postgres: { ...postgresCapabilities, connector: "postgres" },
};

const engines: Readonly<Record<string, () => Promise<SqlEngine>>> = {
  postgres: async () => (await import("./postgres/index.ts")).postgresEngine,
};

/** Undefined for a name that is no engine's. */
export async function engineNamed(name: string): Promise<SqlEngine | undefined> {
  return Object.hasOwn(engines, name) ? engines[name]!() : undefined;
}
