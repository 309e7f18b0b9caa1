// The registry of connectors.
import type { Connector } from "../load/connector.ts";
import { files } from "./files/index.ts";
import { http } from "./http/index.ts";
import { singer } from "./singer/index.ts";

export const connectors = { files, http, singer } satisfies Record<string, Connector>;
