// What waits for a person: approvals of tasks, doubtful pairs of a match.
import { z } from "zod";
import { act, given, read, whole } from "../route.ts";
import { on, option, pairs } from "./command-words.ts";
import { asset, cursor, run, why } from "./fields.ts";

const task = z.string().min(1).describe("the task that waits");

export const decisionRoutes = [
  read({
    id: "approvals.list",
    summary: "Everything that waits for a person's decision, oldest run first",
    scope: "read",
    input: z.object({}),
    run: (app) => app.approvals(),
  }),
  read({
    id: "approvals.form",
    summary: "What a task that waits for a decision asks",
    scope: "read",
    input: z.object({ run, task }),
    run: (app, input) => app.approvalForm(input),
  }),
  act({
    id: "approvals.decide",
    summary: "Approves or rejects a task that waits",
    scope: "operate",
    input: z.object({
      run,
      task,
      accept: z.boolean(),
      why: why.exactOptional(),
      fields: z.record(z.string(), z.string()).default({}).describe("of its form, as they are typed"),
    }),
    cli: (input) => [
      "approve",
      input.run,
      input.task,
      ...on("reject", !input.accept),
      ...pairs("field", input.fields),
      ...option("why", input.why),
    ],
    run: (app, input) => app.approve(given(input)),
  }),
  read({
    id: "reviews.list",
    summary: "The pairs that a match leaves to a person, the likeliest first",
    scope: "read",
    input: z.object({ asset, limit: whole.min(1).max(10_000).default(50), cursor: cursor.exactOptional() }),
    cli: (input) => ["review", "list", input.asset, "--limit", String(input.limit), ...option("cursor", input.cursor)],
    run: (app, input) => app.reviewList(given(input)),
  }),
  act({
    id: "reviews.decide",
    summary: "Says whether two records are the same; written to reviews/ASSET.csv",
    scope: "operate",
    input: z.object({
      asset,
      left: z.string(),
      right: z.string(),
      decision: z.enum(["match", "distinct"]),
      why: why.exactOptional(),
    }),
    cli: (input) => ["review", input.decision, input.asset, input.left, input.right, ...option("why", input.why)],
    run: (app, input) => app.reviewDecide(given(input)),
  }),
] as const;
