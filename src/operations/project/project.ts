// `project.show`: what the project is, and how its files stand now.
import type { MillraceError } from "../../model/errors.ts";
import type { FramedError, ProjectAnswer } from "../../model/project-answers.ts";
import { version } from "../../model/version.ts";
import { watchedCheck } from "../dev/check.ts";
import { errorsOfPlan, projectKept } from "../live/project-kept.ts";
import type { Workspace } from "../workspace.ts";
import { framed } from "./framed.ts";

export async function showProject(workspace: Workspace): Promise<ProjectAnswer> {
  const [project, { name: environment }] = [await projectKept(workspace), await workspace.environment()];
  const watched = watchedCheck(workspace.dir);
  const shown = (errors: readonly MillraceError[]): readonly FramedError[] => errors.map((error) => framed(workspace, error));
  const { nodes, jobs, tests, checkFiles } = project;
  const checks = nodes.reduce((sum, node) => sum + ("checks" in node ? node.checks.length : 0), checkFiles.length);
  return {
    project: project.name,
    description: project.config.description ?? null,
    millrace: version,
    dir: workspace.dir,
    environment,
    branch: workspace.branch(),
    timezone: project.config.timezone ?? "UTC",
    counts: { assets: nodes.filter(({ kind }) => kind !== "task").length, jobs: jobs.length, checks, tests: tests.length },
    errors: watched?.errors ?? shown(project.errors.length === 0 ? await errorsOfPlan(workspace) : project.errors),
    warnings: shown(project.warnings),
    watched,
  };
}
