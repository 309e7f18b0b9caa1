// Error codes of tasks: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const tasksCodes = {
  MR6201: {
    title: "A command failed",
    why: "The shell command of a task ended with an exit code other than 0, was killed by a signal, or could not be started.",
    fix: "Read the last lines in the message, then `millrace logs RUN`. A task that may fail without harm wants `fallback:`, one that must be undone `compensate:`.",
  },
  MR6202: {
    title: "The answer of an HTTP task is not the expected one",
    why: "The status is not among those of `expect:` (2xx by default), the body is larger than `maxSize`, or it has nothing at the path of `output`.",
    fix: "Look at the words of the server in the message; name the statuses that are fine with `expect: [200, 404]`.",
  },
  MR6203: {
    title: "The SQL of a task failed",
    why: "DuckDB refused a statement. Nothing of the task was done: all its statements are one transaction.",
    fix: "Correct the statement; `millrace query` tries reads. A task may not begin, commit or roll back itself, and may not write the assets of the project.",
  },
  MR6204: {
    title: "The list of a mapped task cannot be used",
    why: "`map.over` gave something that is no list, or more items than a run makes nodes for.",
    fix: "Look at what it gives (`millrace query`). Very many items belong into one task that works in batches: map over ranges of keys.",
  },
  MR6205: {
    title: "A loop did not reach its end",
    why: "`repeat.until` was still not true after `repeat.max` rounds.",
    fix: "Look at what the task answered in the last round; raise `max`, or correct `until`.",
  },
  MR6206: {
    title: "An expression cannot be answered",
    why: "A value that it names is not there (a task that was skipped or has no such field in its output), or has another type.",
    fix: "Ask first: has(outputs.train.accuracy) && outputs.train.accuracy > 0.9.",
  },
  MR6207: {
    title: "A placeholder has no value",
    why: "`${outputs.TASK.field}` or `${item.field}` leads to nothing: the task has no output, or the output no such field.",
    fix: "`millrace run show RUN --json` shows the outputs; a task that may be skipped wants `when: noneFailed` and an expression before its output is used.",
  },
  MR6208: {
    title: "A sub-job did not succeed",
    why: "The run that a `job:` task started ended as failed, partial or canceled.",
    fix: "`millrace run show` with the run that the message names.",
  },
  MR6209: {
    title: "A moment to wait for cannot be understood",
    why: "`wait.until` is no moment such as 2026-01-31T06:00Z and no time of day such as 06:00.",
    fix: "Write one of the two; parameters of type timestamp fit.",
  },
  MR6210: {
    title: "There is nothing to approve",
    why: "The task is not waiting for an approval: it has not started, was decided already, or is no approval.",
    fix: "`millrace run show RUN` tells how its tasks stand.",
  },
  MR6211: {
    title: "A field of the form is not right",
    why: "A required field is missing, there is no field of that name, or its value has another type or is none of the allowed ones.",
    fix: "Give it with --field name=value; the message lists the form.",
  },
  MR6212: {
    title: "Not one of the approvers",
    why: "The approval names who may decide, and this is someone else.",
    fix: "Ask one of those that the message names; --by NAME says who you are when the name of the operating system's user is another.",
  },
  MR6213: {
    title: "A task's function is not there",
    why: "The module does not export it any more, or what it exports is no function.",
    fix: "Name it as pipelines/file.ts#export.",
  },
} as const satisfies Record<string, CodeEntry>;
