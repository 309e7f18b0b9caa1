// The tasks of a job, read when the project is: what each does, what it mentions, and everything about them that can be wrong before a run.
//   J1. Placeholders of a command that are none of ours are the shell's; everywhere else they are errors.
//   J2. A task comes after the tasks that its placeholders and expressions mention, whether it says so or not.
import { isolationOf } from "../model/definitions/isolation.ts";
import type { JobSpec } from "../model/definitions/job.ts";
import type { CompensationSpec, TaskSpec } from "../model/definitions/task.ts";
import { MillraceError } from "../model/errors.ts";
import type { ProjectNode } from "../model/graph.ts";
import type { JobTask, TaskAction, TaskReference, TypescriptAction } from "../model/task.ts";
import { isTimeZone, momentOf } from "../model/moment.ts";
import { checkExpression, isQuery } from "../platform/expression.ts";
import { placeholdersIn } from "../platform/templates.ts";
import { type Document, type Path, valueAt } from "./document.ts";
import { hashDefinition } from "./hash.ts";
import { isDefinition } from "../model/define.ts";
import { type Reader, tell } from "./reader.ts";
import { actionOf, settingsOf } from "./task-actions.ts";
import type { LoadedModule } from "./typescript.ts";
import { hintFor } from "./validate.ts";

export interface JobTasksRequest {
  readonly spec: JobSpec;
  readonly document: Document;
  readonly modules: readonly LoadedModule[];
  /** The module that exports the job, when it is written in TypeScript. */
  readonly origin?: { readonly module: string; readonly exportName: string } | undefined;
}

/** The tasks that could be understood; what is wrong is told. */
export async function readJobTasks(reader: Reader, request: JobTasksRequest): Promise<readonly JobTask[]> {
  const tasks: JobTask[] = [];
  for (const [name, spec] of Object.entries(request.spec.tasks ?? {})) {
    const task = await readTask({ ...request, reader, name, at: ["tasks", name], itemName: spec.map?.as ?? "item" }, spec);
    if (task !== undefined) tasks.push(task);
  }
  return tasks;
}

/** Expressions of tasks that defineTask made. */
export async function checkTaskExpressions(reader: Reader, nodes: readonly ProjectNode[]): Promise<void> {
  for (const node of nodes) {
    if (node.kind !== "task") continue;
    const expressions = [
      ["when", node.settings?.condition],
      ["until", node.settings?.repeat?.until],
    ] as const;
    for (const [key, text] of expressions) {
      if (text === undefined) continue;
      await checkExpression(text, { result: "boolean" }).catch((error: unknown) => {
        if (!(error instanceof MillraceError)) throw error;
        tell(reader, error.code, error.message, reader.documents.get(node.id)!.locate([key]), error.hint);
      });
    }
  }
}

interface Reading extends JobTasksRequest {
  readonly reader: Reader;
  readonly name: string;
  readonly at: Path;
  readonly itemName: string;
}

const NAME = /^[\p{L}_][\p{L}\p{N}_$-]*$/u;

async function readTask(reading: Reading, spec: TaskSpec): Promise<JobTask | undefined> {
  const { reader, document, name, at } = reading;
  if (!NAME.test(name)) {
    tell(
      reader,
      "MR1031",
      `${JSON.stringify(name)} cannot be the name of a task`,
      document.locate(at, "key"),
      "use letters, digits, _ and -",
    );
    return undefined;
  }
  const mentions = new Set<string>();
  const settings = settingsOf(spec);
  for (const [path, text, result] of expressionsOf(spec))
    for (const name of await mentionedIn(reading, [...at, ...path], text, result)) mentions.add(name);
  for (const kind of ["shell", "http", "sql", "wait", "job", "map", "compensate"] as const)
    for (const mention of placeholders(reading, spec[kind], [...at, kind])) mentions.add(mention);
  checkForm(reading, spec);
  const action = actionOf(spec) ?? typescriptAction(reading, spec.typescript);
  const undo = spec.compensate === undefined ? undefined : undoOf(reading, spec.compensate);
  if (settings.repeat !== undefined && (spec.approval ?? spec.wait ?? spec.job) !== undefined)
    tell(
      reader,
      "MR1023",
      `the task ${name} repeats something that waits`,
      document.locate([...at, "repeat"], "key"),
      "repeat a shell, http, sql or typescript task",
    );
  const does = action ?? referenceTo(spec.task);
  if (does === undefined) return undefined;
  mentions.delete(name);
  return {
    name,
    action: does,
    settings,
    after: [spec.after ?? []].flat(),
    before: [spec.before ?? []].flat(),
    ...(undo === undefined ? {} : { undo }),
    file: document.file,
    ...componentOf(reading),
    description: spec.description,
    tags: spec.tags ?? [],
    owner: spec.owner,
    timeout: spec.timeout ?? (typeof spec.wait === "object" ? spec.wait.timeout : undefined),
    retry: spec.retry,
    isolation: isolationOf(spec.isolation, reader.config.defaults?.isolation),
    reuse: spec.reuse === true,
    codeHash: hashDefinition({ action, map: spec.map, repeat: spec.repeat }, moduleHash(reading, action)),
    mentions: [...mentions],
  };
}

/** The components that keys of the task were written in. */
function componentOf({ reader, document, at }: Reading): Pick<JobTask, "components"> {
  if (document.components === undefined || document.components.length === 0) return {};
  const keys = Object.keys(valueAt(document.value, at) ?? {});
  const files = new Set(keys.map((key) => document.locate([...at, key]).file));
  const names = document.components.filter((name) => files.has(reader.components.get(name)?.document.file ?? ""));
  return names.length === 0 ? {} : { components: names };
}

function expressionsOf(spec: TaskSpec): readonly (readonly [Path, string, "boolean" | "any"])[] {
  const found: (readonly [Path, string, "boolean" | "any"])[] = [];
  const { condition } = settingsOf(spec);
  if (condition !== undefined) found.push([["when"], condition, "boolean"]);
  if (spec.repeat !== undefined) found.push([["repeat", "until"], spec.repeat.until, "boolean"]);
  const waits = typeof spec.wait === "object" ? spec.wait.condition : undefined;
  if (waits !== undefined && !isQuery(waits)) found.push([["wait", "condition"], waits, "boolean"]);
  return found;
}

/** Tasks and assets that an expression names; `output` stands for the task itself. */
async function mentionedIn(reading: Reading, path: Path, text: string, result: "boolean" | "any"): Promise<readonly string[]> {
  const { reader, document, spec } = reading;
  try {
    const { mentions } = await checkExpression(text, { result });
    const params = Object.keys(spec.params ?? {});
    for (const { of, name } of mentions) {
      if (of === "params" && !params.includes(name))
        tell(
          reader,
          "MR1048",
          `the job has no parameter ${JSON.stringify(name)}`,
          document.locate(path),
          hintFor(name, params, "parameters"),
        );
    }
    return mentions.flatMap(({ of, name }) => (of === "outputs" || of === "status" ? [name] : []));
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    tell(reader, error.code, error.message, document.locate(path), error.hint);
    return [];
  }
}

const FORM =
  /^(?:(?:env|secret):[\w.-]+|param:(?<param>[\w.-]+)|outputs\.(?<task>[\p{L}\p{N}_$-]+)(?:[.[].*)?|(?<item>[A-Za-z_]\w*)(?:[.[].*)?)$/u;

/** Tasks that the placeholders of a value name; wrong ones are told (J1). */
function placeholders(reading: Reading, value: unknown, path: Path): readonly string[] {
  if (typeof value === "string") return placeholdersIn(value).flatMap((inner) => mentionOf(reading, inner, path));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => placeholders(reading, inner, [...path, key]));
}

function mentionOf({ reader, document, spec, itemName, at }: Reading, inner: string, path: Path): readonly string[] {
  const form = FORM.exec(inner)?.groups;
  if (form?.["task"] !== undefined) return [form["task"]];
  const refuse = (code: "MR1052" | "MR1053", message: string, hint: string | undefined): readonly string[] => {
    tell(reader, code, message, document.locate(path), hint);
    return [];
  };
  const params = Object.keys(spec.params ?? {});
  if (form?.["param"] !== undefined && !params.includes(form["param"]))
    return refuse("MR1052", `the job has no parameter ${JSON.stringify(form["param"])}`, hintFor(form["param"], params, "parameters"));
  const item = form?.["item"];
  if (item === "item" || item === itemName) {
    const isMapped = (spec.tasks?.[String(at[1])]?.map ?? undefined) !== undefined;
    return isMapped ? [] : refuse("MR1053", `\${${inner}} stands in a task that is not mapped`, "map: { over: … } makes one task per item");
  }
  const isKnown = form !== undefined && (item === undefined || item === "run" || item === "partition");
  const isShells = path.includes("shell") && !/^(env|secret|param|outputs)\b\s*[:.]/.test(inner);
  if (isKnown || isShells) return [];
  const forms =
    "write ${param:name}, ${env:NAME}, ${secret:NAME}, ${outputs.TASK.field}, ${item.field}, ${run} or ${partition}; $${ writes a plain ${";
  return refuse("MR1053", `the placeholder ${JSON.stringify(`\${${inner}}`)} is not understood`, forms);
}

function checkForm({ reader, document, name, at }: Reading, spec: TaskSpec): void {
  for (const [field, rules] of Object.entries(spec.approval?.fields ?? {})) {
    if (typeof rules === "string" || rules.default === undefined || rules.enum === undefined || rules.enum.includes(rules.default))
      continue;
    const place = document.locate([...at, "approval", "fields", field, "default"]);
    tell(reader, "MR1023", `the default of ${field} in ${name} is not in its enum`, place, `one of: ${rules.enum.join(", ")}`);
  }
  if (typeof spec.wait !== "object") return;
  const { for: length, until, condition, timezone } = spec.wait;
  const given = [length, until, condition].filter((value) => value !== undefined).length;
  if (given !== 1) tell(reader, "MR1022", `wait has for, until or condition, one of the three`, document.locate([...at, "wait"], "key"));
  if (timezone !== undefined && !isTimeZone(timezone))
    tell(
      reader,
      "MR1603",
      `there is no time zone ${JSON.stringify(timezone)}`,
      document.locate([...at, "wait", "timezone"]),
      "for example Europe/Berlin or UTC",
    );
  if (until === undefined || until.includes("${")) return; // a placeholder is known to the run only
  try {
    momentOf(until, 0);
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    tell(reader, "MR1023", `wait.until: ${error.message}`, document.locate([...at, "wait", "until"]), error.hint);
  }
}

/** The function of a `typescript:` task. */
function typescriptAction(reading: Reading, spec: TaskSpec["typescript"]): TypescriptAction | undefined {
  if (spec === undefined) return undefined;
  const { reader, document, at, name, origin, modules } = reading;
  if (typeof spec === "function") return origin === undefined ? undefined : { kind: "typescript", ...origin, task: name };
  const [module, exportName] = typeof spec === "string" ? (spec.split("#") as [string, string | undefined]) : [spec.module, spec.export];
  const place = document.locate([...at, "typescript"]);
  const found = modules.find((each) => each.file === module);
  if (found === undefined) {
    tell(
      reader,
      "MR1044",
      `there is no module ${JSON.stringify(module)}`,
      place,
      hintFor(
        module,
        modules.map((each) => each.file),
        "modules",
      ) ?? "modules stand in pipelines/",
    );
    return undefined;
  }
  const wanted = exportName ?? "default";
  const exported = found.exports[wanted];
  if (typeof exported !== "function" && !isDefinition(exported)) {
    tell(
      reader,
      "MR1044",
      `${module} exports no function ${JSON.stringify(wanted)}`,
      place,
      hintFor(wanted, Object.keys(found.exports), "exports"),
    );
    return undefined;
  }
  return { kind: "typescript", module, exportName: wanted };
}

function moduleHash({ modules }: Reading, action: TaskAction | undefined): string {
  return action?.kind === "typescript" ? (modules.find((each) => each.file === action.module)?.hash ?? "") : "";
}

function referenceTo(task: string | undefined): TaskReference | undefined {
  return task === undefined ? undefined : { kind: "task", task: task.replace(/^task:/, "") };
}

function undoOf({ reader, document, at, name }: Reading, spec: CompensationSpec): TaskAction | TaskReference | undefined {
  const kinds = Object.entries(spec).flatMap(([kind, value]) => (value === undefined ? [] : [kind]));
  const place = document.locate([...at, "compensate"], "key");
  if (kinds.length !== 1) {
    tell(
      reader,
      "MR1023",
      `what undoes ${name} has one kind, this has ${kinds.length === 0 ? "none" : kinds.join(" and ")}`,
      place,
      "one of: shell, http, sql, task",
    );
    return undefined;
  }
  return actionOf(spec) ?? referenceTo(spec.task);
}
