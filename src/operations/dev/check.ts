// What a saved file did: the project compiled again, what is planned now and why, and what the rows of directly changed models would become.
import type { MillraceError } from "../../model/errors.ts";
import type { ProjectCheckAnswer } from "../../model/project-answers.ts";
import type { PlanAnswer } from "../../model/answers.ts";
import { errorsOf, framed } from "../project/framed.ts";
import type { Workspace } from "../workspace.ts";

/** Rows of so many changed models are looked at; each is computed. */
const PREVIEWS_MAX = 3;
const PREVIEW_MS = 5_000;
const ERRORS_MAX = 50;

/** By folder of the project: how the last look went, while somebody watches. */
const looks = new Map<string, ProjectCheckAnswer>();

export function watchedCheck(dir: string): ProjectCheckAnswer | null {
  return looks.get(dir) ?? null;
}

export function forgetCheck(dir: string): void {
  looks.delete(dir);
}

export interface Checked {
  readonly answer: ProjectCheckAnswer;
  /** The errors themselves, for whoever draws them on a terminal. */
  readonly errors: readonly MillraceError[];
}

interface CheckRequest {
  readonly files: readonly string[];
  /** Its files cannot be read as a project; the last good one stays in force. */
  readonly broken?: unknown;
  /** Called with each state of the answer: the plan is there before the previews are. */
  readonly tell: (checked: Checked) => void;
  /** A later look has begun: this one is of no use any more. */
  readonly isLate: () => boolean;
}

export async function checkProject(workspace: Workspace, { files, tell, isLate, broken }: CheckRequest): Promise<void> {
  const began = performance.now();
  const at = new Date().toISOString();
  const told = (found: Partial<ProjectCheckAnswer>, errors: readonly MillraceError[] = []): void => {
    if (isLate()) return;
    const answer: ProjectCheckAnswer = {
      at,
      files,
      seconds: (performance.now() - began) / 1_000,
      errors: errors.slice(0, ERRORS_MAX).map((error) => framed(workspace, error)),
      changes: [],
      stale: [],
      previews: [],
      ...found,
    };
    looks.set(workspace.dir, answer);
    tell({ answer, errors });
  };
  if (broken !== undefined) return told({}, errorsOf(broken));
  let plan: PlanAnswer;
  try {
    const { answerPlan } = await import("../plan/answer.ts");
    plan = await answerPlan(workspace, {});
  } catch (thrown) {
    return told({}, errorsOf(thrown));
  }
  const found = planned(plan);
  told(found);
  // What was never built has nothing to compare with, and a start is not a change.
  const changed = files.length === 0 ? [] : found.changes.filter(({ change }) => change === "breaking" || change === "nonBreaking");
  if (changed.length === 0) return;
  const previews: ProjectCheckAnswer["previews"][number][] = [];
  const until = performance.now() + PREVIEW_MS;
  for (const { asset } of changed.slice(0, PREVIEWS_MAX)) {
    if (isLate() || performance.now() > until) break;
    const preview = await previewOf(workspace, asset);
    if (preview !== null) previews.push(preview);
  }
  if (previews.length > 0) told({ ...found, previews });
}

function planned({ nodes, changes }: PlanAnswer): Pick<ProjectCheckAnswer, "changes" | "stale"> {
  const reasons = new Map(nodes.map(({ asset, reason }) => [asset, reason]));
  return {
    changes: (changes?.assets ?? []).map(({ asset, change, reasons: own }) => ({
      asset,
      change,
      reason: own[0]?.text ?? reasons.get(asset) ?? "",
      isDirect: change !== "indirect",
    })),
    stale: nodes.filter(({ action }) => action === "build").map(({ asset }) => asset),
  };
}

/** Null where only a run can tell. */
async function previewOf(workspace: Workspace, asset: string): Promise<ProjectCheckAnswer["previews"][number] | null> {
  try {
    const { answerPlan } = await import("../plan/answer.ts");
    const [data] = (await answerPlan(workspace, { select: asset, data: [asset] })).data ?? [];
    if (data === undefined) return null;
    const { before, after, rows } = data;
    return {
      asset,
      rows: { before: before.rows, after: after.rows },
      added: rows.added,
      removed: rows.removed,
      changed: rows.changed,
    };
  } catch {
    return null; // never built, incremental, or a source would have to be asked: the plan has told what it knows
  }
}
