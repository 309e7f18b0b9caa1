// A real MariaDB for a test file: its own data folder and port, gone when the test process is gone, however that ended. A machine without it gets the
// Debian package, if it may; one that cannot run it fails the tests loudly.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureProgram, freePort } from "./service.ts";

export interface TestMariadb {
  /** Of a database that is empty at first. */
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

const START_MS = 60_000;
/** Waits for the end of its input, by whatever end of the test; then the server ends and its folder is removed. */
const KEEPER = `folder=$1; shift; "$@" & server=$!
read -r word; kill -KILL $server; wait $server; rm -rf "$folder"`;
const PATH = `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin`;

export async function startMariadb(): Promise<TestMariadb> {
  ensureProgram("/usr/sbin/mariadbd", "mariadb-server");
  const folder = mkdtempSync(join(tmpdir(), "millrace-mariadb-"));
  const data = join(folder, "data");
  const asRoot = process.getuid?.() === 0 ? ["--user=root"] : [];
  run("mariadb-install-db", [
    "--no-defaults",
    ...asRoot,
    `--datadir=${data}`,
    "--auth-root-authentication-method=normal",
    "--skip-test-db",
  ]);
  const init = join(folder, "init.sql");
  writeFileSync(
    init,
    "create or replace user millrace@'127.0.0.1' identified by 'hunter2';\ngrant all on *.* to millrace@'127.0.0.1';\ncreate database if not exists shop character set utf8mb4;\n",
  );
  const port = await freePort();
  const keeper = spawn(
    "sh",
    [
      "-c",
      KEEPER,
      "sh",
      folder,
      "mariadbd",
      "--no-defaults",
      ...asRoot,
      `--datadir=${data}`,
      `--socket=${join(folder, "sock")}`,
      `--port=${port}`,
      "--bind-address=127.0.0.1",
      "--skip-name-resolve",
      "--innodb-flush-log-at-trx-commit=0",
      `--init-file=${init}`,
    ],
    { env: { ...process.env, PATH }, stdio: ["pipe", "ignore", "pipe"] },
  );
  await new Promise<void>((resolve, reject) => {
    let said = "";
    const fail = (why: string): void => reject(new Error(`MariaDB did not start: ${why}\n${said}`));
    const timer = setTimeout(fail, START_MS, `no answer in ${START_MS} ms`);
    keeper.once("error", (error) => fail(error.message));
    keeper.once("exit", () => fail("it ended"));
    keeper.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-10_000);
      if (said.includes("ready for connections")) resolve(clearTimeout(timer));
    });
  });
  keeper.unref();
  (keeper.stderr as unknown as { unref(): void }).unref();
  (keeper.stdin as unknown as { unref(): void }).unref();
  return {
    port,
    url: `mysql://millrace:hunter2@127.0.0.1:${port}/shop`,
    async stop() {
      const ended = new Promise((resolve) => keeper.once("exit", resolve));
      keeper.ref();
      keeper.stdin.end();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function run(command: string, words: readonly string[]): void {
  const done = spawnSync(command, words, { env: { ...process.env, PATH }, encoding: "utf8" });
  if (done.status !== 0) throw new Error(`${command}: ${done.error?.message ?? done.stderr}`);
}
