// Records that were set aside: listed, shown, decided.
import { z } from "zod";
import type { QuarantineDecisionAnswer } from "../../model/answers.ts";
import { act, given, long, read, whole } from "../route.ts";
import { maybe, option, pairs } from "./command-words.ts";
import { asset, rule, select, why } from "./fields.ts";

const decision = {
  act: z.enum(["fix", "accept", "replay"]),
  named: z.array(z.string()).min(1).describe("ids, or an asset and perhaps ids of it"),
  rule: rule.exactOptional(),
  where: z.string().exactOptional().describe("SQL over the records' cells, and _rule, _reason, _file, _line, _raw"),
  set: z.record(z.string(), z.string()).exactOptional().describe("column → SQL, for fix"),
  records: z
    .array(z.record(z.string(), z.string().nullable()))
    .max(10_000)
    .exactOptional()
    .describe("corrected records for fix: cells as text by column, with _id"),
  why: why.exactOptional(),
};

export const quarantineRoutes = [
  read({
    id: "quarantine.list",
    summary: "The records that were set aside, by reason and one by one",
    scope: "read",
    input: z.object({
      asset: asset.exactOptional(),
      rule: rule.exactOptional(),
      load: z.string().exactOptional().describe("only those of this load"),
      status: z.enum(["open", "all"]).default("open").describe("open: what waits for a decision"),
      select: select.exactOptional(),
      limit: whole.min(1).max(10_000).default(100),
      cursor: z.string().max(200).exactOptional().describe("`next` of the answer before"),
    }),
    cli: (input) => [
      "quarantine",
      "list",
      ...maybe(input.asset),
      ...option("rule", input.rule),
      ...option("load", input.load),
      ...(input.status === "all" ? ["--all"] : []),
      ...option("select", input.select),
      ...option("limit", input.limit),
    ],
    run: (app, input) => app.quarantineList(given(input)),
  }),
  read({
    id: "quarantine.trend",
    summary: "What was set aside by day and rule",
    scope: "read",
    input: z.object({ asset: asset.exactOptional(), days: whole.min(1).max(10_000).default(30) }),
    cli: (input) => ["quarantine", "trend", ...maybe(input.asset), "--days", String(input.days)],
    run: (app, input) => app.quarantineTrend(given(input)),
  }),
  read({
    id: "quarantine.records",
    summary: "Records of an asset with their cells: which break the rule, what they may have meant, what lacks them",
    scope: "read",
    input: z.object({
      asset,
      rule: rule.exactOptional(),
      limit: whole.min(1).max(1_000).default(200),
      cursor: z.string().regex(/^\d+$/).exactOptional().describe("`next` of the answer before"),
    }),
    run: (app, input) => app.quarantineRecords(given(input)),
  }),
  read({
    id: "quarantine.export",
    summary: "Writes the open records of an asset to a file that can be edited, which is fetched at /query/exports/EXPORT for some minutes",
    scope: "read",
    input: z.object({ asset, rule: rule.exactOptional(), format: z.enum(["csv", "ndjson"]).default("csv") }),
    run: (app, input) => app.quarantineFile(given(input)),
  }),
  read({
    id: "quarantine.show",
    summary: "One record: reason, origin, and the raw form as received",
    scope: "read",
    input: z.object({ id: z.string().min(1) }),
    cli: (input) => ["quarantine", "show", input.id],
    run: async (app, input) => ({ item: await app.quarantineShow(input.id) }),
  }),
  act({
    id: "quarantine.preview",
    summary: "What a decision would do; nothing is changed",
    scope: "read",
    input: z.object(decision),
    cli: (input) => decisionWords(input, input.act === "fix" ? [] : ["--dry-run"]),
    run: async (app, input) => {
      const told: QuarantineDecisionAnswer[] = [];
      await app.quarantineDecide(
        { ...given(input), dryRun: true },
        () => {},
        (answer) => void told.push(answer),
      );
      return told[0]!;
    },
  }),
  long({
    id: "quarantine.decide",
    summary: "Corrects, accepts or tries records again, and loads them",
    scope: "operate",
    input: z.object(decision),
    cli: (input) => decisionWords(input, input.act === "fix" ? ["--yes"] : []),
    run: async (app, input, begin) => {
      const told: QuarantineDecisionAnswer[] = [];
      const summary = await app.quarantineDecide({ ...given(input), dryRun: false }, begin, (answer) => void told.push(answer));
      return { decision: told[0] ?? null, ...summary };
    },
  }),
  act({
    id: "quarantine.discard",
    summary: "Notes that records are not wanted; they stay in the ledger, and stay discarded when they come again",
    scope: "operate",
    input: z.object({ named: decision.named, rule: decision.rule, why: decision.why }),
    cli: (input) => ["quarantine", "discard", ...input.named, ...option("rule", input.rule), ...option("reason", input.why)],
    run: (app, input) => app.quarantineDiscard(given(input)),
  }),
] as const;

function decisionWords(input: z.output<z.ZodObject<typeof decision>>, flags: readonly string[]): readonly string[] {
  return [
    "quarantine",
    input.act,
    ...input.named,
    ...pairs("set", input.set, " = "),
    ...option("rule", input.rule),
    ...option("where", input.where),
    ...option("why", input.why),
    ...flags,
  ];
}
