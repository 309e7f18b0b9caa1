// What a plan is compared with: what readers of an environment see, or the project's files at a git ref.
import type { AgainstAnswer } from "../../model/change-answers.ts";
import { asMillraceError, MillraceError } from "../../model/errors.ts";
import { PROD } from "../../model/environment.ts";
import type { NodeId } from "../../model/graph.ts";
import type { ProjectSnapshot } from "../../plan/changes/snapshot.ts";
import { safeEnvironmentName } from "../../project/environment.ts";
import type { Project } from "../../project/reader.ts";
import { readEnvironmentRows } from "../../sql/environments/ledger.ts";
import { type LiveVersion, readLive } from "../../sql/ledger/publish.ts";
import type { Session } from "../../sql/session.ts";
import type { Workspace } from "../workspace.ts";
import { defineProject, type Definitions } from "./definitions.ts";
import { readGitTree } from "./git.ts";
import { liveSnapshot } from "./noted.ts";
import { snapshotOf } from "./snapshot.ts";

export interface Before {
  readonly against: AgainstAnswer;
  readonly snapshot: ProjectSnapshot;
  /** The project there, while its files are there; undefined for an environment. */
  readonly project: Project | undefined;
  readonly unknown: readonly NodeId[];
}

export interface AgainstRequest {
  /** `undefined`: what readers of this environment see. */
  readonly against: string | undefined;
  readonly environment: string;
  readonly definitions: Definitions;
  readonly now: ProjectSnapshot;
  readonly live: ReadonlyMap<NodeId, LiveVersion>;
}

/** Hands over the earlier state; the files of a git ref are gone when `use` has ended. @throws MR8805, MR8806, MR8807 */
export async function withBefore<Result>(
  workspace: Workspace,
  request: AgainstRequest,
  use: (before: Before) => Promise<Result>,
): Promise<Result> {
  const { against, environment, now, live } = request;
  const warehouse = await workspace.warehouse();
  const name = await warehouse.session((session) =>
    against === undefined ? ownerOfSeen(session, environment) : environmentNamed(session, against),
  );
  if (name !== undefined) {
    const { snapshot, unknown } = await warehouse.session(async (session) =>
      liveSnapshot(session, against === undefined || name === environment ? live : await readLive(session, name), now),
    );
    return use({ against: { kind: "environment", name }, snapshot, project: undefined, unknown });
  }
  const tree = await readGitTree(workspace, against!, workspace.tempDir());
  try {
    const there = workspace.at(tree.dir);
    const { project, definitions } = await projectAt(there, workspace, against!, request);
    const { commit, uncommitted } = tree;
    return await use({
      against: { kind: "git", ref: against!, commit, uncommitted },
      snapshot: snapshotOf(project, definitions),
      project,
      unknown: [],
    });
  } finally {
    await tree.remove();
  }
}

/** What readers of an environment that has nothing of its own see is prod. */
async function ownerOfSeen(session: Session, environment: string): Promise<string> {
  return environment === PROD || (await readEnvironmentRows(session, environment)).length > 0 ? environment : PROD;
}

/** An environment that has something, by its name or that of its branch; `prod` always is one. */
export async function environmentNamed(session: Session, name: string): Promise<string | undefined> {
  if (name === PROD) return name;
  const rows = await session.rows<{ environment: string }>(
    "select environment from _millrace.environments union select environment from _millrace.environment_list",
  );
  const known = new Set(rows.map(({ environment }) => environment));
  if (known.has(name)) return name;
  try {
    const safe = safeEnvironmentName(name);
    return known.has(safe) ? safe : undefined;
  } catch {
    return undefined;
  }
}

async function projectAt(
  there: Workspace,
  here: Workspace,
  ref: string,
  { definitions, live }: AgainstRequest,
): Promise<{ readonly project: Project; readonly definitions: Definitions }> {
  try {
    const defined = await defineProject(there, { live, lineage: "tables", params: {}, otherwise: definitions.schemas, cacheOf: here.dir });
    return { project: await there.project(), definitions: defined };
  } catch (thrown) {
    const error = asMillraceError(thrown);
    const [first = error] = error.errors;
    const place = first.location === undefined ? "" : ` (${first.location.file}:${first.location.line})`;
    throw new MillraceError({
      code: "MR8807",
      message: `the project at ${ref} cannot be compiled: ${first.code} ${first.message}${place}`,
      hint: "compare with a commit that can be planned, or with an environment",
      cause: thrown,
    });
  }
}
