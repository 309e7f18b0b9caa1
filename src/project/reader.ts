// What all readers of definitions share: the options, the place of everything that was read, names that are taken, errors and warnings found so far.
import type * as z from "zod";
import type { CheckEntry } from "../model/definitions/check.ts";
import type { ComponentSpec } from "../model/definitions/component.ts";
import type { ProjectSpec } from "../model/definitions/project.ts";
import { type ErrorCode, MillraceError, type SourceLocation } from "../model/errors.ts";
import type { CheckFile, ProjectNode } from "../model/graph.ts";
import type { JobSpec } from "../model/definitions/job.ts";
import type { OwnFunction } from "../model/functions.ts";
import type { JobTask } from "../model/task.ts";
import type { Macro } from "../sql/functions/macros.ts";
import type { TestSpec } from "../model/definitions/test.ts";
import type { Schedule } from "../schedule/schedule.ts";
import type { DefinitionCache } from "./cache.ts";
import type { Catalogue, Place } from "./catalogue.ts";
import { type Document, type Path, pathText } from "./document.ts";
import { malformedPlaceholders } from "./placeholders.ts";
import { hintFor } from "./validate.ts";
import { knownYaml, parseYaml, type YamlText } from "./yaml.ts";

/** Where check entries come from; the same shape as the compiler of checks takes. */
interface CheckPlace {
  readonly asset: string;
  readonly file: string;
  place(path: Path): SourceLocation;
}

/** What a definition must know of an engine. */
export interface EngineOptions {
  readonly connector: string;
  readonly materializations: readonly string[];
  readonly quarantine: boolean;
  readonly partitions: boolean;
  readonly incremental: { readonly modes: readonly string[]; readonly settings: readonly string[] } | null;
  readonly inPlace: boolean;
}

export interface ReadOptions {
  /** Environment variables that `${env:…}` may name where a setting must be known when the project is read (durations, numbers). Default: none. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Options schema of each connector; absent: connectors are not checked. */
  readonly connectors?: Readonly<Record<string, z.ZodType>>;
  /** Kinds of checks that exist; absent: they are not checked. */
  readonly checks?: readonly string[];
  /** Holds the entries of one asset against the options of each kind, in place of `checks`. `own` are checks made in the project's TypeScript. */
  readonly validateChecks?: (
    entries: readonly CheckEntry[],
    place: CheckPlace,
    own: Readonly<Record<string, unknown>>,
  ) => readonly MillraceError[];
  /** Warnings look ahead from here; default: now. */
  readonly now?: number;
  /** Materializations that this version carries out; absent: all. */
  readonly materializations?: readonly string[];
  /** Engines besides DuckDB and what they can do, by name; absent: there are none. */
  readonly engines?: Readonly<Record<string, EngineOptions>>;
  /** Modules besides those of pipelines/, loaded already. */
  readonly modules?: readonly {
    readonly file: string;
    readonly text: string;
    readonly hash: string;
    readonly exports: Readonly<Record<string, unknown>>;
  }[];
}

export interface ProjectJob {
  readonly name: string;
  readonly file: string;
  readonly spec: JobSpec;
  /** Its own tasks that could be understood, in the order of the file. */
  readonly tasks: readonly JobTask[];
  /** The export that is the job, when it is written in TypeScript. */
  readonly origin?: { readonly module: string; readonly exportName: string };
}

export interface ProjectTest {
  readonly name: string;
  readonly file: string;
  readonly spec: TestSpec;
  /** Assets of `given` that stand beside several tests: not each of them needs to read all. */
  readonly shared: readonly string[];
}

export interface Project {
  /** `name:` of millrace.yaml, else the folder's. */
  readonly name: string;
  /** Absolute. */
  readonly dir: string;
  /** millrace.yaml or millrace.config.ts. */
  readonly configFile: string;
  readonly config: ProjectSpec;
  /** In the order of their files. */
  readonly nodes: readonly ProjectNode[];
  readonly checkFiles: readonly CheckFile[];
  readonly jobs: readonly ProjectJob[];
  readonly tests: readonly ProjectTest[];
  /** Functions for SQL: macros/*.sql, and what modules of pipelines/ make with defineFunction. */
  readonly macros: readonly Macro[];
  readonly functions: readonly OwnFunction[];
  /** Schedules of the jobs' triggers, ready to be asked, by `JOB/TRIGGER`. */
  readonly schedules: ReadonlyMap<string, Schedule>;
  /** Checks and connectors made in pipelines/, by their names. */
  readonly own: { readonly checks: Readonly<Record<string, unknown>>; readonly connectors: Readonly<Record<string, unknown>> };
  /** Ids of all definitions, those with errors included: what holds a name. */
  readonly names: readonly string[];
  /** Everything that is wrong, in the order of files and lines. A project with errors must not be run. */
  readonly errors: readonly MillraceError[];
  /** What was ignored but looks as if it were meant. */
  readonly warnings: readonly MillraceError[];
  /** Places of `tables:` whose tables are sources; of one that the catalogue lacks there are none yet. */
  readonly places: readonly Place[];
  /** Place of a key or value of a definition, by its node's id (`job:NAME`, `test:NAME`, `check:NAME`, `project`). */
  locate(id: string, path?: Path, what?: "key" | "value"): SourceLocation | undefined;
}

/** A file in components/. */
export interface Component {
  readonly name: string;
  readonly spec: ComponentSpec;
  readonly document: Document;
}

export interface Reader {
  readonly dir: string;
  readonly options: ReadOptions;
  readonly cache: DefinitionCache;
  readonly errors: MillraceError[];
  readonly warnings: MillraceError[];
  readonly connectors: Readonly<Record<string, z.ZodType>> | undefined;
  readonly ownChecks: Readonly<Record<string, unknown>>;
  readonly config: ProjectSpec;
  readonly documents: Map<string, Document>;
  readonly components: Map<string, Component>;
  /** Tables of the places of `tables:`, as they were asked last. */
  readonly catalogue: Catalogue;
  /** Places of `tables:` that the sources name. */
  readonly places: Place[];
}

/** The document in a YAML text, from the cache where it was read before; undefined with the errors told. */
export function readDocument(reader: Pick<Reader, "cache" | "errors">, source: YamlText): Document | undefined {
  const text = source.text.slice(source.start, source.end);
  const known = reader.cache.get(text);
  if (known !== undefined) return knownYaml(source, known.value);
  const { document, errors } = parseYaml(source);
  reader.errors.push(...errors);
  if (document !== undefined) reader.cache.set(text, document.value);
  return document;
}

/** Takes a name for a definition; false, with an error that names both places, when it is taken. */
export function claim(reader: Reader, id: string, document: Document, path: Path, what: string): boolean {
  const first = reader.documents.get(id);
  if (first === undefined) {
    reader.documents.set(id, document);
    return true;
  }
  const other = first.locate(["name"], "value");
  const name = id.replace(/^(task|job|test|check):/, "");
  const same = first.file === document.file && other.line === document.locate(path).line;
  tell(
    reader,
    "MR1030",
    `${what} ${JSON.stringify(name)} is defined twice: here and in ${first.file}${same ? "" : `:${other.line}`}`,
    document.locate(path),
    `rename one; letter case makes no difference`,
  );
  return false;
}

export function tell(reader: Pick<Reader, "errors">, code: ErrorCode, message: string, location: SourceLocation, hint?: string): void {
  reader.errors.push(new MillraceError({ code, message, location, ...(hint === undefined ? {} : { hint }) }));
}

/** Checks of an asset: the kinds must exist, and their options must fit where the kinds are known. */
export function readChecks(reader: Reader, document: Document, asset: string, entries: readonly CheckEntry[], at: Path = ["checks"]): void {
  if (entries.length === 0) return;
  const { validateChecks, checks } = reader.options;
  const place = (path: Path): SourceLocation => document.locate([...at, ...path]);
  if (validateChecks !== undefined) {
    reader.errors.push(...validateChecks(entries, { asset, file: document.file, place }, reader.ownChecks));
    return;
  }
  if (checks === undefined) return;
  const kinds = [...checks, ...Object.keys(reader.ownChecks)];
  const common = ["name", "severity", "onFail", "where", "tolerate"];
  for (const [index, entry] of entries.entries()) {
    const named = Object.keys(entry).filter((key) => !common.includes(key));
    const unknown = named.find((key) => !kinds.includes(key));
    const path = [...at, index];
    if (unknown !== undefined)
      tell(
        reader,
        "MR1043",
        `there is no check ${JSON.stringify(unknown)}`,
        document.locate([...path, unknown], "key"),
        hintFor(unknown, kinds, "checks"),
      );
    else if (named.length !== 1)
      tell(
        reader,
        "MR1043",
        `${pathText(path)} names ${named.length === 0 ? "no check" : `${named.length} checks`}`,
        document.locate(path),
        `one of: ${kinds.join(", ")}`,
      );
  }
}

/** Placeholders that are written wrongly are told when the project is read, not when it runs at night. */
export function readPlaceholders(reader: Reader, document: Document): void {
  for (const { path, error } of malformedPlaceholders(document.value)) {
    reader.errors.push(new MillraceError({ ...error, location: document.locate(path) }));
  }
}
