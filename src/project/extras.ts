// What stands beside the assets: jobs, and checks in files of their own.
import { type JobSpec, jobSpec } from "../model/definitions/job.ts";
import { taskKinds, type TaskSpec } from "../model/definitions/task.ts";
import { checkFileSpec } from "../model/definitions/model.ts";
import type { CheckFile } from "../model/graph.ts";
import { type DefinitionFile, readSpec, readYamlFile, sqlDocument } from "./assets.ts";
import { expandComponents } from "./components-expand.ts";
import { type Document, placesIn } from "./document.ts";
import { splitSqlFile, sqlWords } from "./front-matter.ts";
import { checkParamSpecs } from "./job-values.ts";
import { plainName } from "./names.ts";
import { claim, type ProjectJob, readPlaceholders, type Reader, tell } from "./reader.ts";

/** Names of jobs, tests and checks are used on the command line and in lists, never in SQL. */
const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u;
const NAME_CHARACTERS_MAX = 100;

/** Reads a job. */
export function readJob(reader: Reader, definition: DefinitionFile): ProjectJob | undefined {
  const written = readYamlFile(reader, definition);
  if (written === undefined) return undefined;
  const document = expandComponents(reader, written, "job");
  const name = nameOf(reader, document, definition.inner, "job");
  if (document.isBroken === true) return undefined;
  const spec = readSpec(reader, jobSpec, document);
  // Those of its tasks are read with the tasks: a command has placeholders of its own.
  const { tasks: _tasks, ...rest } = (document.value ?? {}) as Readonly<Record<string, unknown>>;
  readPlaceholders(reader, { ...document, value: rest });
  if (spec === undefined || name === undefined) return undefined;
  checkJob(reader, document, spec);
  return { name, file: definition.file, spec, tasks: [] };
}

/** Reads a check in a file of its own. */
export function readCheckFile(reader: Reader, definition: DefinitionFile): CheckFile | undefined {
  const { file, text } = definition;
  const parts = splitSqlFile(file, text);
  const document = sqlDocument(reader, definition, parts.yaml);
  if (document === undefined) return undefined;
  const spec = readSpec(reader, checkFileSpec, document);
  const name = nameOf(reader, document, definition.inner, "check");
  if (sqlWords(parts.sql).length === 0)
    tell(
      reader,
      "MR1017",
      `${file} has no query`,
      placesIn(file, text)(parts.sqlOffset),
      "a query that returns the rows that break the rule",
    );
  if (spec === undefined || name === undefined) return undefined;
  return { name, on: plainName(spec.on), file, sql: parts.sql, sqlOffset: parts.sqlOffset, text, entry: spec };
}

/** What the schema cannot say of a job: exactly one kind in each trigger and task, names that are there. */
export function checkJob(reader: Reader, document: Document, spec: JobSpec): void {
  for (const [name, task] of Object.entries(spec.tasks ?? {})) checkTask(reader, document, name, task);
  checkParamSpecs(reader, document, spec.params);
}

function checkTask(reader: Reader, document: Document, name: string, task: TaskSpec): void {
  const kinds = Object.keys(taskKinds).filter((kind) => task[kind as keyof TaskSpec] !== undefined);
  if (kinds.length === 1) return;
  const message = `the task ${name} has one kind, this has ${kinds.length === 0 ? "none" : kinds.join(" and ")}`;
  tell(reader, "MR1023", message, document.locate(["tasks", name], "key"), `one of: ${Object.keys(taskKinds).join(", ")}`);
}

/** The name of a job, a test or a check, claimed. */
export function nameOf(reader: Reader, document: Document, inner: string, what: "job" | "test" | "check"): string | undefined {
  const given = (document.value as { readonly name?: unknown } | null)?.name;
  const isGiven = typeof given === "string";
  const name = (isGiven ? given : inner.replace(/\.[^.]*$/, "").replaceAll("/", ".")).normalize("NFC");
  // A check's name is for people and may be a sentence; the others are typed on the command line.
  if (what !== "check" && (!NAME.test(name) || name.length > NAME_CHARACTERS_MAX)) {
    const location = isGiven ? document.locate(["name"]) : { file: document.file, line: 1, column: 1 };
    tell(reader, "MR1031", `${JSON.stringify(name)} cannot be the name of a ${what}`, location, "use letters, digits, _, - and .");
    return undefined;
  }
  return claim(reader, `${what}:${plainName(name)}`, document, isGiven ? ["name"] : [], what) ? name : undefined;
}
