// Whether the environment of `--env` is one that anything knows: a name with a slip would otherwise show prod's data, to which what is not there falls through.
import { PROD } from "../model/environment.ts";
import { didYouMean } from "../model/suggest.ts";
import { MillraceError } from "../model/errors.ts";
import { gitBranches, safeEnvironmentName } from "../project/environment.ts";
import { readEnvironments } from "../sql/environments/ledger.ts";
import { readEngineFile } from "./serve/engine-file.ts";
import type { Workspace } from "./workspace.ts";

export interface EnvironmentWord {
  readonly environment: string;
  /** For a command that only looks; undefined where the warehouse, millrace.yaml or a git branch knows the name. */
  readonly unknown: MillraceError | undefined;
}

/** The warehouse is asked last: it is opened only for a name that nothing else knows. @throws MR1080 */
export async function environmentWord(workspace: Workspace): Promise<EnvironmentWord> {
  const { name: environment } = await workspace.environment();
  const { environments = {} } = await workspace.config();
  const named = Object.keys(environments)
    .filter((each) => each !== "*")
    .map(safeEnvironmentName);
  const elsewhere = new Set([PROD, ...named, ...gitBranches(workspace.dir).flatMap(safeName), readEngineFile(workspace.dir)?.environment]);
  if (elsewhere.has(environment)) return { environment, unknown: undefined };
  const rows = await (await workspace.commonWarehouse()).session((session) => readEnvironments(session));
  const built = rows.map((row) => row.environment);
  if (built.includes(environment)) return { environment, unknown: undefined };
  const known = [...new Set([PROD, ...named, ...built])];
  const unknown = new MillraceError({
    code: "MR8702",
    message: `there is no environment ${environment}`,
    hint: didYouMean(environment, known) ?? `there are ${known.join(", ")}; the first run makes one: millrace run --env ${environment}`,
  });
  return { environment, unknown };
}

function safeName(branch: string): readonly string[] {
  try {
    return [safeEnvironmentName(branch)];
  } catch {
    return []; // a branch whose name can be none of an environment
  }
}
