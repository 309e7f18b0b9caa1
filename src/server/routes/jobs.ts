// Jobs and what starts them.
import { z } from "zod";
import { act, given, read, whole } from "../route.ts";
import { maybe, option } from "./command-words.ts";
import { cursor, why } from "./fields.ts";

const job = z.string().min(1);
const trigger = z.string().exactOptional().describe("default: all triggers of the job");

export const jobRoutes = [
  read({
    id: "jobs.list",
    summary: "Jobs with what they do, who holds their places, what waits and how they went last",
    scope: "read",
    input: z.object({}),
    run: (app) => app.jobs(),
  }),
  read({
    id: "jobs.parameters",
    summary: "The parameters that a job takes",
    scope: "read",
    input: z.object({ job }),
    run: async (app, input) => ({ job: input.job, parameters: await app.parameters(input.job) }),
  }),
  read({
    id: "jobs.why",
    summary: "Why a job does or does not run, in sentences",
    scope: "read",
    input: z.object({ job }),
    cli: (input) => ["why", input.job],
    run: (app, input) => app.why(input.job),
  }),
  read({
    id: "triggers.list",
    summary: "What starts the jobs: last and next times, in words, in the project's zone and in UTC",
    scope: "read",
    input: z.object({
      job: job.exactOptional(),
      from: z.string().exactOptional().describe("next times from there; default: now"),
      next: whole.min(1).max(1_000).default(5),
    }),
    cli: (input) => ["triggers", ...maybe(input.job), ...option("from", input.from), "--next", String(input.next)],
    run: (app, input) => app.triggers(given(input)),
  }),
  read({
    id: "triggers.history",
    summary: "What the triggers of a job did, what they skipped and why, newest first",
    scope: "read",
    input: z.object({ job, limit: whole.min(1).max(10_000).default(20), cursor: cursor.exactOptional() }),
    cli: (input) => ["triggers", "show", input.job, "--limit", String(input.limit), ...option("cursor", input.cursor)],
    run: (app, input) => app.triggerHistory(given(input)),
  }),
  act({
    id: "triggers.pause",
    summary: "Keeps a job, or one of its triggers, from starting runs",
    scope: "operate",
    input: z.object({
      job,
      trigger,
      until: z.string().exactOptional().describe("resumes by itself then: 2h, 2026-03-29, 2026-03-29T06:00:00Z"),
      why: why.exactOptional(),
    }),
    cli: (input) => ["triggers", "pause", input.job, ...maybe(input.trigger), ...option("until", input.until), ...option("why", input.why)],
    run: (app, input) => app.pauseTriggers(given(input)),
  }),
  act({
    id: "triggers.resume",
    summary: "Lets a paused job, or one of its triggers, start runs again",
    scope: "operate",
    input: z.object({ job, trigger }),
    cli: (input) => ["triggers", "resume", input.job, ...maybe(input.trigger)],
    run: (app, input) => app.resumeTriggers(given(input)),
  }),
  act({
    id: "triggers.look",
    summary: "What a sensor sees now and whether it would start a run; nothing is done",
    scope: "operate",
    input: z.object({ job, trigger: z.string().min(1) }),
    run: (app, input) => app.lookAtTrigger(input),
  }),
  act({
    id: "triggers.reset",
    summary: "Forgets what a sensor saw last: the same starts a run again",
    scope: "operate",
    input: z.object({ job, trigger: z.string().min(1) }),
    run: (app, input) => app.resetTrigger(input),
  }),
] as const;
