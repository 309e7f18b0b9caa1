// What stands between staging and the transaction of a load: plain values and the names of tables.
import type { LoadMode } from "../model/definitions/source.ts";
import type { ColumnPlan } from "./columns.ts";
import type { Json } from "./connector.ts";
import type { LoadContract } from "./contract.ts";
import type { Conversion } from "./convert.ts";
import type { Memory } from "./memory.ts";
import type { FilteredRows } from "./merge.ts";
import type { RawManifest } from "./raw/ledger.ts";
import type { LoadRequest } from "./request.ts";
import type { StagedItem } from "./staged.ts";

/** Everything a load knows before its transaction. */
export interface Prepared {
  readonly request: LoadRequest;
  readonly memory: Memory;
  readonly mode: LoadMode;
  readonly contract: LoadContract;
  readonly loadId: string;
  readonly contentHash: string;
  readonly plan: ColumnPlan;
  readonly conversion: Conversion;
  readonly items: readonly StagedItem[];
  readonly replacedFiles: readonly string[];
  /** No delivery was a file: the same record may come again in a later load. */
  readonly rowsOnly: boolean;
  /** The source gives each row once: no row is left out for what the cursor says. */
  readonly isExact?: boolean;
  readonly position: Json | undefined;
  readonly keys: readonly string[];
  readonly cursor: string | null;
  /** Rows of the work table that were left out before the transaction. */
  readonly filtered: readonly FilteredRows[];
  readonly startedMs: number;
  /** What of the load is kept; undefined where nothing is to be. */
  readonly raw?: RawManifest;
  /** What the guards say. */
  readonly doubts?: readonly string[];
}
