// What a way of building a model is given and what it answers. One file per way, one line in index.ts.
import type { Audit } from "../load/audit-port.ts";
import type { CheckResult, CompiledCheck } from "../load/check.ts";
import type { AttemptToken } from "../sql/fence.ts";
import type { SqlUnit } from "../sql/errors.ts";
import type { Warehouse } from "../sql/warehouse.ts";

export interface BuildRequest {
  readonly warehouse: Warehouse;
  readonly token: AttemptToken;
  /** Hash of everything in the definition that changes what is built. */
  readonly codeHash: string;
  /** Version of each asset that it reads. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly checks: readonly CompiledCheck[];
  /** Runs `checks` on a table; a view's are run without it, on the view's query. */
  readonly audit: Audit;
  /** Builds although nothing changed, and gives the result a new version. */
  readonly fullRefresh: boolean;
  /** False: the result may differ although code and inputs are the same (volatile functions, files read by the SQL itself). Default true. */
  readonly mayReuse?: boolean;
  readonly signal: AbortSignal;
}

export interface ModelRequest extends BuildRequest {
  /** The user's query, exactly as written, and its place in the file. */
  readonly unit: SqlUnit;
  /** `now`, `start`, `end` (Date or ISO text), `partition`, and `param`: an object of texts. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface BuildResult {
  readonly version: string;
  /** Nothing had changed: the live version stays. */
  readonly reused: boolean;
  /** Rows of the new version; null for a view. */
  readonly rows: number | null;
  readonly quarantined: number;
  readonly checks: readonly CheckResult[];
}

export interface Materialization {
  readonly name: string;
  readonly summary: string;
  /** Publishes the new version in one transaction. @throws MR4501 stopped by a check, MR4604 the SQL failed, MR5006 stale attempt. */
  build(request: ModelRequest): Promise<BuildResult>;
}

export function defineMaterialization(materialization: Materialization): Materialization {
  return materialization;
}
