// What is deployed where: a ref of the project's repository, its commit, the branch that it is, the environment of that branch.
import type { CommitAnswer } from "../../model/deploy-answers.ts";
import { MillraceError } from "../../model/errors.ts";
import { git, gitFailed } from "../../platform/git.ts";
import { type Environment, environmentOf, gitBranch } from "../../project/environment.ts";
import { refuseRef } from "../plan/git.ts";
import type { Workspace } from "../workspace.ts";

/** Trigger of the runs of a deploy. Nobody else can go on with one. */
export const DEPLOY = "deploy";

export interface Target extends CommitAnswer {
  readonly branch: string | null;
  readonly environment: Environment;
}

export interface TargetRequest {
  /** Default: what is checked out. */
  readonly ref?: string;
  /** Default: that of the branch. */
  readonly environment?: string;
}

type Place = Pick<Workspace, "dir" | "signal">;

/** @throws MR8712, MR8713, MR8805, MR1080 */
export async function targetOf(workspace: Workspace, { ref, environment: asked }: TargetRequest): Promise<Target> {
  const branchHere = gitBranch(workspace.dir) ?? null;
  const { commit, branch } =
    ref === undefined ? { commit: await commitAt(workspace, "HEAD"), branch: branchHere } : await named(workspace, ref);
  if (commit === null) throw await noCommit(workspace, ref);
  const config = await workspace.config();
  const hasEnvironments = Object.keys(config.environments ?? {}).length > 0;
  if (asked === undefined && (branch === null || (!hasEnvironments && branch !== branchHere)))
    throw new MillraceError({
      code: "MR8712",
      message:
        branch === null
          ? `${ref ?? "what is checked out"} is no branch: nothing says which environment is its own`
          : `the project has no environments, so that ${branch} would take the place of prod`,
      hint:
        branch === null
          ? "say which: --env NAME"
          : `environments: { prod: { branches: [${branchHere ?? "main"}] } } in millrace.yaml, or --env`,
    });
  const environment = environmentOf(config, asked === undefined ? { branch: branch! } : { asked });
  return { commit, branch, environment, ref: ref ?? branch ?? "HEAD", ...(await factsOf(workspace, commit)) };
}

/** The commit that a full name of a ref or an id leads to; null where there is none. */
export async function commitAt(place: Place, name: string): Promise<string | null> {
  const { code, stdout } = await git(place, ["rev-parse", "--verify", "--quiet", `${name}^{commit}`]);
  const commit = stdout.toString().trim();
  return code === 0 && /^[0-9a-f]{40,64}$/.test(commit) ? commit : null;
}

/** A branch of this repository, one of a remote, or anything else that names a commit. */
async function named(place: Place, ref: string): Promise<{ readonly commit: string | null; readonly branch: string | null }> {
  refuseRef(ref);
  const short = ref.replace(/^refs\/(heads|remotes)\//, "");
  const afterRemote = short.includes("/") ? short.slice(short.indexOf("/") + 1) : null;
  const ways = [
    { name: `refs/heads/${short}`, branch: short, isMeant: !ref.startsWith("refs/remotes/") },
    { name: `refs/remotes/${short}`, branch: afterRemote, isMeant: !ref.startsWith("refs/heads/") && afterRemote !== null },
    { name: `refs/remotes/origin/${short}`, branch: short, isMeant: !ref.startsWith("refs/") },
  ];
  for (const { name, branch } of ways.filter(({ isMeant }) => isMeant)) {
    const commit = await commitAt(place, name);
    if (commit !== null) return { commit, branch };
  }
  return { commit: await commitAt(place, ref), branch: null };
}

async function factsOf(place: Place, commit: string): Promise<Pick<CommitAnswer, "author" | "committedAt">> {
  const { code, stdout, stderr } = await git(place, ["log", "-1", "--no-show-signature", "--format=%an%x00%cI", commit]);
  if (code !== 0) throw gitFailed(stderr);
  const [author = "", committedAt = ""] = stdout.toString().trimEnd().split("\0");
  return { author, committedAt };
}

async function noCommit(place: Place, ref: string | undefined): Promise<MillraceError> {
  const { code, stderr } = await git(place, ["rev-parse", "--git-dir"]);
  if (code !== 0) return gitFailed(stderr);
  return ref === undefined
    ? new MillraceError({ code: "MR8713", message: "nothing is committed here yet", hint: "git add . && git commit" })
    : new MillraceError({
        code: "MR8713",
        message: `there is no git ref ${JSON.stringify(ref)} here`,
        hint: "`git branch -a` and `git tag` list what there is; `git fetch` brings what was pushed",
      });
}
