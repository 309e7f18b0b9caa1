// The registry of connectors.
import type { Connector } from "../load/connector.ts";
import { files } from "./files/index.ts";
import { http } from "./http/index.ts";
import { postgres } from "./postgres/index.ts";
import { singer } from "./singer/index.ts";
import { duckdb } from "./duckdb/index.ts";
import { mysql } from "./mysql/index.ts";
import { sqlite } from "./sqlite/index.ts";

export const connectors = { files, http, postgres, singer, duckdb, mysql, sqlite } satisfies Record<string, Connector>;
