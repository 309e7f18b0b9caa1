// `approve`: a person's decision about a task that waits for one. It is written to the run itself, so that it works whoever carries the run out, or nobody.
import { PROD } from "../../model/environment.ts";
import { MillraceError } from "../../model/errors.ts";
import type { ApprovalAnswer, ApprovalsAnswer, PendingApproval } from "../../model/approval-answers.ts";
import type { JsonValue } from "../../model/json.ts";
import { didYouMean } from "../../model/suggest.ts";
import type { ApprovalForm, FormField } from "../../model/task.ts";
import type { Executor } from "../../model/attempt.ts";
import { realClock } from "../../engine/clock.ts";
import { createEngine } from "../../engine/engine.ts";
import type { EventStore } from "../../store/store.ts";
import { foldRun, type NodeRow, type RunFold } from "../../views/run-fold.ts";
import { listRuns } from "../../views/runs.ts";
import { actor } from "../actor.ts";
import { findRun } from "./runs.ts";
import type { Workspace } from "../workspace.ts";

export interface ApproveRequest {
  readonly run: string;
  readonly task: string;
  readonly accept: boolean;
  readonly by?: string;
  readonly why?: string;
  /** As they were typed. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Runs that are looked through for what waits for a person. */
const RUNS_LOOKED_AT_MAX = 200;

/** @throws MR6101, MR6210 nothing to approve, MR6211 a field is wrong, MR6212 not an approver. */
export async function approve(workspace: Workspace, request: ApproveRequest): Promise<ApprovalAnswer> {
  const store = await workspace.store();
  const run = await findRun(workspace, request.run);
  const { node, form } = waitingNode(foldRun(await store.read(run))!, run, request.task);
  const { accept, why = "", by = actor() } = request;
  refuseStranger(form, by, request.task);
  const fields = accept ? filledIn(form, request.fields) : typedFields(form, request.fields);
  const engine = createEngine({ store, clock: realClock, executor: nobody });
  try {
    const signal = { by, why, accept, fields };
    if (!(await engine.act(run, { type: "signal", node: node.node, signal })))
      throw nothing(`${request.task} of ${run} was decided by someone else meanwhile`);
  } finally {
    await engine.close();
  }
  return { run, task: node.node.slice("task:".length), accepted: accept, by, why, fields };
}

/** The form of a task that waits, for who asks on a terminal. @throws as `approve`. */
export async function approvalForm(workspace: Workspace, request: Pick<ApproveRequest, "run" | "task">): Promise<PendingApproval> {
  const run = await findRun(workspace, request.run);
  const fold = foldRun(await (await workspace.store()).read(run))!;
  const { node, form } = waitingNode(fold, run, request.task);
  return pendingOf({ run, job: fold.row()?.job ?? null }, node, form);
}

/** Everything that waits for a person, oldest run first. */
export async function pendingApprovals(store: EventStore, environment: string = PROD): Promise<readonly PendingApproval[]> {
  const rows = await listRuns(store, { status: "running", limit: RUNS_LOOKED_AT_MAX });
  const pending: PendingApproval[] = [];
  for (const { run, job, environment: place = PROD } of rows.toReversed()) {
    if (place !== environment) continue;
    const fold = foldRun(await store.read(run));
    for (const node of fold?.nodes() ?? []) {
      const form = formOf(node);
      if (form !== undefined) pending.push(pendingOf({ run, job }, node, form));
    }
  }
  return pending;
}

/** Of the environment that is worked in. */
export async function approvalsHere(workspace: Workspace): Promise<ApprovalsAnswer> {
  return { approvals: await pendingApprovals(await workspace.store(), (await workspace.environment()).name) };
}

function pendingOf(of: Pick<PendingApproval, "run" | "job">, node: NodeRow, form: ApprovalForm): PendingApproval {
  const { title, description = null, approvers = null, fields } = form;
  // An attempt ends when it begins to wait.
  const since = node.attempts.at(-1)?.finishedAt ?? null;
  return { ...of, task: node.node.slice("task:".length), title, description, since, approvers, fields };
}

function formOf({ status, wait, plan }: NodeRow): ApprovalForm | undefined {
  if (status !== "waiting" || wait?.kind !== "approval" || plan.kind !== "task") return undefined;
  return wait.form ?? { title: wait.why, fields: {} };
}

function waitingNode(fold: RunFold, run: string, task: string): { readonly node: NodeRow; readonly form: ApprovalForm } {
  const id = `task:${task.replace(/^task:/, "")}`;
  const nodes = fold.nodes();
  const node = nodes.find((each) => each.node === id);
  if (node === undefined) {
    const known = nodes.flatMap((each) => (each.node.startsWith("task:") ? [each.node.slice("task:".length)] : []));
    throw nothing(
      `${run} has no task ${task}`,
      didYouMean(task, known) ?? (known.length === 0 ? undefined : `tasks: ${known.slice(0, 20).join(", ")}`),
    );
  }
  const form = formOf(node);
  if (form !== undefined) return { node, form };
  const waiting = nodes.filter((each) => formOf(each) !== undefined).map((each) => each.node.slice("task:".length));
  const hint = waiting.length === 0 ? undefined : `${waiting.join(", ")} ${waiting.length === 1 ? "waits" : "wait"} for a decision`;
  throw nothing(`${task} of ${run} waits for no approval: ${statusWords(node)}`, hint);
}

function statusWords({ status, output, signaled, error }: NodeRow): string {
  const said = (output ?? null) as { readonly accepted?: unknown; readonly by?: unknown } | null;
  if (status === "succeeded" && said !== null && typeof said === "object" && said.accepted === true)
    return `${String(said.by)} approved it`;
  if (status === "failed" && error?.code === "MR6010") return `${signaled?.by ?? "somebody"} rejected it`;
  return status === "pending" ? "it has not started" : `it is ${status}`;
}

function nothing(message: string, hint?: string): MillraceError {
  return new MillraceError({ code: "MR6210", message, ...(hint === undefined ? {} : { hint }) });
}

function refuseStranger({ approvers }: ApprovalForm, by: string, task: string): void {
  if (approvers === undefined || approvers.some((name) => name.toLowerCase() === by.toLowerCase())) return;
  throw new MillraceError({
    code: "MR6212",
    message: `${by} may not decide ${task}`,
    hint: `${approvers.join(", ")} may; --by NAME says who you are`,
  });
}

/** All fields, with their defaults. @throws MR6211 that tells every mistake at once. */
function filledIn(form: ApprovalForm, given: Readonly<Record<string, string>>): Readonly<Record<string, JsonValue>> {
  const fields: Record<string, JsonValue> = { ...typedFields(form, given) };
  for (const [name, field] of Object.entries(form.fields)) {
    if (Object.hasOwn(fields, name)) continue;
    if (field.default !== undefined) fields[name] = field.default;
    else if (field.required === true) throw wrong(form, `the field ${name} is missing`);
  }
  return fields;
}

/** What was given, with its types. @throws MR6211 */
function typedFields(form: ApprovalForm, given: Readonly<Record<string, string>>): Readonly<Record<string, JsonValue>> {
  return Object.fromEntries(
    Object.entries(given).map(([name, text]) => {
      const field = Object.hasOwn(form.fields, name) ? form.fields[name] : undefined;
      if (field === undefined) throw wrong(form, `the form has no field ${name}`, didYouMean(name, Object.keys(form.fields)));
      return [name, fieldValue(form, name, field, text)] as const;
    }),
  );
}

function fieldValue(form: ApprovalForm, name: string, field: FormField, text: string): JsonValue {
  const value = typedField(field, text.trim() === "" && field.type !== "string" ? "" : text);
  if (value === undefined) throw wrong(form, `the field ${name} is ${JSON.stringify(text)}, which is no ${field.type}`);
  if (field.required === true && value === "") throw wrong(form, `the field ${name} is empty`);
  if (field.enum !== undefined && !field.enum.includes(value as string | number | boolean))
    throw wrong(form, `the field ${name} is ${JSON.stringify(text)}`, `one of ${field.enum.join(", ")}`);
  return value;
}

function typedField({ type }: FormField, text: string): JsonValue | undefined {
  switch (type) {
    case "string":
      return text;
    case "integer":
      return /^-?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
    case "number":
      return text !== "" && Number.isFinite(Number(text)) ? Number(text) : undefined;
    case "boolean":
      return /^(true|yes|y)$/i.test(text) ? true : /^(false|no|n)$/i.test(text) ? false : undefined;
    case "date":
      return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) ? text : undefined;
    case "timestamp":
      return /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(text) && !Number.isNaN(Date.parse(text)) ? text : undefined;
    default:
      return type satisfies never;
  }
}

function wrong(form: ApprovalForm, message: string, hint?: string): MillraceError {
  const list = Object.entries(form.fields).map(([name, { type, enum: allowed, required }]) => {
    const values = allowed === undefined ? type : allowed.join("|");
    return `${name}: ${values}${required === true ? "" : " (may be left out)"}`;
  });
  const fields = list.length === 0 ? "the form has no fields" : `the form: ${list.join(", ")}`;
  return new MillraceError({ code: "MR6211", message, hint: hint === undefined ? fields : `${hint}\n${fields}` });
}

/** Deciding carries nothing out. */
const nobody: Executor = {
  name: "nobody",
  run: async () => {
    throw new MillraceError({ code: "MR9001", message: "assertion: a decision starts no attempt" });
  },
  close: async () => {},
};
