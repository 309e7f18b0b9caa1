// The registry of connectors.
import type { Connector } from "../load/connector.ts";
import { files } from "./files/index.ts";
import { http } from "./http/index.ts";

export const connectors = { files, http } satisfies Record<string, Connector>;
