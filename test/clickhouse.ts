// The engine of ClickHouse (the Python package chdb) behind a small HTTP server, for a test file; gone when the test process is gone. The package is
// installed once into a folder of the user's cache; a machine that cannot have it fails the tests loudly.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensurePython } from "./service.ts";

export interface TestClickhouse {
  readonly url: string;
  stop(): Promise<void>;
}

const VERSION = "4.3.0";
/** Name and packages of its Python. */
export const CHDB = [`chdb-${VERSION}`, [`chdb==${VERSION}`]] as const;
const START_MS = 120_000;

export async function startClickhouse(): Promise<TestClickhouse> {
  const python = join(ensurePython(...CHDB), "python");
  const folder = mkdtempSync(join(tmpdir(), "millrace-clickhouse-"));
  const server = spawn(python, [fileURLToPath(new URL("clickhouse.py", import.meta.url)), join(folder, "data")], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, AUTHORIZATION: `Basic ${Buffer.from("millrace:hunter2").toString("base64")}` },
  });
  const port = await new Promise<number>((resolve, reject) => {
    let said = "";
    const fail = (why: string): void => reject(new Error(`ClickHouse did not start: ${why}\n${said}`));
    const timer = setTimeout(fail, START_MS, `no answer in ${START_MS} ms`);
    server.once("error", (error) => fail(error.message));
    server.once("exit", () => fail("it ended"));
    server.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-10_000)));
    server.stdout.setEncoding("utf8").on("data", (text: string) => {
      clearTimeout(timer);
      resolve(Number(text));
    });
  });
  return {
    url: `http://millrace:hunter2@127.0.0.1:${port}`,
    async stop() {
      const ended = new Promise((resolve) => server.once("exit", resolve));
      server.stdin.end();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
