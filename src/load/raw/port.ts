// What a load is told about keeping what it receives.
import type { Json, RowsDelivery } from "../connector.ts";
import type { Journal } from "./journal.ts";

export interface Keeping {
  /** Folder of the raw zone. */
  readonly root: string;
  /** Pages of this load survive its death; what an earlier try left. */
  readonly pending?: PendingPages;
}

/** The pages of one load on their way. */
export interface PendingPages {
  /** Pages that an earlier try received. */
  readonly pages: number;
  /** Where the source goes on; undefined: from its beginning. */
  readonly resume: Json | undefined;
  received(): AsyncIterable<RowsDelivery>;
  open(): Promise<Journal>;
  remove(): Promise<void>;
}
