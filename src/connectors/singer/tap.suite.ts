// A tap for tests: a program of its own that says what its script says, byte by byte where the test wants so, and can die in the middle.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Json, ReadContext } from "../../load/connector.ts";

/** Script of the tap: `lines` are written as they stand (objects as JSON), then it ends as `end` says. */
export interface TapScript {
  readonly lines: readonly unknown[];
  /** Sizes of the pieces in which the bytes are written; the last is repeated. */
  readonly pieces?: readonly number[];
  /** After so many bytes the tap is killed. */
  readonly killedAfter?: number;
  readonly exitCode?: number;
  /** It says nothing more and does not end. */
  readonly hangs?: true;
  readonly log?: string;
  readonly catalog?: unknown;
}

const PROGRAM = `
const { readFileSync, writeSync } = require("node:fs");
const args = process.argv.slice(2);
const script = JSON.parse(readFileSync(args.shift(), "utf8"));
const put = (bytes) => { for (let at = 0; at < bytes.length; ) try { at += writeSync(1, bytes, at); } catch (e) { if (e.code !== "EAGAIN") throw e; } };
if (args.includes("--discover")) { put(Buffer.from(JSON.stringify(script.catalog, null, 2))); process.exit(0); }
const fileAt = (flag) => args.includes(flag) ? JSON.parse(readFileSync(args[args.indexOf(flag) + 1], "utf8")) : undefined;
if (script.log) console.error(script.log);
const fill = (line) => line === "$arguments" ? JSON.stringify({ type: "RECORD", stream: "things", record: { config: fileAt("--config"), state: fileAt("--state") ?? null, catalog: fileAt("--catalog") ?? null } }) : line;
let bytes = Buffer.from(script.lines.map((line) => fill(typeof line === "string" ? line : JSON.stringify(line)) + "\\n").join(""));
if (script.torn) bytes = bytes.subarray(0, -script.torn);
const end = script.killedAfter ?? bytes.length;
const pieces = script.pieces ?? [65536];
for (let at = 0, n = 0; at < end; n++) {
  const size = pieces[Math.min(n, pieces.length - 1)];
  put(bytes.subarray(at, Math.min(at + size, end)));
  at += size;
}
if (script.killedAfter !== undefined) process.kill(process.pid, "SIGKILL");
if (script.hangs) setTimeout(() => {}, 60000);
process.exitCode = script.exitCode ?? 0;
`;

/** Writes the tap and its script; the answer is its command. */
export function tap(folder: string, script: TapScript & { readonly torn?: number }): string[] {
  const program = join(folder, "tap.cjs");
  writeFileSync(program, PROGRAM);
  const scriptPath = join(folder, "script.json");
  writeFileSync(scriptPath, JSON.stringify(script));
  return [process.execPath, program, scriptPath];
}

export function readContext(folder: string, connection: DuckDBConnection, position?: Json): ReadContext & { readonly logged: string[] } {
  const logged: string[] = [];
  return {
    connection,
    projectDir: folder,
    tempDir: join(folder, "temp"),
    since: undefined,
    position,
    signal: new AbortController().signal,
    connections: {},
    log: (_level, message) => logged.push(message),
    logged,
  };
}
