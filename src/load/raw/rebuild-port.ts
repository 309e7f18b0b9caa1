// What a replay is told: what a load is told, but for what only the source could say.
import type { Audit } from "../audit-port.ts";
import type { LoadRequest } from "../request.ts";
import type { KeptSource } from "./kept-deliveries.ts";

export interface RebuildRequest extends Omit<LoadRequest, "deliveries" | "sourceState" | "fullRefresh" | "raw" | "replay" | "partition"> {
  /** Folder of the raw zone. */
  readonly root: string;
  readonly file: KeptSource["file"];
  /** What is asked of the asset once, when all loads are carried out; `audit` is asked after each. */
  readonly finalAudit?: Audit;
}
