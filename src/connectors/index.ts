// The registry of connectors.
import type { Connector } from "../load/connector.ts";
import { files } from "./files/index.ts";
import { http } from "./http/index.ts";
import { postgres } from "./postgres/index.ts";
import { singer } from "./singer/index.ts";

export const connectors = { files, http, postgres, singer } satisfies Record<string, Connector>;
