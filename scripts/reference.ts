// `npm run reference` writes docs/reference.md: every command with one line, every key of the files of a project. Made from
// the registry of commands and the schemas that check those files, so that it cannot lie; test/docs.test.ts says when it is not current.
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { openTools } from "../src/app.ts";
import { commands } from "../src/cli/commands/index.ts";
import type { Command } from "../src/cli/command.ts";
import { checkCommon } from "../src/model/definitions/check.ts";
import { useKeys } from "../src/model/definitions/component.ts";
import { partitionSpec } from "../src/model/definitions/partition.ts";
import { isolationSpec } from "../src/model/definitions/isolation.ts";
import { assetCommon, retrySpec } from "../src/model/definitions/source.ts";
import { taskKinds, taskSpec } from "../src/model/definitions/task.ts";
import { triggerKinds } from "../src/model/definitions/trigger.ts";

interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
}

const DURATION = "500ms, 30s, 5m, 2h or 7d";
/** Keys that have a part of their own on the page. */
const ELSEWHERE: ReadonlySet<string> = new Set(["triggers", "tasks", "partition", "isolation", "retry"]);
const CHOICES_MAX = 9;
const DEPTH_MAX = 2;

export async function referencePage(): Promise<string> {
  const schemas = (await (await openTools()).jsonSchema(undefined)) as unknown as Readonly<
    Record<string, Schema & { readonly title: string }>
  >;
  const { source, model, export: shared, ...others } = schemas;
  const kinds = {
    project: others["project"]!,
    job: others["job"]!,
    component: others["component"]!,
    check: others["check"]!,
    test: others["test"]!,
  };
  const [connectors, checks] = [source!.properties!["from"]!, source!.properties!["checks"]!.items!];
  const { schedule, message: _later, ...gathering } = triggerKinds;
  const ofTriggers = Object.keys(gathering.assets.shape).filter((key) => Object.values(gathering).every(({ shape }) => key in shape));
  return [
    "# Reference",
    "Made by `scripts/reference.ts` from the commands and from the schemas that check your files. Durations are `500ms 30s 5m 2h 7d`, sizes `64MB 2GB`.",
    "A key nobody knows is an error. `millrace schema KIND` prints the JSON Schema for editors, `millrace explain CODE` explains an error.",
    "## Commands",
    table(["command", "does"], commands.map(commandRow)),
    "All take `--project DIR`, `--env NAME`, `--select EXPR`, `--json`, `--yes`, `--quiet`, `--no-color`, `--output MODE`, `--help`.",
    "Exit codes: 0 well; 1 something failed; 2 words of the command line; 3 the project; 6 a server or connection is missing; 7 no such asset, run or job; 130 interrupted.",
    ...section(kinds.project.title, kinds.project),
    ...section("Keys of every asset", schemaOf(z.strictObject(assetCommon))),
    ...[source!, model!, shared!].flatMap((schema) =>
      section(schema.title, without(schema, Object.keys(assetCommon)), "the keys of every asset, and"),
    ),
    ...section("`partition:` of an asset or task", schemaOf(partitionSpec).anyOf![0]!),
    ...section(kinds.job.title, kinds.job),
    ...section(
      "`triggers:`, keys of every kind; `debounce` and `batch` of every kind but `schedule`",
      only(schemaOf(gathering.assets), ofTriggers),
    ),
    ...Object.entries({ schedule, ...gathering }).flatMap(([kind, spec]) =>
      section(`\`triggers: [ { ${kind}: … } ]\``, without(schemaOf(spec), ofTriggers)),
    ),
    ...section("`tasks:` of a job, keys of every task", without(schemaOf(taskSpec), Object.keys(taskKinds))),
    ...section("`tasks:` of a job, what a task does: exactly one of", { ...schemaOf(z.strictObject(taskKinds)), required: [] }),
    ...section("`retry:` of an asset, task or job, and in `defaults:`", schemaOf(retrySpec)),
    ...section("`isolation: { process: … }`; `thread` has `memory` and `cpu`", processOf(schemaOf(isolationSpec))),
    ...section(kinds.component.title, kinds.component),
    ...section(kinds.check.title, kinds.check),
    ...section(kinds.test.title, kinds.test),
    "## Connectors: `from:`, `to:`, `connections:`",
    list(connectors.properties!),
    "## Checks: `checks:`",
    list(without(checks, [...Object.keys(checkCommon), ...Object.keys(useKeys)]).properties!),
    "",
  ].join("\n\n");
}

function commandRow({ name, summary, arguments: given, options = [] }: Command): readonly string[] {
  const flags = options.map(([flag]) => `\`${flag}\``).join(" ");
  return [`\`${[name, given].filter((part) => part !== undefined).join(" ")}\``, flags === "" ? summary : `${summary}<br>${flags}`];
}

function section(title: string, schema: Schema, before?: string): readonly string[] {
  return [
    `## ${title}`,
    ...(before === undefined ? [] : [`${before[0]!.toUpperCase()}${before.slice(1)}:`]),
    table(["key", "value", ""], rowsOf(schema, "", 1)),
  ];
}

/** The long form of a process. */
function processOf({ anyOf = [] }: Schema): Schema {
  const long = anyOf.find(({ properties }) => properties !== undefined)!.properties!["process"]!;
  return long.properties === undefined ? long.anyOf!.find(({ properties }) => properties !== undefined)! : long;
}

function rowsOf({ properties = {}, required = [] }: Schema, before: string, depth: number): readonly (readonly string[])[] {
  return Object.entries(properties).flatMap(([key, value]) => {
    const name = `${before}${key}`;
    const words = [required.includes(key) ? "**must be there**" : "", value.description ?? ""].filter(
      (part) => part !== "" && part !== DURATION,
    );
    const inner = objectOf(value);
    const isWorthIt =
      inner !== undefined && depth < DEPTH_MAX && Object.values(inner.schema.properties!).some((each) => each.description !== undefined);
    return [
      [`\`${name}\``, value.description === DURATION ? "duration" : ELSEWHERE.has(key) ? "see below" : wordsOf(value), words.join("; ")],
      ...(isWorthIt && !ELSEWHERE.has(key) ? rowsOf(inner.schema, `${name}${inner.way}.`, depth + 1) : []),
    ];
  });
}

/** The keys of a value: its own, those of its long form, or of each of its items. */
function objectOf(schema: Schema): { readonly schema: Schema; readonly way: string } | undefined {
  if (schema.properties !== undefined) return { schema, way: "" };
  for (const form of schema.anyOf ?? []) if (form.properties !== undefined) return { schema: form, way: "" };
  const each = schema.additionalProperties;
  if (typeof each === "object" && each.properties !== undefined) return { schema: each, way: ".NAME" };
  return undefined;
}

/** A value in a few words: `text`, `a | b`, `{ slots, rate }`, `[text]`. */
function wordsOf(schema: Schema, depth = 1): string {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum !== undefined)
    return schema.enum.length > CHOICES_MAX ? "a word" : schema.enum.map((each) => `\`${String(each)}\``).join(" \\| ");
  if (schema.anyOf !== undefined)
    return [...new Set(schema.anyOf.map((each) => wordsOf(each, depth)))].filter((each) => each !== "nothing").join(" \\| ");
  if (schema.type === "array") return `[${wordsOf(schema.items ?? {}, depth + 1)}]`;
  if (schema.properties !== undefined) {
    const names = Object.keys(schema.properties);
    return depth > DEPTH_MAX || names.length > CHOICES_MAX ? "mapping" : `{ ${names.join(", ")} }`;
  }
  if (schema.type === "object")
    return typeof schema.additionalProperties === "object" && Object.keys(schema.additionalProperties).length > 0 && depth <= DEPTH_MAX
      ? `{ NAME: ${wordsOf(schema.additionalProperties, depth + 1)} }`
      : "mapping";
  const simple: Readonly<Record<string, string>> = {
    string: "text",
    integer: "whole number",
    number: "number",
    boolean: "true \\| false",
    null: "nothing",
  };
  return simple[String(schema.type)] ?? "anything";
}

function list(properties: Readonly<Record<string, Schema>>): string {
  return Object.entries(properties)
    .map(([name, { description = "" }]) => `- \`${name}\` ${description}`.trimEnd())
    .join("\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const escaped = rows.map((row) => row.map((cell) => cell.replaceAll("\n", " ").replaceAll(/(?<!\\)\|/g, "\\|")));
  return [head, head.map(() => "---"), ...escaped].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function without(schema: Schema, keys: readonly string[]): Schema {
  return { ...schema, properties: Object.fromEntries(Object.entries(schema.properties!).filter(([key]) => !keys.includes(key))) };
}

function only(schema: Schema, keys: readonly string[]): Schema {
  return without(
    schema,
    Object.keys(schema.properties!).filter((key) => !keys.includes(key)),
  );
}

function schemaOf(spec: z.ZodType): Schema {
  return z.toJSONSchema(spec, { io: "input", unrepresentable: "any" }) as Schema;
}

const PAGE = resolve(fileURLToPath(import.meta.url), "../../docs/reference.md");
if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, await referencePage());
