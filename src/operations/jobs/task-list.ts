// The tasks of the project's jobs, for `ls` and `describe`: they are nodes of their job's runs only, and of no graph but its own.
import type { TaskAnswer } from "../../model/answers.ts";
import { MillraceError } from "../../model/errors.ts";
import { didYouMean } from "../../model/suggest.ts";
import type { JobTask } from "../../model/task.ts";
import type { Project, ProjectJob } from "../../project/reader.ts";

export function tasksOf(project: Project): readonly TaskAnswer[] {
  return project.jobs.flatMap((job) => job.tasks.map((task) => taskAnswer(job, task)));
}

/** The job whose task a name means: `nightly.approve`, or `approve` where only one job has it. @throws MR6102 when several have it. */
export function jobOfTask(project: Project, name: string): ProjectJob | undefined {
  const plain = name.replace(/^task:/, "");
  const found = project.jobs.filter((job) => job.tasks.some((task) => plain === task.name || plain === `${job.name}.${task.name}`));
  if (found.length < 2) return found[0];
  const names = found.map((job) => `${job.name}.${plain}`);
  throw new MillraceError({
    code: "MR6102",
    message: `${found.length} jobs have a task ${plain}`,
    hint: didYouMean(plain, names) ?? `one of ${names.join(", ")}`,
  });
}

function taskAnswer(job: ProjectJob, { name, action, settings, after, before, description }: JobTask): TaskAnswer {
  const { when, condition, map, repeat, group } = settings;
  return {
    task: name,
    job: job.name,
    kind: action.kind,
    after,
    before,
    when: condition ?? when ?? "succeeded",
    isMapped: map !== undefined,
    isRepeated: repeat !== undefined,
    group: group ?? null,
    description: description ?? null,
  };
}
