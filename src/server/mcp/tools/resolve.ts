// `resolve`: decisions over records in quarantine and over approvals. A person makes them: the agent proposes, is given what would happen, and comes back with
// the token that the person's command prints, or the person says yes in the agent's own window.
import { z } from "zod";
import type { Ask } from "../../../client/ask.ts";
import { cellsOf } from "../masking.ts";
import { cell, firstOf, lines } from "../text.ts";
import { tool, type ToolAnswer, type ToolContext } from "../tool.ts";
import { outcome } from "./run.ts";

const CHANGES_SHOWN = 20;
const WAIT_SECONDS = 30;

const input = z.object({
  decision: z
    .enum(["fix", "accept", "replay", "discard", "approve", "reject"])
    .describe("fix, accept, replay or discard records in quarantine; approve or reject a task that waits"),
  records: z
    .array(z.string().min(1))
    .min(1)
    .max(1_000)
    .exactOptional()
    .describe("of quarantine: ids, or one asset, which means all its records"),
  rule: z.string().exactOptional().describe("only records set aside by this rule"),
  where: z.string().exactOptional().describe("SQL over the records' cells"),
  set: z.record(z.string(), z.string()).exactOptional().describe("for fix: column → SQL"),
  run: z.string().exactOptional().describe("of an approval"),
  task: z.string().exactOptional().describe("of an approval"),
  fields: z.record(z.string(), z.string()).exactOptional().describe("of the approval's form"),
  why: z.string().max(2_000).exactOptional().describe("kept in the history: say why"),
  confirm: z.string().exactOptional().describe("the token that a person was given"),
});

type Decision = z.output<typeof input>;

export const resolve = tool({
  name: "resolve",
  title: "Decide what waits for a decision",
  description:
    "Proposes a decision over quarantined records or an approval. Without `confirm` nothing is done: you get a preview and the command that your person runs to see and confirm it; call again with exactly the same request and `confirm`. Never run that command yourself.",
  input,
  does: "decides",
  run: async ({ confirm, ...decision }, context) => {
    const wrong = wrongIn(decision);
    if (wrong !== null) return { text: wrong };
    if (confirm !== undefined) {
      await context.ask("confirmations.use", { token: confirm, act: decision }, { signal: context.signal });
      return carryOut(context, decision);
    }
    const what = await previewOf(context.ask, decision);
    if (context.askPerson === null) return proposal(context, decision, what);
    if (!(await context.askPerson(what.join("\n")))) return { text: "the person said no; nothing was done" };
    return carryOut(context, decision);
  },
});

function isApproval({ decision }: Decision): boolean {
  return decision === "approve" || decision === "reject";
}

function wrongIn(decision: Decision): string | null {
  const { records, run, task, set } = decision;
  if (isApproval(decision))
    return run === undefined || task === undefined ? "an approval is named by run and task; `overview` lists what waits" : null;
  if (records === undefined) return "name the records: ids, or an asset";
  if (decision.decision === "fix") return set === undefined ? "a fix wants `set`: column → SQL" : null;
  return set === undefined ? null : "`set` is for fix alone";
}

async function proposal({ ask }: ToolContext, decision: Decision, what: readonly string[]): Promise<ToolAnswer> {
  const { confirmation, until } = await ask("confirmations.ask", { what: [...what], act: decision });
  const command = `millrace confirm ${confirmation}`;
  const text = lines(
    "nothing was done yet; this is what would happen:",
    what,
    `a person decides: ask them to run \`${command}\` in the project's folder before ${until} and to tell you the token it prints`,
    "then call resolve again with the same request and `confirm`",
  );
  return { text, data: { confirmation, until, command } };
}

async function previewOf(ask: Ask, decision: Decision): Promise<readonly string[]> {
  const because = decision.why === undefined ? [] : [`because: ${cell(decision.why)}`];
  if (isApproval(decision)) {
    const form = await ask("approvals.form", { run: decision.run!, task: decision.task! });
    const fields = Object.entries(decision.fields ?? {}).map(([name, value]) => `  ${name}: ${cell(value)}`);
    return [`${decision.decision} ${form.task} of ${form.run}: ${cell(form.title)}`, ...fields, ...because];
  }
  const named = `${decision.records!.slice(0, 10).join(", ")}${decision.records!.length > 10 ? ` and ${decision.records!.length - 10} more` : ""}`;
  const narrowed = [
    decision.rule === undefined ? "" : ` set aside by ${decision.rule}`,
    decision.where === undefined ? "" : ` where ${decision.where}`,
  ];
  const heading = `${decision.decision} ${named}${narrowed.join("")}`;
  if (decision.decision === "discard") return [heading, ...(await meantBy(ask, decision)), ...because];
  const told = await ask("quarantine.preview", wished(decision, decision.decision as "fix" | "accept" | "replay"));
  const shown = told.changes.length === 0 ? null : await cellsOf(ask, told.asset);
  return [
    heading,
    `${told.records} records of ${told.asset}: ${told.loaded} rows would be loaded, ${told.superseded} are superseded, ${told.asideAgain + told.stillBroken.rows} stay aside`,
    ...firstOf(
      told.changes,
      CHANGES_SHOWN,
      ({ id, column, before, after }) => `  ${id} ${column}: ${cell(shown!(column, before))} → ${cell(shown!(column, after))}`,
      "cells",
    ),
    ...because,
  ];
}

/** Of a discard there is no preview; that there is such a record is looked at. */
async function meantBy(ask: Ask, { records, rule }: Decision): Promise<readonly string[]> {
  const first = records![0]!;
  if (first.startsWith("q_")) {
    const { item } = await ask("quarantine.show", { id: first });
    return [`${item.id} of ${item.asset}: ${cell(item.reason)}`];
  }
  const { total } = await ask("quarantine.list", { asset: first, limit: 1, ...(rule === undefined ? {} : { rule }) });
  return [`${total} records of ${first} wait for a decision`];
}

async function carryOut({ ask, signal }: ToolContext, decision: Decision): Promise<ToolAnswer> {
  const { run, task, why } = decision;
  if (isApproval(decision)) {
    const { fields = {} } = decision;
    const decided = await ask("approvals.decide", {
      run: run!,
      task: task!,
      accept: decision.decision === "approve",
      fields,
      ...(why === undefined ? {} : { why }),
    });
    return {
      text: `${decided.accepted ? "approved" : "rejected"} ${decided.task} of ${decided.run}, noted as by ${decided.by}`,
      data: { ...decided },
    };
  }
  if (decision.decision === "discard") {
    const told = await ask("quarantine.discard", {
      named: decision.records!,
      ...(decision.rule === undefined ? {} : { rule: decision.rule }),
      ...(why === undefined ? {} : { why }),
    });
    return { text: `${told.records} records of ${told.asset} are discarded`, data: { ...told } };
  }
  const begun = await ask("quarantine.decide", wished(decision, decision.decision as "fix" | "accept" | "replay"), { signal });
  if (begun.run === undefined || begun.run === "") return { text: "no record was meant" };
  return outcome(ask, { id: begun.run, seconds: WAIT_SECONDS, signal });
}

function wished({ records, rule, where, set, why }: Decision, act: "fix" | "accept" | "replay") {
  return {
    act,
    named: records!,
    ...(rule === undefined ? {} : { rule }),
    ...(where === undefined ? {} : { where }),
    ...(set === undefined ? {} : { set }),
    ...(why === undefined ? {} : { why }),
  };
}
