// Changes: plans, environments, promotion and back.
import { z } from "zod";
import { act, flag, given, long, read, words } from "../route.ts";
import { maybe, on, option, pairs, restateWords } from "./command-words.ts";
import { params, restate, select, why } from "./fields.ts";

const name = z.string().min(1).describe("of an environment");
const plan = {
  job: z.string().exactOptional(),
  select: select.exactOptional(),
  partition: z.string().exactOptional(),
  against: z.string().exactOptional().describe("an environment or a git ref; default: what readers see here"),
  data: words.exactOptional().describe("assets whose new rows are computed and compared"),
  fullRefresh: flag.default(false),
  params: params.default({}),
  forwardOnly: flag.exactOptional(),
  restate: restate.exactOptional(),
};

type Plan = z.output<z.ZodObject<typeof plan>>;

export const changeRoutes = [
  read({
    id: "plan.show",
    summary: "What a run would do, what changed and why; nothing is done",
    scope: "read",
    input: z.object(plan),
    cli: planWords,
    run: (app, input) => app.plan(given(input)),
  }),
  act({
    id: "plan.file",
    summary: "The plan with the text of a file that apply carries out",
    scope: "read",
    input: z.object(plan),
    run: (app, input) => app.planFile(given(input)),
  }),
  long({
    id: "plan.apply",
    summary: "Carries out exactly a plan; refuses when the world has moved since",
    scope: "operate",
    environment: "made",
    input: z.object({ plan: z.string().describe("the text of a plan file") }),
    run: (app, input, begin) => app.apply(input, begin),
  }),
  read({
    id: "environments.list",
    summary: "Environments, what they have of their own, and promotions",
    scope: "read",
    environment: "any",
    input: z.object({}),
    cli: () => ["env", "list"],
    run: (app) => app.envList(),
  }),
  act({
    id: "environments.create",
    summary: "Makes an environment; the first run on a git branch does so too",
    scope: "operate",
    environment: "any",
    input: z.object({ name }),
    cli: (input) => ["env", "create", input.name],
    run: (app, input) => app.envCreate(input.name),
  }),
  read({
    id: "environments.diff",
    summary: "What an environment has of its own, beside prod",
    scope: "read",
    environment: "any",
    input: z.object({ name }),
    cli: (input) => ["env", "diff", input.name],
    run: (app, input) => app.envDiff(input.name),
  }),
  act({
    id: "environments.promote",
    summary: "Puts what an environment has of its own in prod's place, in one transaction",
    scope: "operate",
    environment: "any",
    input: z.object({ name, to: z.string().exactOptional(), why: why.exactOptional(), dryRun: z.boolean().default(false) }),
    cli: (input) => ["env", "promote", input.name, ...option("to", input.to), ...option("why", input.why), ...on("dry-run", input.dryRun)],
    run: (app, { name: environment, ...rest }) => app.envPromote({ environment, ...given(rest) }),
  }),
  act({
    id: "environments.rollback",
    summary: "Takes a promotion back, in one transaction; without an id the newest",
    scope: "operate",
    environment: "any",
    input: z.object({ of: z.string().exactOptional().describe("the id of a promotion"), why: why.exactOptional() }),
    cli: (input) => ["env", "rollback", ...maybe(input.of), ...option("why", input.why)],
    run: (app, input) => app.envRollback(given(input)),
  }),
  act({
    id: "environments.drop",
    summary: "Ends an environment: its views go now, its tables after a grace time",
    scope: "admin",
    environment: "any",
    input: z.object({ name }),
    cli: (input) => ["env", "drop", input.name],
    run: (app, input) => app.envDrop(input.name),
  }),
  act({
    id: "environments.collect",
    summary: "Removes expired environments, and what promotions and drops put aside a week ago",
    scope: "admin",
    environment: "any",
    input: z.object({ dryRun: z.boolean().default(false) }),
    cli: (input) => ["env", "collect", ...on("dry-run", input.dryRun)],
    run: (app, input) => app.envCollect(input),
  }),
  long({
    id: "environments.deploy",
    summary: "Brings the environment of a branch to what a commit says; what is checked out stays",
    scope: "operate",
    environment: "any",
    input: z.object({
      ref: z.string().min(1).max(1_000).exactOptional().describe("a branch, tag or commit; default: what is checked out"),
      environment: name.exactOptional().describe("default: that of the branch"),
      run: z.boolean().default(false).describe("also ask the sources and write the exports"),
    }),
    cli: (input) => ["deploy", ...option("ref", input.ref), ...option("env", input.environment), ...on("run", input.run)],
    run: (app, input, begin) => app.deploy(given(input), begin),
  }),
  act({
    id: "retention.prune",
    summary: "Removes what is older than the project keeps: runs, logs, the raw zone",
    scope: "admin",
    input: z.object({ dryRun: z.boolean().default(false) }),
    cli: (input) => ["retention", ...on("dry-run", input.dryRun)],
    run: (app, input) => app.retention(input),
  }),
] as const;

function planWords(input: Plan): readonly string[] {
  return [
    "plan",
    ...maybe(input.job),
    ...option("select", input.select),
    ...option("partition", input.partition),
    ...option("against", input.against),
    ...(input.data ?? []).flatMap((asset) => ["--data", asset]),
    ...on("full-refresh", input.fullRefresh),
    ...pairs("param", input.params),
    ...on("forward-only", input.forwardOnly),
    ...restateWords(input.restate),
  ];
}
