// Runs: list, show, why, start, and what is done to them.
import { z } from "zod";
import { act, given, long, read, whole } from "../route.ts";
import { maybe, on, option, pairs, restateWords } from "./command-words.ts";
import { params, restate, run, select, why } from "./fields.ts";

const statuses = ["running", "succeeded", "failed", "partial", "canceled", "skipped"] as const;

export const runRoutes = [
  read({
    id: "runs.show",
    summary: "A run with its nodes, attempts, rows, checks and errors",
    scope: "read",
    input: z.object({ run }),
    cli: (input) => ["run", "show", input.run],
    run: (app, input) => app.runShow(input.run),
  }),
  read({
    id: "runs.why",
    summary: "Why a run is as it is, in sentences",
    scope: "read",
    input: z.object({ run }),
    cli: (input) => ["why", input.run],
    run: (app, input) => app.why(input.run),
  }),
  read({
    id: "runs.changes",
    summary: "What changed since the last run before it that went well: code, columns, parameters, steps, rows",
    scope: "read",
    input: z.object({ run }),
    run: (app, input) => app.runChanges(input.run),
  }),
  long({
    id: "runs.start",
    summary: "Carries out a job, a selection, or what failed in an earlier run",
    scope: "operate",
    input: z.object({
      job: z.string().exactOptional(),
      select: select.exactOptional(),
      params: params.exactOptional(),
      fullRefresh: z.boolean().exactOptional(),
      fromFailure: run.exactOptional(),
      partition: z.string().exactOptional(),
      forwardOnly: z.boolean().exactOptional(),
      restate: restate.exactOptional(),
    }),
    cli: (input) => [
      "run",
      ...maybe(input.job),
      ...option("select", input.select),
      ...pairs("param", input.params),
      ...on("full-refresh", input.fullRefresh),
      ...option("from-failure", input.fromFailure),
      ...option("partition", input.partition),
      ...on("forward-only", input.forwardOnly),
      ...restateWords(input.restate),
    ],
    run: (app, input, begin) => app.run(input, begin),
  }),
  act({
    id: "runs.cancel",
    summary: "Cancels a run, or one node of it",
    scope: "operate",
    input: z.object({ run, node: z.string().exactOptional(), why: why.exactOptional() }),
    cli: (input) => ["cancel", input.run, ...maybe(input.node), ...option("why", input.why)],
    run: (app, input) => app.cancel(input),
  }),
  act({
    id: "runs.cancelMany",
    summary: "Cancels the runs of a job, all, or those that a condition finds",
    scope: "operate",
    input: z.object({
      job: z.string().exactOptional(),
      all: z.boolean().exactOptional(),
      where: z.string().exactOptional(),
      why: why.exactOptional(),
    }),
    cli: (input) => [
      "cancel",
      ...option("job", input.job),
      ...on("all", input.all),
      ...option("where", input.where),
      ...option("why", input.why),
    ],
    run: (app, input) => app.cancel(input),
  }),
  long({
    id: "runs.retry",
    summary: "Tries again what failed in a run, or one node with what depends on it",
    scope: "operate",
    input: z.object({ run, node: z.string().exactOptional() }),
    cli: (input) => ["retry", input.run, ...maybe(input.node)],
    run: (app, input, begin) => app.retry(input, begin),
  }),
  long({
    id: "runs.fork",
    summary: "Does a run again with other parameters or another selection",
    scope: "operate",
    input: z.object({ run, params: params.default({}), select: select.exactOptional() }),
    cli: (input) => ["fork", input.run, ...pairs("param", input.params), ...option("select", input.select)],
    run: (app, input, begin) => app.fork(input, begin, () => {}),
  }),
  read({
    id: "runs.list",
    summary: "Runs, newest first",
    scope: "read",
    input: z.object({
      limit: whole.max(1_000).default(20),
      job: z.string().exactOptional(),
      status: z.enum(statuses).exactOptional(),
      trigger: z.string().exactOptional(),
      asset: z.string().exactOptional(),
      select: select.exactOptional().describe("runs that had a part for one of these assets"),
      since: whole.exactOptional().describe("milliseconds since 1970"),
      cursor: z.string().max(200).exactOptional().describe("`next` of the answer before"),
    }),
    cli: (input) => [
      "runs",
      ...option("limit", input.limit),
      ...option("status", input.status),
      ...option("job", input.job),
      ...option("trigger", input.trigger),
      ...option("asset", input.asset),
      ...option("select", input.select),
      ...option("since", input.since === undefined ? undefined : new Date(input.since).toISOString()),
    ],
    run: (app, input) => app.runs(given(input)),
  }),
] as const;
