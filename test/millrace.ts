// Runs the built command line as a user does: a process of its own in a folder of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import { readRowChunks } from "../src/sql/values.ts";

export const repository = resolve(fileURLToPath(import.meta.url), "../..");
export const entry = join(repository, "dist/cli/main.js");

export interface Finished {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as JSON lines. */
  lines(): Record<string, any>[];
}

export function finishedOf(ended: Omit<Finished, "lines">): Finished {
  return {
    ...ended,
    lines: () =>
      ended.stdout
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Record<string, any>),
  };
}

export function start(
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = {},
): { readonly child: ChildProcess; readonly finished: Promise<Finished> } {
  if (!existsSync(entry)) throw new Error("dist/ is missing: run `npm run build` first");
  const child = spawn(process.execPath, [entry, ...args], {
    cwd,
    env: { ...process.env, CI: "", NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const finished = new Promise<Finished>((done, fail) => {
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", fail);
    child.on("close", (exitCode, signal) => done(finishedOf({ exitCode, signal, stdout, stderr })));
  });
  return { child, finished };
}

export async function millrace(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  return start(args, cwd, env).finished;
}

/** A temporary folder with the given files; `remove` takes it away. */
export function project(files: Readonly<Record<string, string | Uint8Array>>): {
  readonly dir: string;
  write(path: string, content: string | Uint8Array): void;
  remove(): void;
} {
  const dir = mkdtempSync(join(tmpdir(), "millrace-test-"));
  const write = (path: string, content: string | Uint8Array): void => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
  };
  for (const [path, content] of Object.entries(files)) write(path, content);
  return { dir, write, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** Rows of a query as arrays, in the form of `millrace query --json`. Read here when nobody serves the project and it has no branches: a process takes long. */
export async function rows(dir: string, sql: string): Promise<any[][]> {
  if (!existsSync(join(dir, ".git")) && !existsSync(join(dir, ".millrace/engine.json"))) {
    const read = await readHere(join(dir, ".millrace/warehouse.duckdb"), sql).catch(() => null);
    if (read !== null) return read;
  }
  const answer = await millrace(["query", sql, "--json"], dir);
  if (answer.exitCode !== 0) throw new Error(`query failed: ${answer.stderr}${answer.stdout}`);
  return answer.lines()[0]!["rows"] as any[][];
}

async function readHere(path: string, sql: string): Promise<any[][]> {
  const instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY", threads: "1" });
  try {
    const connection = await instance.connect();
    try {
      const found: any[][] = [];
      for await (const chunk of readRowChunks(await connection.run(sql))) found.push(...chunk);
      return found;
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}
