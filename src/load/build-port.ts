// The port between an attempt and what builds an asset from others: a materialization or a transform in TypeScript.
import type { Contents } from "../sql/fingerprint/contents.ts";
import type { AttemptToken } from "../sql/ledger/fence.ts";
import type { Warehouse } from "../sql/warehouse.ts";
import type { Audit } from "./audit-port.ts";
import type { PartitionRequest } from "./partition-port.ts";
import type { CheckResult, CompiledCheck } from "./check.ts";

export interface BuildRequest {
  readonly warehouse: Warehouse;
  readonly token: AttemptToken;
  /** Hash of everything in the definition that changes what is built. */
  readonly codeHash: string;
  /** Of each asset that it reads the version, or a hash of what it reads of it. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The versions of those assets: what a build of an earlier Millrace noted. Left out: `inputs` are versions. */
  readonly versions?: Readonly<Record<string, string>>;
  /** Ids of what is built, where they follow from code and inputs alone. */
  readonly contents?: Contents | null | undefined;
  readonly checks: readonly CompiledCheck[];
  /** Runs `checks` on a table; a view's are run without it, on the view's query. */
  readonly audit: Audit;
  /** Builds although nothing changed, and gives the result a new version. */
  readonly fullRefresh: boolean;
  /** False: the result may differ although code and inputs are the same (volatile functions, files read by the SQL itself). Default true. */
  readonly mayReuse?: boolean;
  readonly signal: AbortSignal;
  /** The partitions to build; left out: the whole asset. */
  readonly partition?: PartitionRequest;
  /** Of an incremental model: what is made, whatever its ledger says. Left out: what is new or was touched. */
  readonly asked?: AskedIncrement;
}

export type AskedIncrement =
  | { readonly kind: "interval"; readonly startMs: number; readonly endMs: number }
  /** What the query gives from this moment on; null: from the beginning. */
  | { readonly kind: "since"; readonly sinceMs: number | null }
  /** All that the query gives, laid over what stands. */
  | { readonly kind: "whole" };

export type BuildResult = {
  readonly version: string;
  /** Nothing had changed: the live version stays. */
  readonly reused: boolean;
  /** Rows of the new version; null for a view. */
  readonly rows: number | null;
  readonly quarantined: number;
  /** Rows that were left out under a named rule. */
  readonly filtered?: number;
  /** Sentences for the log of the attempt. */
  readonly notes?: readonly string[];
  readonly checks: readonly CheckResult[];
};

/** The one asset that a model reads, as each of its loads left it. */
export interface InputStates {
  readonly asset: string;
  /** Calls `each` for one state after the other; `relation` is what of the asset stands then, qualified and quoted. */
  replay(each: (state: { readonly version: string; readonly moment: string; readonly relation: string }) => Promise<void>): Promise<void>;
}
