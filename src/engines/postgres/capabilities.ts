// What PostgreSQL does of what DuckDB does: as data, so that the rest is refused where it is written.
import type { EngineCapabilities } from "../../load/engine-port.ts";

export const postgresCapabilities: EngineCapabilities = {
  materializations: ["view", "table", "incremental"],
  checks: ["row", "duplicates", "count", "query"],
  checksRefused: [],
  quarantine: false,
  partitions: false,
  incremental: { modes: ["time", "merge"], settings: ["mode", "by", "unit", "start", "lookback", "batch"] },
  copies: true,
  inPlace: true,
  lineage: "columns as DuckDB reads them",
  transactionalDdl: true,
  parameters: true,
};
