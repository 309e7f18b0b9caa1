// Backfills: many partitions of an asset, built as a durable run of its own.
import { z } from "zod";
import type { BackfillActAnswer, BackfillStartedAnswer } from "../../model/backfill-answers.ts";
import { act, given, long, read, whole } from "../route.ts";
import { on, option } from "./command-words.ts";
import { asset, cursor, why } from "./fields.ts";

const backfill = z.string().min(1).describe("its id, or the beginning of it");
const statuses = z.array(z.enum(["missing", "failed", "stale"])).describe("only partitions that are so");
const jobs = z.number().int().min(1).max(1_000).describe("partitions at once");
const allowCodeChange = z.boolean().default(false).describe("go on with the code that is there now");

const wish = {
  asset,
  from: z.string().exactOptional().describe("the first partition, or a day, month or year"),
  to: z.string().exactOptional().describe("the last one, included"),
  last: z.string().exactOptional().describe("what is over since so long: 30d"),
  partition: z.string().exactOptional().describe("a key or a range, all dimensions"),
  statuses: statuses.default([]),
  batch: z.string().exactOptional().describe("adjacent partitions that are built together: 7d"),
  jobs: jobs.exactOptional(),
  withDownstream: z.boolean().default(false).describe("and the partitions below that read them"),
};

type Wish = z.output<z.ZodObject<typeof wish>>;

function wishWords({ asset: of, statuses: only, jobs: many, withDownstream, ...options }: Wish): readonly string[] {
  const named = Object.entries(options).flatMap(([name, value]) => option(name, value));
  const flags = [...only.map((status) => `--${status}`), ...on("with-downstream", withDownstream)];
  return ["backfill", of, ...named, ...flags, ...option("jobs", many)];
}

export const backfillRoutes = [
  read({
    id: "backfills.list",
    summary: "The newest backfills and how they stand",
    scope: "read",
    input: z.object({ limit: whole.min(1).max(1_000).default(20), cursor: cursor.exactOptional() }),
    cli: (input) => ["backfill", "list", ...option("limit", input.limit), ...option("cursor", input.cursor)],
    run: (app, input) => app.backfillList(given(input)),
  }),
  read({
    id: "backfills.show",
    summary: "One backfill with its partitions",
    scope: "read",
    input: z.object({ backfill }),
    cli: (input) => ["backfill", "show", input.backfill],
    run: (app, input) => app.backfillShow(input.backfill),
  }),
  act({
    id: "backfills.preview",
    summary: "What a backfill would do and how long it may take; nothing is done",
    scope: "read",
    input: z.object(wish),
    cli: (input) => [...wishWords(input), "--dry-run"],
    run: async (app, input) => {
      const told: BackfillStartedAnswer[] = [];
      const tellers = { observe: () => {}, tell: (started: BackfillStartedAnswer) => void told.push(started) };
      await app.backfill({ ...given(input), dryRun: true, detach: false }, tellers);
      return told[0]!;
    },
  }),
  long({
    id: "backfills.start",
    summary: "Builds many partitions of an asset, in a lane of its own, durable and resumable",
    scope: "operate",
    environment: "made",
    input: z.object(wish),
    cli: wishWords,
    run: async (app, input, begin) => {
      let started: BackfillStartedAnswer | null = null;
      const tell = (told: BackfillStartedAnswer): void => {
        started = told;
        begin({ ...told, run: told.backfill });
      };
      const summary = await app.backfill({ ...given(input), dryRun: false, detach: false }, { observe: begin, tell });
      return { started: started as BackfillStartedAnswer | null, ...summary };
    },
  }),
  act({
    id: "backfills.pause",
    summary: "Lets what runs end and starts nothing more",
    scope: "operate",
    input: z.object({ backfill, why: why.exactOptional() }),
    cli: (input) => ["backfill", "pause", input.backfill, ...option("why", input.why)],
    run: (app, input) => app.backfillAct({ ...input, act: "pause" }),
  }),
  act({
    id: "backfills.cancel",
    summary: "Ends a backfill; what was built stays",
    scope: "operate",
    input: z.object({ backfill, why: why.exactOptional() }),
    cli: (input) => ["backfill", "cancel", input.backfill, ...option("why", input.why)],
    run: (app, input) => app.backfillAct({ ...input, act: "cancel" }),
  }),
  act({
    id: "backfills.jobs",
    summary: "Another number of partitions at once, while it runs",
    scope: "operate",
    input: z.object({ backfill, jobs }),
    cli: (input) => ["backfill", "jobs", input.backfill, String(input.jobs)],
    run: (app, input) => app.backfillAct({ ...input, act: "jobs" }),
  }),
  long({
    id: "backfills.resume",
    summary: "Goes on with a backfill that was paused or interrupted",
    scope: "operate",
    input: z.object({ backfill, allowCodeChange }),
    cli: (input) => ["backfill", "resume", input.backfill, ...on("allow-code-change", input.allowCodeChange)],
    run: async (app, input, begin) => {
      let acted: BackfillActAnswer | null = null;
      const tell = (told: BackfillActAnswer): void => {
        acted = told;
        begin({ ...told, run: told.backfill });
      };
      const summary = await app.backfillResume({ ...input, detach: false }, { observe: begin, tell });
      return { act: acted as BackfillActAnswer | null, ...summary };
    },
  }),
  long({
    id: "backfills.retry",
    summary: "A new backfill of what failed, was skipped or canceled in one that ended",
    scope: "operate",
    input: z.object({ backfill, allowCodeChange }),
    cli: (input) => ["backfill", "retry", input.backfill, ...on("allow-code-change", input.allowCodeChange)],
    run: async (app, input, begin) => {
      let started: BackfillStartedAnswer | null = null;
      const tell = (told: BackfillStartedAnswer): void => {
        started = told;
        begin({ ...told, run: told.backfill });
      };
      const summary = await app.backfillRetry({ ...input, detach: false }, { observe: begin, tell });
      return { started: started as BackfillStartedAnswer | null, ...summary };
    },
  }),
] as const;
