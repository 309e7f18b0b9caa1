// What stands behind the names in a task's placeholders and expressions, at the moment when it is carried out.
import type { Attempt } from "../../model/attempt.ts";
import type { ParamSpec } from "../../model/definitions/job.ts";
import { MillraceError } from "../../model/errors.ts";
import type { NodeId, TaskNode } from "../../model/graph.ts";
import type { JsonValue } from "../../model/json.ts";
import { type Evaluated, checkExpression, evaluateExpression } from "../../platform/expression.ts";
import { fillCommand, fillSql, fillText, fillValue, type LookUp } from "../../platform/templates.ts";
import type { Filler } from "../../load/task-port.ts";
import type { Graph } from "../../plan/graph.ts";
import { resolvePlaceholders } from "../../project/placeholders.ts";

export interface TaskValuesRequest {
  readonly node: TaskNode;
  readonly attempt: Attempt;
  readonly graph: Graph;
  readonly params: Readonly<Record<string, JsonValue>>;
  readonly secrets: ReadonlyMap<string, string>;
  readonly onSecret: (secret: string) => void;
}

export interface TaskValues {
  readonly fill: Filler;
  /** Outputs of the tasks that it comes after, directly or not. */
  readonly outputs: Readonly<Record<string, JsonValue>>;
  evaluate(expression: string, more?: { readonly output: JsonValue }): Promise<Evaluated>;
}

/** Tasks whose outputs are handed to a function; more come before it only in graphs that a program made. */
const OUTPUTS_MAX = 1_000;

export function taskValues(request: TaskValuesRequest): TaskValues {
  const { attempt } = request;
  const look = lookUp(request);
  return {
    fill: {
      text: (text) => fillText(text, look),
      value: (value) => fillValue(value, look),
      command: (command) => fillCommand(command, look),
      sql: (sql) => fillSql(sql, look),
    },
    get outputs() {
      return outputsOf(request);
    },
    async evaluate(expression, more) {
      const { mentions } = await checkExpression(expression, { result: "any" });
      const outputs: Record<string, JsonValue> = {};
      const status: Record<string, JsonValue> = {};
      for (const { of, name } of mentions) {
        if (of !== "outputs" && of !== "status") continue;
        const earlier = earlierNode(attempt, name);
        if (earlier?.output !== undefined) outputs[name] = earlier.output;
        if (earlier !== undefined) status[name] = earlier.status;
      }
      const { params } = request;
      const common = { params, outputs, status, item: attempt.item ?? null, run: attempt.run, partition: attempt.partition ?? "" };
      return evaluateExpression(expression, { ...common, output: more?.output ?? null });
    },
  };
}

/** A task or an asset of the run that has settled. */
export function earlierNode(attempt: Attempt, name: string): ReturnType<Attempt["earlier"]> {
  return attempt.earlier(`task:${name}`) ?? attempt.earlier(name) ?? attempt.earlier(`main.${name}`);
}

function outputsOf({ attempt, graph, node }: TaskValuesRequest): Readonly<Record<string, JsonValue>> {
  const outputs: Record<string, JsonValue> = {};
  const seen = new Set<NodeId>();
  const queue = [...(graph.needs.get(node.id) ?? []), ...(node.settings?.compensates === undefined ? [] : [node.settings.compensates])];
  for (let need = queue.pop(); need !== undefined && seen.size < OUTPUTS_MAX; need = queue.pop()) {
    if (seen.has(need)) continue;
    seen.add(need);
    queue.push(...(graph.needs.get(need) ?? []));
    const output = need.startsWith("task:") ? attempt.earlier(need)?.output : undefined;
    if (output !== undefined) outputs[need.slice("task:".length)] = output;
  }
  return outputs;
}

const OUTPUT = /^outputs\.([\p{L}\p{N}_$-]+)(.*)$/u;
const MEMBER = /^([A-Za-z_]\w*)((?:[.[].*)?)$/;

function lookUp({ node, attempt, params, secrets, onSecret }: TaskValuesRequest): LookUp {
  const itemName = node.settings?.map?.as ?? "item";
  return (inner) => {
    if (/^(env|secret):/.test(inner)) {
      const values = { env: process.env, secrets, params: {} };
      return resolvePlaceholders(`\${${inner}}`, values, { onSecret });
    }
    if (inner.startsWith("param:")) {
      const value = params[inner.slice("param:".length).trim()];
      if (value === undefined)
        throw new MillraceError({ code: "MR1052", message: `the parameter ${inner.slice("param:".length)} is missing` });
      return value;
    }
    const [, task, path] = OUTPUT.exec(inner) ?? [];
    if (task !== undefined) return at(earlierNode(attempt, task)?.output, path ?? "", inner);
    const [, name, rest] = MEMBER.exec(inner) ?? [];
    if (attempt.item !== undefined && (name === "item" || name === itemName)) return at(attempt.item, rest ?? "", inner);
    if (inner === "run") return attempt.run;
    if (inner === "partition" && attempt.partition !== undefined) return attempt.partition;
    return undefined;
  };
}

/** @throws MR6207 */
function at(value: JsonValue | undefined, path: string, inner: string): JsonValue {
  let found: JsonValue | undefined = value;
  for (const step of path.split(/[.[\]]+/).filter((part) => part !== "")) {
    const holds = typeof found === "object" && found !== null && Object.hasOwn(found, step);
    found = holds ? (found as Readonly<Record<string, JsonValue>>)[step] : undefined;
  }
  if (found !== undefined) return found;
  const keys = typeof value === "object" && value !== null ? Object.keys(value).slice(0, 12).join(", ") : "";
  const hint = value === undefined ? "that task has no output in this run" : keys === "" ? undefined : `there are ${keys}`;
  throw new MillraceError({ code: "MR6207", message: `\${${inner}} has no value`, ...(hint === undefined ? {} : { hint }) });
}

/** Parameters of a run with the types that the job declares, as JSON. */
export function typedParameters(
  types: Readonly<Record<string, ParamSpec["type"]>>,
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, JsonValue>> {
  return Object.fromEntries(Object.entries(given).map(([name, text]) => [name, typed(types[name], text)]));
}

function typed(type: ParamSpec["type"] | undefined, text: string): JsonValue {
  switch (type) {
    case "integer":
      return Number.isSafeInteger(Number(text)) ? Number(text) : text;
    case "number":
      return Number(text);
    case "boolean":
      return text === "true";
    case "string":
    case "date":
    case "timestamp":
    case undefined:
      return text;
    default:
      return type satisfies never;
  }
}
