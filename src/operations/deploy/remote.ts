// Where a branch stands by now: in the remote that the repository has, else in the repository itself.
import { messageOf, MillraceError } from "../../model/errors.ts";
import { git, type GitPlace } from "../../platform/git.ts";
import { commitAt } from "./target.ts";

const REMOTE_MAX_MS = 5 * 60_000;
/** Of `git ls-remote --exit-code`: there is none. */
const NO_MATCH = 2;

/** The ref to deploy; null where the branch is gone. @throws MR8715 */
export async function tipOf(place: GitPlace, branch: string, asked: string | undefined): Promise<string | null> {
  const remotes = (await git(place, ["remote"])).stdout
    .toString()
    .split("\n")
    .filter((name) => name !== "");
  const remote = asked ?? (remotes.includes("origin") ? "origin" : remotes[0]);
  if (remote === undefined) return (await commitAt(place, `refs/heads/${branch}`)) === null ? null : `refs/heads/${branch}`;
  if (!remotes.includes(remote)) throw unreachable(remote, "the repository has no such remote");
  const own = `refs/remotes/${remote}/${branch}`;
  const found = await asking(place, remote, ["ls-remote", "--exit-code", "--quiet", remote, `refs/heads/${branch}`]);
  if (found.code === NO_MATCH) {
    await git(place, ["update-ref", "-d", own]);
    return null;
  }
  if (found.code !== 0) throw unreachable(remote, found.stderr);
  const fetched = await asking(place, remote, ["fetch", "--quiet", "--no-tags", remote, `+refs/heads/${branch}:${own}`]);
  if (fetched.code !== 0) throw unreachable(remote, fetched.stderr);
  return own;
}

async function asking({ dir, signal }: GitPlace, remote: string, args: readonly string[]): ReturnType<typeof git> {
  const limit = AbortSignal.timeout(REMOTE_MAX_MS);
  try {
    return await git({ dir, signal: AbortSignal.any([signal, limit]) }, args);
  } catch (error) {
    throw limit.aborted && !signal.aborted ? unreachable(remote, messageOf(error)) : error;
  }
}

function unreachable(remote: string, why: string): MillraceError {
  const first = why.split("\n").find((line) => line.trim() !== "") ?? "git gave no reason";
  return new MillraceError({ code: "MR8715", message: `the remote ${remote}: ${first.replace(/^fatal: /, "")}`, retryable: true });
}
