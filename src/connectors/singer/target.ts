// Rows of an export to a Singer target: SCHEMA, RECORDs, STATEs.
//   G1. All rows are safe when the target gives back the state that was sent after the last row, and ends with 0.
//   G2. A try of an export that was acknowledged is not sent again: a note about the token is kept.
import type { DuckDBConnection } from "@duckdb/node-api";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { WriteContext, WriteResult } from "../../load/connector.ts";
import { MillraceError } from "../../model/errors.ts";
import { withTempFolder } from "../../platform/files.ts";
import { ident } from "../../sql/text.ts";
import { isObject } from "./messages.ts";
import { settingsOf, type SingerOptions, streamOf } from "./options.ts";
import { privateFile, type Program, startProgram } from "./process.ts";

const ROWS_PER_STATE = 100_000;
const WRITE_CHARS = 1 << 16;

/** @throws MR4701, MR4702, MR4708–MR4710, what the query throws. */
export async function writeTarget(given: SingerOptions, context: WriteContext): Promise<WriteResult> {
  const { options, settings } = settingsOf(given, context.connections);
  const stream = streamOf(options);
  refuseMode(options, context);
  const locations = [`stream ${stream} of ${settings.command[0]!.split("/").at(-1)}`];
  const notePath = join(context.projectDir, ".millrace", "singer", `${digest([settings.command, settings.config, stream])}.json`);
  const done = await readNote(notePath);
  if (done?.token === context.token) return { rows: done.rows, locations };
  const rows = await withTempFolder(join(context.tempDir, "singer"), async (folder) => {
    const target = startProgram(settings, ["--config", await privateFile(folder, "config.json", settings.config)], context);
    try {
      return await send(target, stream, options, context);
    } finally {
      target.stop();
    }
  });
  await writeNote(notePath, { token: context.token, rows });
  return { rows, locations };
}

function refuseMode(options: Partial<SingerOptions>, { mode, key }: WriteContext): void {
  const refuse = (message: string): never => {
    throw new MillraceError({ code: "MR4709", message });
  };
  switch (mode) {
    case "append":
      return;
    case "merge":
      return key.length === 0 ? refuse("a merge into a Singer target needs `key:`") : undefined;
    case "replace":
      return options.activateVersion === true
        ? undefined
        : refuse(
            "whether this target replaces rows is not known: write `activateVersion: true` if it does, else `load: append` or `merge`",
          );
    case "delete":
      return refuse("the protocol has no message that deletes rows");
    default:
      return mode satisfies never;
  }
}

async function send(target: Program, stream: string, options: Partial<SingerOptions>, context: WriteContext): Promise<number> {
  const { connection, key, mode, token } = context;
  const shape = await shapeOf(connection, context.query);
  const version = mode === "replace" ? Date.now() : null;
  const state = (rows: number): string => JSON.stringify({ millrace: { token, rows } });
  const given = listen(target);
  const out = new Outbox(target);
  const name = JSON.stringify(stream);
  const suffix = version === null ? "}" : `,"version":${version}}`;
  let rows = 0;
  try {
    await out.write(
      `{"type":"SCHEMA","stream":${name},"schema":${JSON.stringify(shape.schema)},"key_properties":${JSON.stringify(mode === "append" ? [] : key)}}\n`,
    );
    const result = await connection.stream(shape.query);
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) break;
      context.signal.throwIfAborted();
      for (const record of chunk.getColumnValues(0) as readonly string[]) {
        if (/[:[,](NaN|-?Infinity)[,}\]]/.test(record)) refuseOddNumbers(record);
        rows += 1;
        await out.write(`{"type":"RECORD","stream":${name},"record":${record}${suffix}\n`);
        if (rows % ROWS_PER_STATE === 0) await out.write(`{"type":"STATE","value":${state(rows)}}\n`);
      }
    }
    if (version !== null) await out.write(`{"type":"ACTIVATE_VERSION","stream":${name},"version":${version}}\n`);
    await out.write(`{"type":"STATE","value":${state(rows)}}\n`);
    await out.end();
  } catch (thrown) {
    if (thrown instanceof MillraceError && thrown.code === "MR4709") throw thrown;
    if (context.signal.aborted) throw context.signal.reason;
    if (!(thrown instanceof BrokenPipe)) throw thrown;
    await target.finished(); // says why it would not read on
    throw target.failure("stopped reading before the last row");
  }
  const last = await given;
  await target.finished();
  if (options.acknowledge !== "exit" && !isSame(last, { token, rows })) {
    throw new MillraceError({
      code: "MR4708",
      message: `${target.name} ended well, but ${last === undefined ? "gave back no state" : "the last state that it gave back is another"}`,
      retryable: true,
    });
  }
  return rows;
}

/** The last line of the target that is JSON: the state up to which rows are safe. */
async function listen(target: Program): Promise<string | undefined> {
  let last: string | undefined;
  for await (const line of target.lines()) if (line.trim() !== "") last = line;
  return last;
}

/** Is it our state, bare or in a message? Keys may have changed their order. */
function isSame(line: string | undefined, { token, rows }: Note): boolean {
  try {
    const said: unknown = JSON.parse(line ?? "null");
    const state = isObject(said) && said["type"] === "STATE" ? said["value"] : said;
    const ours = isObject(state) ? state["millrace"] : undefined;
    return isObject(ours) && ours["token"] === token && ours["rows"] === rows;
  } catch {
    return false;
  }
}

/** `"NaN"` in a text is none: only the parsed record tells. */
function refuseOddNumbers(record: string): void {
  try {
    JSON.parse(record);
  } catch {
    throw new MillraceError({ code: "MR4709", message: "a number of the rows is NaN or infinite, and JSON has no such numbers" });
  }
}

class BrokenPipe extends Error {}

/** Writes in pieces, waiting as long as the target does not read. */
class Outbox {
  private readonly target: Program;
  private pending: string[] = [];
  private chars = 0;
  private broken: Error | undefined;
  private readonly gone: Promise<never>;

  constructor(target: Program) {
    this.target = target;
    this.gone = new Promise((_done, fail) => {
      const end = (): void => {
        this.broken ??= new BrokenPipe();
        fail(this.broken);
      };
      target.input.once("error", end);
      target.input.once("close", end);
    });
    this.gone.catch(() => undefined);
  }

  async write(line: string): Promise<void> {
    this.pending.push(line);
    this.chars += line.length;
    if (this.chars >= WRITE_CHARS) await this.flush();
  }

  async end(): Promise<void> {
    await this.flush();
    this.target.input.end();
  }

  private async flush(): Promise<void> {
    if (this.broken !== undefined) throw this.broken;
    const text = this.pending.join("");
    this.pending = [];
    this.chars = 0;
    if (text !== "" && !this.target.input.write(text)) await Promise.race([once(this.target.input, "drain"), this.gone]);
  }
}

interface Shape {
  /** One column: the row as JSON. */
  readonly query: string;
  readonly schema: unknown;
}

async function shapeOf(connection: DuckDBConnection, query: string): Promise<Shape> {
  const bare = query.trim().replace(/;+\s*$/, "");
  const described = await connection.runAndReadAll(`describe select * from (${bare}\n)`);
  const columns = described.getRows().map(([name, type]) => ({ name: String(name), type: String(type) }));
  const values = columns.map(({ name, type }) => `${sqlOf(ident(name), type)} as ${ident(name)}`).join(", ");
  return {
    query: `select to_json(_row)::varchar from (select ${values} from (${bare}\n)) _row`,
    schema: {
      type: "object",
      properties: Object.fromEntries(columns.map(({ name, type }) => [name, propertyOf(type)])),
    },
  };
}

/** Moments in the form of RFC 3339, bytes as base64; the rest is what to_json makes of it. */
function sqlOf(column: string, type: string): string {
  if (type === "TIMESTAMP WITH TIME ZONE") return `strftime(timezone('UTC', ${column}), '%Y-%m-%dT%H:%M:%S.%fZ')`;
  if (type === "TIMESTAMP" || type.startsWith("TIMESTAMP_")) return `strftime(${column}::timestamp, '%Y-%m-%dT%H:%M:%S.%f')`;
  if (type === "BLOB") return `to_base64(${column})`;
  if (type === "DATE" || type === "TIME" || type === "UUID" || type === "INTERVAL" || type === "BIT") return `${column}::varchar`;
  return column;
}

function propertyOf(type: string): unknown {
  const nullable = (name: string, more: object = {}): unknown => ({ type: [name, "null"], ...more });
  if (type.endsWith("]")) return nullable("array", { items: {} });
  if (/^(STRUCT|MAP|UNION)\b/.test(type)) return nullable("object");
  if (type === "JSON") return {};
  if (type === "BOOLEAN") return nullable("boolean");
  if (/^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/.test(type)) return nullable("integer");
  if (type === "DOUBLE" || type === "FLOAT") return nullable("number");
  const decimal = /^DECIMAL\(\d+,(\d+)\)$/.exec(type);
  if (decimal !== null) return nullable("number", { multipleOf: Number(`1e-${decimal[1]}`) });
  if (type.startsWith("TIMESTAMP")) return nullable("string", { format: "date-time" });
  if (type === "DATE") return nullable("string", { format: "date" });
  if (type === "TIME") return nullable("string", { format: "time" });
  if (type === "BLOB") return nullable("string", { contentEncoding: "base64" });
  return nullable("string");
}

interface Note {
  readonly token: string;
  readonly rows: number;
}

function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 32);
}

async function readNote(path: string): Promise<Note | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Note;
  } catch {
    return undefined; // none, or torn by a crash
  }
}

async function writeNote(path: string, note: Note): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.part`, JSON.stringify(note), { flush: true });
  await rename(`${path}.part`, path);
}
