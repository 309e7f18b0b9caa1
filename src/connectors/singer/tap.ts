// One run of a tap for one stream. Its rows and its last state become one delivery, so that both are committed or neither.
//   T1. Rows count only when the tap has ended with 0 and every line was a whole message. A run that failed leaves state and rows as they were.
//   T2. The position is the last STATE. Records after it are loaded too; the tap sends them once more, and a merge takes them for the same.
//   T3. A run without any STATE leaves the position where it was.
import type { DuckDBConnection } from "@duckdb/node-api";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { FilledTable, Json, ReadContext, TableDelivery } from "../../load/connector.ts";
import { MillraceError } from "../../model/errors.ts";
import { withTempFolder } from "../../platform/files.ts";
import { catalogFile, discoverCatalog, isWanted, nameOf, noStream, selectStream, streamsOf } from "./catalog.ts";
import { isObject, type Message, parseMessage } from "./messages.ts";
import { settingsOf, type SingerOptions, type SingerSettings, streamOf } from "./options.ts";
import { privateFile, type Program, type ProgramContext, startProgram, withoutSecrets } from "./process.ts";
import { Records } from "./records.ts";

const WORDS_LOGGED_MAX = 100;

/** What is committed with the rows: the tap's state, and the version of the table that they belong to. */
interface Position {
  readonly state?: Json;
  readonly version?: number;
}

export function tapDelivery(given: Partial<SingerOptions>, context: ReadContext): TableDelivery {
  const { options, settings } = settingsOf(given, context.connections);
  const stream = streamOf(options);
  return {
    kind: "table",
    name: `stream ${stream} of ${settings.command[0]!.split("/").at(-1)}`,
    fill: ({ connection, into, signal }) =>
      withTempFolder(join(context.tempDir, "singer"), (folder) =>
        runTap({ options, settings, stream, folder, position: positionOf(context.position) }, connection, into, {
          projectDir: context.projectDir,
          signal: signal === undefined ? context.signal : AbortSignal.any([context.signal, signal]),
          log: (level, message) => context.log(level, message),
        }),
      ),
  };
}

interface TapRun {
  readonly options: Partial<SingerOptions>;
  readonly settings: SingerSettings;
  readonly stream: string;
  readonly folder: string;
  readonly position: Position;
}

async function runTap(run: TapRun, connection: DuckDBConnection, into: string, context: ProgramContext): Promise<FilledTable> {
  const { args, names } = await argumentsOf(run, context);
  const records = new Records(join(run.folder, `${randomUUID()}.ndjson`));
  const tap = startProgram(run.settings, args, context);
  try {
    tap.input.end();
    const intake = new Intake(run, names, records, tap, context);
    let line = 0;
    let torn: unknown;
    for await (const text of tap.lines()) {
      if (torn !== undefined) throw torn;
      try {
        intake.take(text, ++line);
      } catch (error) {
        torn = error; // the last line of a tap that died: its end says more
      }
    }
    await tap.finished(); // T1
    if (torn !== undefined) throw torn;
    const position = intake.finish();
    const { rows, columns } = await records.load(connection, into);
    return { rows, columns, ...(position === undefined ? {} : { position: position as Json }) };
  } finally {
    tap.stop();
    records.remove();
  }
}

/** The files of the run, and the names under which messages may speak of the stream. */
async function argumentsOf(
  run: TapRun,
  context: ProgramContext,
): Promise<{ readonly args: readonly string[]; readonly names: ReadonlySet<string> }> {
  const { options, settings, stream, folder, position } = run;
  const args = ["--config", await privateFile(folder, "config.json", settings.config)];
  if (position.state !== undefined) args.push("--state", await privateFile(folder, "state.json", position.state));
  const { catalog = "discover" } = options;
  if (catalog === "none") return { args, names: new Set([stream]) };
  const streams =
    catalog === "discover" ? await discoverCatalog(settings, folder, context) : streamsOf(catalog, settings.command[0] ?? "the tap");
  const chosen = selectStream(streams, stream, options.metadata);
  args.push(options.catalogFlag ?? "--catalog", await catalogFile(folder, chosen));
  return { args, names: new Set([stream, ...streams.filter((one) => isWanted(one, stream)).map(nameOf)]) };
}

/** Takes the tap's messages in their order. */
class Intake {
  private readonly run: TapRun;
  private readonly names: ReadonlySet<string>;
  private readonly records: Records;
  private readonly tap: Program;
  private readonly context: ProgramContext;
  private readonly others = new Map<string, number>();
  private state: Json | undefined;
  private words = 0;
  private isKnown = false;

  constructor(run: TapRun, names: ReadonlySet<string>, records: Records, tap: Program, context: ProgramContext) {
    this.run = run;
    this.names = names;
    this.records = records;
    this.tap = tap;
    this.context = context;
  }

  take(text: string, line: number): void {
    const shown = (words: string): string => withoutSecrets(words, this.run.settings.secrets);
    const message = parseMessage(text, { program: this.tap.name, line, shown });
    if (message === null) this.takeWords(text, line, shown);
    else this.takeMessage(message, { text, line });
  }

  /** The position to commit, or undefined to leave it (T3). @throws MR4704, MR4706. */
  finish(): Position | undefined {
    const { position } = this.run;
    if (!this.isKnown && this.others.size > 0) throw noStream(this.run.stream, [...this.others.keys()]);
    for (const [stream, records] of this.others)
      if (records > 0) this.context.log("info", `${records} records of stream ${stream} were sent as well and left out`);
    const { version } = this.records;
    if (version !== null && position.version !== undefined && position.version !== version) {
      throw new MillraceError({
        code: "MR4706",
        message: `${this.tap.name} has sent the whole of ${this.run.stream} anew (version ${version}; the rows that are there have version ${position.version})`,
      });
    }
    const known = version ?? position.version;
    const state = this.state ?? position.state;
    if (state === undefined && known === undefined) return undefined;
    return { ...(state === undefined ? {} : { state }), ...(known === undefined ? {} : { version: known }) };
  }

  private takeMessage(message: Message, source: { readonly text: string; readonly line: number }): void {
    switch (message.type) {
      case "SCHEMA":
        if (this.isOurs(message.stream)) this.records.declare(message.schema);
        return;
      case "RECORD":
        if (this.isOurs(message.stream)) this.records.add(message.record, message.version, source);
        else this.others.set(message.stream, this.others.get(message.stream)! + 1);
        return;
      case "STATE":
        this.state = message.value as Json;
        return;
      case "ACTIVATE_VERSION":
        if (this.isOurs(message.stream)) this.records.activate(message.version);
        return;
      case "BATCH":
        if (!this.isOurs(message.stream)) return;
        throw new MillraceError({ code: "MR4705", message: `${this.tap.name} sends a BATCH of ${message.stream} at line ${source.line}` });
      case "other":
        this.context.log("warn", `${this.tap.name} sent a message of a type that is not known, ${message.name}, at line ${source.line}`);
        return;
      default:
        message satisfies never;
    }
  }

  private takeWords(text: string, line: number, shown: (words: string) => string): void {
    if (text.trim() === "") return;
    if (this.run.options.otherOutput !== "log") {
      throw new MillraceError({
        code: "MR4703",
        message: `line ${line} of ${this.tap.name} is no message: ${JSON.stringify(shown(text).slice(0, 120))}`,
      });
    }
    if (++this.words <= WORDS_LOGGED_MAX) this.context.log("info", shown(text).slice(0, 2_000));
  }

  private isOurs(stream: string): boolean {
    const ours = this.names.has(stream);
    if (ours) this.isKnown = true;
    else if (!this.others.has(stream)) this.others.set(stream, 0);
    return ours;
  }
}

function positionOf(position: Json | undefined): Position {
  return isObject(position) ? position : {};
}
