// An attempt at a task's node: its condition, the list of a mapped one, its effect, the rounds of a loop.
//   T1. A condition is asked once, before the first attempt acts; where it names the item, per item.
//   T2. What only waits opens no warehouse, so that an engine which does not hold it can carry it out.
import { connectorSettings } from "../../model/definitions/project.ts";
import type { Attempt, AttemptResult } from "../../model/attempt.ts";
import { MillraceError } from "../../model/errors.ts";
import { EVENT_LIMITS } from "../../model/events.ts";
import type { PartitionContext } from "../../model/definitions/partition.ts";
import type { TaskNode } from "../../model/graph.ts";
import type { JsonValue } from "../../model/json.ts";
import type { JobPort, TaskAnswer, TaskKind, TaskSurroundings } from "../../load/task-port.ts";
import { isWaiting } from "../../plan/job-node.ts";
import { resolvePlaceholders } from "../../project/placeholders.ts";
import { bindingsOf, typedValues } from "../../sql/parameters.ts";
import { readInputs } from "../../sql/ledger/publish.ts";
import { readRowChunks } from "../../sql/values.ts";
import type { Warehouse } from "../../sql/warehouse.ts";
import type { Definitions } from "../plan/definitions.ts";
import { taskAttempt } from "./task.ts";
import { typedParameters, type TaskValues, taskValues } from "./task-values.ts";
import type { Workspace } from "../workspace.ts";

/** Items of one mapped node. */
export const MAP_ITEMS_MAX = EVENT_LIMITS.items;

export interface TaskNodeRequest {
  readonly definitions: Definitions;
  readonly params: Readonly<Record<string, string>>;
  readonly fullRefresh: boolean;
  readonly jobs?: JobPort | undefined;
}

interface Carrying {
  readonly workspace: Workspace;
  readonly request: TaskNodeRequest;
  readonly node: TaskNode;
  readonly attempt: Attempt;
  readonly values: TaskValues;
  readonly params: Readonly<Record<string, JsonValue>>;
  readonly partition?: PartitionContext;
}

/** @throws what the task throws; MR6204–MR6207. */
export async function taskNodeAttempt(
  workspace: Workspace,
  request: TaskNodeRequest,
  { node, attempt, partition }: { readonly node: TaskNode; readonly attempt: Attempt; readonly partition?: PartitionContext },
): Promise<AttemptResult> {
  const params = typedParameters(request.definitions.paramTypes, request.params);
  const values = taskValues({
    node,
    attempt,
    graph: request.definitions.graph,
    params,
    secrets: workspace.secrets(),
    onSecret: (secret) => workspace.useSecret(secret),
  });
  const carrying: Carrying = { workspace, request, node, attempt, values, params, ...(partition === undefined ? {} : { partition }) };
  const skip = await whyNot(carrying);
  if (skip !== undefined) return { skip };
  const isList = node.settings?.map !== undefined && attempt.item === undefined;
  if (isList) return { items: await itemsOf(carrying) };
  const answer = await carryOut(carrying);
  if ("wait" in answer) return answer;
  return (await nextRound(carrying, answer.output)) ?? answer;
}

/** T1. */
export async function whyNot({ node, attempt, values }: Pick<Carrying, "node" | "attempt" | "values">): Promise<string | undefined> {
  const condition = node.settings?.condition;
  if (condition === undefined || attempt.waits > 0) return undefined;
  const isOfItem = node.settings?.map !== undefined && /\bitem\b/.test(condition);
  if (isOfItem !== (attempt.item !== undefined)) return undefined;
  const { value, seen } = await values.evaluate(condition);
  return value === true ? undefined : `${condition.trim()} does not hold${seen === "" ? "" : `: ${seen}`}`;
}

/** What a mapped node is carried out for. @throws MR6204 */
async function itemsOf(carrying: Carrying): Promise<readonly JsonValue[]> {
  const { node, values, workspace, attempt } = carrying;
  const { over } = node.settings!.map!;
  const given = typeof over === "string" && !over.trim().startsWith("${") ? undefined : values.fill.value(over);
  if (given === undefined) return rowsOf(await workspace.warehouse(), values.fill.sql(over as string), carrying);
  const list = typeof given === "string" ? parsedList(given) : given;
  if (!Array.isArray(list))
    throw new MillraceError({
      code: "MR6204",
      message: `${attempt.node}: map.over is no list but ${JSON.stringify(given)?.slice(0, 100)}`,
    });
  if (list.length > MAP_ITEMS_MAX) throw tooMany(attempt.node, list.length);
  return list as readonly JsonValue[];
}

function parsedList(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function rowsOf(warehouse: Warehouse, query: string, carrying: Carrying): Promise<readonly JsonValue[]> {
  const { attempt } = carrying;
  const { values, types } = bindingsOf(query, valuesOf(carrying));
  return warehouse.session(async (session) => {
    const items: JsonValue[] = [];
    const result = await session.connection.stream(query, values, types).catch((cause: unknown) => {
      throw new MillraceError({ code: "MR6204", message: `${attempt.node}: map.over cannot be read: ${String(cause)}`, cause });
    });
    const names = result.deduplicatedColumnNames();
    for await (const rows of readRowChunks(result)) {
      attempt.signal.throwIfAborted();
      for (const row of rows) items.push(Object.fromEntries(names.map((name, index) => [name, row[index]!])));
      if (items.length <= MAP_ITEMS_MAX) continue;
      const counted = await session
        .row<{ n: number }>(`select count(*) as n from (${query.replace(/;\s*$/, "")}\n)`, undefined)
        .catch(() => undefined);
      throw tooMany(attempt.node, counted?.n ?? items.length);
    }
    return items;
  });
}

function tooMany(node: string, count: number): MillraceError {
  return new MillraceError({
    code: "MR6204",
    message: `${node}: map.over gives ${count.toLocaleString("en")} items; a run makes at most ${MAP_ITEMS_MAX.toLocaleString("en")} (MAP_ITEMS_MAX)`,
    hint: "let one item stand for many rows: select the borders of ranges, and do a range in each",
  });
}

/** The effect, once for this node (and round). */
async function carryOut(carrying: Carrying): Promise<TaskAnswer & { readonly reused?: boolean }> {
  const { workspace, request, node, attempt, values, params } = carrying;
  const kind = await workspace.parts.taskKind(node.action.kind);
  const round = node.settings?.repeat === undefined ? "" : `@${attempt.waits}`;
  const commitAs = `${attempt.node}${round}`;
  const key = `${attempt.run}/${commitAs}`;
  const surroundings = surroundingsOf(carrying, key);
  if (isWaiting(node.action)) return kind.act!(node.action, surroundings);
  const warehouse = await workspace.warehouse();
  const needs = node.reuse === true ? (request.definitions.graph.needs.get(node.id) ?? []) : [];
  const inputs = needs.length === 0 ? {} : await warehouse.session((session) => readInputs(session, needs));
  const transact = kind.transact?.bind(kind);
  const effect =
    transact === undefined
      ? { act: async () => outputOf(await kind.act!(node.action, surroundings)) }
      : { transact: (tx: Parameters<NonNullable<TaskKind["transact"]>>[2]) => transact(node.action, surroundings, tx) };
  const given = { params, outputs: node.reuse === true ? values.outputs : {}, item: attempt.item ?? null };
  const { fullRefresh } = request;
  return taskAttempt({ warehouse, node, commitAs, inputs, given, fullRefresh, effect }, attempt);
}

function outputOf(answer: TaskAnswer): JsonValue {
  if ("output" in answer) return answer.output;
  throw new MillraceError({ code: "MR9001", message: "assertion: a task that acts does not wait" });
}

function surroundingsOf(carrying: Carrying, idempotencyKey: string): TaskSurroundings {
  const { workspace, request, node, attempt, values, params } = carrying;
  const tools = workspace.parts.taskTools(node, { projectDir: workspace.codeDir, attempt });
  return {
    attempt,
    projectDir: workspace.dir,
    tempDir: workspace.tempDir(),
    params,
    get outputs() {
      return values.outputs;
    },
    item: attempt.item,
    ...(carrying.partition === undefined ? {} : { partition: carrying.partition }),
    ...(node.isolation === undefined ? {} : { limits: node.isolation }),
    idempotencyKey,
    fill: values.fill,
    warehouse: () => workspace.warehouse(),
    http: tools.http,
    request: async (asked) => tools.request(asked, await connectionOf(workspace, asked.connection, request.params)),
    holds: async (expression) => {
      const { value, seen } = await values.evaluate(expression);
      return { holds: value === true, seen };
    },
    bindings: valuesOf(carrying),
    call: (context) => tools.call(context),
    jobs: request.jobs,
  };
}

function valuesOf({ request, attempt, partition }: Carrying): Readonly<Record<string, unknown>> {
  const moment = new Date(attempt.firstStartedAt);
  return {
    param: typedValues(request.definitions.paramTypes, request.params),
    now: moment,
    run: attempt.run,
    ...(attempt.partition === undefined ? {} : { partition: attempt.partition }),
    ...(partition?.start == null || partition.end === null ? {} : { start: partition.start, end: partition.end }),
  };
}

/** Settings of a connection by its name, every placeholder filled in. */
async function connectionOf(
  workspace: Workspace,
  name: string | undefined,
  params: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, Readonly<Record<string, unknown>>>>> {
  const settings = name === undefined ? undefined : (await workspace.config()).connections?.[name];
  if (name === undefined || settings === undefined) return {};
  const values = { env: process.env, secrets: workspace.secrets(), params };
  return { [name]: resolvePlaceholders(connectorSettings(settings), values, { onSecret: (secret) => workspace.useSecret(secret) }) };
}

/** Does a loop go on? Undefined when it is over. @throws MR6205 */
export async function nextRound(
  { node, attempt, values }: Pick<Carrying, "node" | "attempt" | "values">,
  output: JsonValue,
): Promise<AttemptResult | undefined> {
  const { repeat } = node.settings ?? {};
  if (repeat === undefined) return undefined;
  const { value, seen } = await values.evaluate(repeat.until, { output });
  if (value === true) return undefined;
  const rounds = attempt.waits + 1;
  if (rounds >= repeat.max) {
    throw new MillraceError({
      code: "MR6205",
      message: `${repeat.until.trim()} does not hold after ${rounds} rounds${seen === "" ? "" : `: ${seen}`}`,
      hint: `repeat.max is ${repeat.max}`,
    });
  }
  const why = `round ${rounds} of at most ${repeat.max}${seen === "" ? "" : `: ${seen}`}`;
  return { wait: { kind: "repeat", until: attempt.now() + repeat.delayMs, why } };
}
