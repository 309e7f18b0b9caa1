// The engine of ClickHouse (the Python package chdb) behind a small HTTP server, for a test file; gone when the test process is gone. The package is
// installed once into a folder of the user's cache; a machine that cannot have it fails the tests loudly.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface TestClickhouse {
  readonly url: string;
  stop(): Promise<void>;
}

const VERSION = "4.3.0";
const START_MS = 120_000;

export async function startClickhouse(): Promise<TestClickhouse> {
  const python = install();
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

/** The Python that has the package. */
function install(): string {
  const folder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "millrace-tests", `chdb-${VERSION}`);
  const ready = join(folder, "ready");
  const python = join(folder, "bin/python");
  if (existsSync(ready)) return python;
  for (const [command, ...words] of [
    ["python3", "-m", "venv", folder],
    [join(folder, "bin/pip"), "install", "--quiet", `chdb==${VERSION}`],
  ]) {
    const done = spawnSync(command!, words, { encoding: "utf8" });
    if (done.status !== 0) throw new Error(`chdb could not be installed: ${done.error?.message ?? done.stderr}`);
  }
  writeFileSync(ready, "");
  return python;
}
