// An engine serves the files that are checked out. What is deployed to the environment that it serves is checked out with it: its next run would otherwise
// build again what was there before.
import { MillraceError } from "../../model/errors.ts";
import { git } from "../../platform/git.ts";
import { gitBranch } from "../../project/environment.ts";
import { isAlive, readEngineFile } from "../serve/engine-file.ts";
import type { Workspace } from "../workspace.ts";
import { commitAt, type Target } from "./target.ts";

/** Goes forward only, and only from what is committed. Nothing happens where no engine serves the environment from this folder. @throws MR8714 */
export async function checkOutServed(workspace: Workspace, { environment, branch, commit }: Target): Promise<void> {
  const engine = readEngineFile(workspace.dir);
  if (engine === undefined || !isAlive(engine.pid) || engine.environment !== environment.name) return;
  if ((await commitAt(workspace, "HEAD")) === commit) return;
  const here = gitBranch(workspace.dir);
  if (here !== undefined && here !== branch)
    throw refusal(
      `${environment.name} is served here from the branch ${here}, whose code the engine would build again`,
      `git checkout ${branch ?? commit}`,
    );
  const { code, stderr } = await git(workspace, ["merge", "--ff-only", "--no-stat", "--quiet", commit]);
  if (code === 0) return;
  const why = stderr.split("\n").find((line) => line.trim() !== "") ?? "git gave no reason";
  throw refusal(
    `${environment.name} is served from the files here, which cannot go forward to ${commit.slice(0, 8)}: ${why.replace(/^(fatal|error): /, "")}`,
    "commit, stash or take back what differs here, then deploy again",
  );
}

function refusal(message: string, hint: string): MillraceError {
  return new MillraceError({ code: "MR8714", message, hint });
}
