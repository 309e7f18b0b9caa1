// A job by its name, and the parameters that it takes.
import type { ParamSpec } from "../../model/definitions/job.ts";
import { MillraceError } from "../../model/errors.ts";
import type { Project } from "../../project/reader.ts";
import type { Workspace } from "../workspace.ts";

/** @throws MR6103 for an unknown job, all errors of the project where one may be why */
export async function jobParameters(workspace: Workspace, name: string): Promise<Readonly<Record<string, ParamSpec>>> {
  const { jobs } = await workspace.projectWithErrors();
  const job = jobs.find((each) => each.name === name);
  if (job !== undefined) return job.spec.params ?? {};
  throw unknownJob(await workspace.project(), name);
}

export function unknownJob({ jobs }: Pick<Project, "jobs">, name: string): MillraceError {
  return new MillraceError({
    code: "MR6103",
    message: `there is no job ${name}`,
    hint:
      jobs.length === 0 ? "jobs/ is empty; leave the name out to run everything" : `there are ${jobs.map((each) => each.name).join(", ")}`,
  });
}
