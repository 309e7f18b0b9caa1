// What a load is given and what it answers.
import type { SourceSpec } from "../model/definitions/source.ts";
import type { RowCounts } from "../model/plan.ts";
import type { AttemptToken } from "../sql/fence.ts";
import type { Audit } from "./audit-port.ts";
import type { CheckResult, CompiledCheck } from "./check.ts";
import type { PartitionRequest } from "./partition-port.ts";
import type { Delivery, Json } from "./connector.ts";

export interface LoadRequest {
  readonly asset: string;
  readonly spec: Pick<
    SourceSpec,
    "primaryKey" | "cursor" | "load" | "lookback" | "columns" | "names" | "contract" | "changedFile" | "pii" | "nested" | "deletes"
  >;
  /** Deliveries in a stable order; read once. An error thrown here fails the load. */
  readonly deliveries: AsyncIterable<Delivery>;
  readonly token: AttemptToken;
  readonly codeHash: string;
  readonly sourceState: string | null;
  readonly audit: Audit;
  /** What `audit` runs, for the place in an error. */
  readonly checks?: readonly CompiledCheck[];
  readonly repair: "note" | "quarantine";
  /** Forget what was loaded before: schema, cursor, files. */
  readonly fullRefresh: boolean;
  /** For rows of pages on their way into DuckDB. Must exist. */
  readonly tempDir: string;
  /** The deliveries are of these partitions, and replace their rows. */
  readonly partition?: PartitionRequest;
  readonly signal?: AbortSignal;
  log?(level: "info" | "warn", message: string): void;
}

export type LoadResult = {
  /** Id of the load: what `_load` shows. */
  readonly load: string;
  readonly version: string;
  /** False: readers see the same contents as before. */
  readonly changed: boolean;
  readonly rows: RowCounts;
  /** Rows left out by a named rule: `superseded`, `alreadyLoaded`, `beforeCursor`, `unchanged`. */
  readonly filtered: Readonly<Record<string, number>>;
  readonly checks: readonly CheckResult[];
  readonly files: number;
  /** Rows of the asset after the load. */
  readonly total: number;
  readonly cursor: Json | null;
  readonly warnings: readonly string[];
};
