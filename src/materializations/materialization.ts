// What a way of building a model is given and what it answers. One file per way, one line in index.ts.
import type { BuildRequest, BuildResult, InputStates } from "../load/build-port.ts";
import type { RemotePlace } from "../load/engine-port.ts";
import type { ModelSpec } from "../model/definitions/model.ts";
import type { SqlUnit } from "../sql/compile/errors.ts";
import type { Macro } from "../sql/functions/macros.ts";

export interface ModelRequest extends BuildRequest {
  /** The user's query, exactly as written, and its place in the file. */
  readonly unit: SqlUnit;
  /** What its front matter says. */
  readonly spec: ModelSpec;
  /** `now`, `start`, `end` (Date or ISO text), `partition`, and `param`: an object of texts. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** All that the project's queries may call; left out: none. */
  readonly macros?: readonly Macro[];
  /** In place of what it reads now: what it read, state by state. */
  readonly states?: InputStates;
  /** Paths of the front matter are relative to it. */
  readonly projectDir?: string;
  /** Of a model that runs on a server. */
  readonly remote?: RemotePlace;
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
