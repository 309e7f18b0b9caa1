// `describe`: all about one thing, by its name.
import { z } from "zod";
import type { Ask } from "../../../client/ask.ts";
import { cell, firstOf, lines, table } from "../text.ts";
import { tool, type ToolAnswer, type ToolContext } from "../tool.ts";
import { runText } from "./run-text.ts";

const COLUMNS_SHOWN = 200;

export const describe = tool({
  name: "describe",
  title: "All about one thing",
  description:
    "Everything known of one asset (columns with types and origins, checks and how they went, neighbours, last run, why it is in its state), run (`r_…`), backfill (`b_…`) or job. Names may be shortened to what is unique. `source: true` adds the text that defines an asset.",
  input: z.object({
    name: z.string().min(1).max(300).describe("clean.sales, r_01JD…, b_01JD…, or a job"),
    kind: z.enum(["asset", "run", "backfill", "job"]).exactOptional().describe("only where a name could be several"),
    source: z.boolean().default(false),
  }),
  does: "reads",
  run: async ({ name, kind, source }, { ask }) => {
    switch (kind ?? (await kindOf(ask, name))) {
      case "run":
        return describeRun(ask, name);
      case "backfill":
        return describeBackfill(ask, name);
      case "job":
        return describeJob(ask, name);
      default:
        return describeAsset({ ask }, { name, source });
    }
  },
});

async function kindOf(ask: Ask, name: string): Promise<"asset" | "run" | "backfill" | "job"> {
  if (/^r_[0-9A-Z]/i.test(name)) return "run";
  if (/^b_[0-9A-Z]/i.test(name)) return "backfill";
  const { jobs } = await ask("jobs.list", {});
  return jobs.some(({ job }) => job === name) ? "job" : "asset";
}

async function describeRun(ask: Ask, run: string): Promise<ToolAnswer> {
  const shown = await ask("runs.show", { run });
  return { text: runText(shown), data: { ...shown } };
}

async function describeBackfill(ask: Ask, name: string): Promise<ToolAnswer> {
  const shown = await ask("backfills.show", { backfill: name });
  const { backfill, nodes } = shown;
  const { total, succeeded, reused, failed, running, pending } = backfill.nodes;
  const text = lines(
    `${backfill.backfill} of ${backfill.asset}: ${backfill.status}`,
    `${succeeded + reused} of ${total} done, ${failed} failed, ${running} running, ${pending} to come, ${backfill.jobs} at once`,
    firstOf(
      nodes.filter(({ error }) => error !== null),
      30,
      ({ asset, partition, error }) => `- ${asset} [${partition ?? ""}]: ${error!.code} ${cell(error!.message)}`,
      "failed",
    ),
  );
  return { text, data: { ...shown } };
}

async function describeJob(ask: Ask, job: string): Promise<ToolAnswer> {
  const [{ jobs }, why, { parameters }, { triggers }] = await Promise.all([
    ask("jobs.list", {}),
    ask("jobs.why", { job }),
    ask("jobs.parameters", { job }),
    ask("triggers.list", { job, next: 3 }),
  ]);
  const found = jobs.find((each) => each.job === job);
  const text = lines(
    `job ${job}${found === undefined ? "" : ` · ${found.file}:1`}${found?.description === null || found === undefined ? "" : ` · ${cell(found.description)}`}`,
    why.sentences.map(cell),
    found === undefined
      ? ""
      : `builds ${found.select ?? "everything"}; at most ${found.concurrency.max} at once, else ${found.concurrency.whenBusy}`,
    Object.entries(parameters).map(([name, spec]) => `parameter ${name}: ${cell(spec)}`),
    triggers.map(
      ({ trigger, words, next, lastRun }) =>
        `trigger ${trigger}: ${cell(words)}; next ${next.join(", ") || "none"}; last run ${lastRun ?? "none"}`,
    ),
  );
  return { text, data: { job: found ?? null, why, parameters, triggers } };
}

export async function describeAsset(
  { ask }: Pick<ToolContext, "ask">,
  { name, source }: { readonly name: string; readonly source: boolean },
): Promise<ToolAnswer> {
  const { asset } = await ask("assets.describe", { asset: name });
  const [why, text] = await Promise.all([
    ask("assets.why", { asset: asset.asset }),
    source ? ask("assets.source", { asset: asset.asset }) : null,
  ]);
  const told = lines(
    `${asset.asset} · ${asset.kind}${asset.materialize === null ? "" : ` (${asset.materialize})`} · ${asset.status} · ${asset.rows ?? "?"} rows · ${asset.file}:1`,
    asset.description === null ? "" : cell(asset.description),
    `owner ${asset.owner ?? "nobody"}${asset.tags.length === 0 ? "" : `; tags ${asset.tags.join(", ")}`}; updated ${asset.updatedAt ?? "never"}; last run ${asset.lastRun ?? "none"}; in quarantine ${asset.quarantined}`,
    why.sentences.map(cell),
    `reads: ${asset.upstream.join(", ") || "nothing"}`,
    `read by: ${asset.downstream.join(", ") || "nothing"}`,
    asset.partitions === undefined ? "" : `partitions: ${cell({ ...asset.partitions, list: undefined })}`,
    "",
    table(
      ["column", "type", "made of", "description"],
      asset.columns.slice(0, COLUMNS_SHOWN).map(({ name: column, type, from, description }) => [column, type, from, description]),
    ),
    asset.columns.length > COLUMNS_SHOWN ? `… ${asset.columns.length - COLUMNS_SHOWN} more columns` : "",
    asset.checks.length === 0 ? "no checks" : "checks:",
    asset.checks.map(
      ({ check, severity, status, failing }) =>
        `- ${check} (${severity}): ${status ?? "never run"}${failing === null || failing === 0 ? "" : `, ${failing} failing`}`,
    ),
    text === null || text.text === null ? "" : ["", `${text.file}:`, text.text],
  );
  return { text: told, data: { asset, why, ...(text === null ? {} : { source: text }) } };
}
