// What the schema cannot say of triggers: one kind each, names that are there, schedules that fire, circles of jobs that start each other.
import type { JobSpec } from "../model/definitions/job.ts";
import type { TriggerSpec } from "../model/definitions/trigger.ts";
import type { JobTrigger } from "../model/triggers.ts";
import { kindsOf, triggersOf } from "../model/triggers.ts";
import { triggerKinds } from "../model/definitions/trigger.ts";
import { isTimeZone } from "../model/moment.ts";
import { parseDurationMs } from "../model/duration.ts";
import type { SourceLocation } from "../model/errors.ts";
import type { ProjectNode } from "../model/graph.ts";
import { tellCircles } from "./circles.ts";
import type { Document, Path } from "./document.ts";
import { checkConcurrencyKey, checkTriggerParams } from "./job-values.ts";
import { plainName } from "./names.ts";
import { type Reader, tell } from "./reader.ts";
import { createScheduleReader, type ProjectSchedules } from "./schedules.ts";
import type { LoadedModule } from "./typescript.ts";
import { hintFor } from "./validate.ts";

interface Job {
  readonly name: string;
  readonly spec: JobSpec;
}

/** Checks the triggers of all jobs; answers their schedules. */
export async function readTriggers(reader: Reader, { jobs, nodes, modules }: Known): Promise<ProjectSchedules> {
  const schedules = new Map<string, NonNullable<ReturnType<ProjectSchedules["get"]>>>();
  const scheduleReader = createScheduleReader(reader, { now: reader.options.now ?? Date.now(), timezone: zoneOf(reader) });
  const paths = new Map<string, string>();
  for (const { name, spec } of jobs) {
    const document = reader.documents.get(`job:${plainName(name)}`)!;
    for (const [index, trigger] of (spec.triggers ?? []).entries()) checkKind(reader, document, index, trigger);
    const triggers = triggersOf(spec.triggers);
    checkNames(reader, document, triggers);
    await checkConcurrencyKey(reader, document, spec);
    for (const trigger of triggers) {
      checkTrigger(reader, document, trigger, { jobs, nodes, modules });
      checkTriggerParams(reader, document, trigger, spec.params);
      checkPath(reader, document, { job: name, trigger, paths });
      const isReadable = (trigger.spec.schedule?.cron === undefined) !== (trigger.spec.schedule?.every === undefined);
      if (trigger.kind !== "schedule" || !isReadable) continue;
      const schedule = await scheduleReader.read(name, trigger, document);
      if (schedule !== undefined) schedules.set(`${name}/${trigger.key}`, schedule);
    }
  }
  tellCircles(reader, jobs, nodes);
  return schedules;
}

/** The project's time zone; UTC with the error told when there is no such zone. */
function zoneOf(reader: Reader): string {
  const { timezone } = reader.config;
  const document = reader.documents.get("project");
  if (timezone === undefined || document === undefined) return "UTC";
  if (isTimeZone(timezone)) return timezone;
  tell(
    reader,
    "MR1603",
    `there is no time zone ${JSON.stringify(timezone)}`,
    document.locate(["timezone"]),
    "for example Europe/Berlin or UTC",
  );
  return "UTC";
}

function checkKind(reader: Reader, document: Document, index: number, trigger: TriggerSpec): void {
  const kinds = kindsOf(trigger);
  if (kinds.length === 1) return;
  const message = `a trigger has one kind, this has ${kinds.length === 0 ? "none" : kinds.join(" and ")}`;
  tell(reader, "MR1023", message, document.locate(["triggers", index]), `one of: ${Object.keys(triggerKinds).join(", ")}`);
}

function checkNames(reader: Reader, document: Document, triggers: readonly JobTrigger[]): void {
  const first = new Map<string, JobTrigger>();
  for (const trigger of triggers) {
    if (!first.has(trigger.key)) first.set(trigger.key, trigger);
    else
      tell(
        reader,
        "MR1613",
        `two triggers of this job are named ${trigger.key}`,
        document.locate(["triggers", trigger.index, trigger.kind, "name"]),
      );
  }
}

interface Known {
  readonly jobs: readonly Job[];
  readonly nodes: readonly ProjectNode[];
  readonly modules: readonly LoadedModule[];
}

/** A client resolves `..` and `//`, and cuts off what follows `?` and `#`, before it asks. */
function isAddressable(path: string): boolean {
  return !/[?#\\\s]/.test(path) && !path.includes("//") && path.split("/").every((part) => part !== "." && part !== "..");
}

/** `module.ts#export`, below pipelines/. */
function checkSensorFunction(reader: Reader, place: SourceLocation, reference: string, modules: readonly LoadedModule[]): void {
  const [written = "", exportName = "default"] = reference.split("#", 2);
  const file = written.startsWith("pipelines/") ? written : `pipelines/${written}`;
  const found = modules.find((each) => each.file === file);
  if (found === undefined) {
    const files = modules.map((each) => each.file);
    tell(
      reader,
      "MR1619",
      `there is no module ${JSON.stringify(file)}`,
      place,
      hintFor(file, files, "modules") ?? "modules stand in pipelines/",
    );
  } else if (typeof found.exports[exportName] !== "function")
    tell(
      reader,
      "MR1619",
      `${file} exports no function ${JSON.stringify(exportName)}`,
      place,
      hintFor(exportName, Object.keys(found.exports), "exports"),
    );
}

function checkTrigger(reader: Reader, document: Document, { spec, kind, index }: JobTrigger, { jobs, nodes, modules }: Known): void {
  const at: Path = ["triggers", index, kind];
  const { schedule, sensor, assets, job } = spec;
  if (schedule !== undefined && (schedule.cron === undefined) === (schedule.every === undefined))
    tell(reader, "MR1022", "a schedule has cron or every, one of the two", document.locate(at, "key"));
  if (sensor !== undefined && [sensor.sql, sensor.http, sensor.typescript].filter((way) => way !== undefined).length !== 1)
    tell(reader, "MR1022", "a sensor has sql, http or typescript, one of the three", document.locate(at, "key"));
  for (const [every, least, leastMs] of [
    [sensor?.every, "10ms", 10],
    [spec.files?.every, "10ms", 10],
  ] as const)
    if (every !== undefined && (parseDurationMs(every) ?? leastMs) < leastMs)
      tell(reader, "MR1604", `every: ${every} is too often`, document.locate([...at, "every"]), `at least ${least}`);
  if (sensor?.typescript !== undefined) checkSensorFunction(reader, document.locate([...at, "typescript"]), sensor.typescript, modules);
  if (spec.webhook !== undefined && !isAddressable(spec.webhook.path))
    tell(
      reader,
      "MR1619",
      `no request has the path ${JSON.stringify(spec.webhook.path)}`,
      document.locate([...at, "path"]),
      "letters, digits, - and _ between slashes: /hooks/listing",
    );
  if (job !== undefined && !jobs.some((other) => plainName(other.name) === plainName(job.finished))) {
    const hint = hintFor(
      job.finished,
      jobs.map((other) => other.name),
      "jobs",
    );
    tell(reader, "MR1612", `there is no job ${JSON.stringify(job.finished)}`, document.locate([...at, "finished"]), hint);
  }
  if (assets !== undefined) {
    const ids = nodes.filter((node) => node.kind !== "task").map((node) => node.id);
    const named = reader.documents;
    for (const [place, asset] of listOf(assets.updated).entries()) {
      if (ids.includes(plainName(asset)) || named.has(plainName(asset))) continue;
      const path = Array.isArray(assets.updated) ? [...at, "updated", place] : [...at, "updated"];
      tell(
        reader,
        "MR1044",
        `there is no asset ${JSON.stringify(asset)} in the project`,
        document.locate(path),
        hintFor(asset, ids, "assets"),
      );
    }
    if (assets.window !== undefined && assets.mode === "any")
      tell(reader, "MR1616", "a window is for mode: all", document.locate([...at, "window"]));
  }
  const options = spec[kind] as { readonly debounce?: string; readonly batch?: unknown } | undefined;
  if (options?.debounce !== undefined && options.batch !== undefined)
    tell(reader, "MR1616", "a trigger has debounce or batch, one of the two", document.locate([...at, "debounce"], "key"));
  if (assets !== undefined && assets.mode !== "any" && listOf(assets.updated).length > 1 && (assets.debounce ?? assets.batch) !== undefined)
    tell(
      reader,
      "MR1616",
      "debounce and batch are for mode: any",
      document.locate([...at, assets.debounce === undefined ? "batch" : "debounce"], "key"),
    );
}

interface PathClaim {
  readonly job: string;
  readonly trigger: JobTrigger;
  readonly paths: Map<string, string>;
}

function checkPath(reader: Reader, document: Document, { job, trigger, paths }: PathClaim): void {
  const path = trigger.spec.webhook?.path;
  if (path === undefined) return;
  const first = paths.get(path);
  if (first === undefined) paths.set(path, job);
  else
    tell(
      reader,
      "MR1613",
      `the webhook ${path} is that of ${first} already`,
      document.locate(["triggers", trigger.index, "webhook", "path"]),
    );
}

function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === "string" ? [value] : value;
}
