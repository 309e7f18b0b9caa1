// What `millrace doctor` can say of a machine and a project without opening the warehouse.
import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { DoctorAnswer } from "../model/answers.ts";
import { MillraceError, messageOf } from "../model/errors.ts";
import { findProject } from "./find.ts";
import { readProject } from "./read.ts";
import type { Project, ReadOptions } from "./reader.ts";
import { SECRETS_FILE } from "./secrets.ts";

type Check = DoctorAnswer["checks"][number];

const NODE_MIN = [20, 19] as const;
const FREE_BYTES_MIN = 2e9;

/** All checks, in the order in which a person would look. Never throws. */
export async function projectDoctor(startDir: string, options: ReadOptions = {}): Promise<readonly Check[]> {
  const checks: Check[] = [nodeCheck(process.versions.node), await duckdbCheck()];
  let dir: string;
  try {
    dir = findProject(startDir);
  } catch (error) {
    return [...checks, failed("project", messageOf(error), "millrace init"), diskCheck(existing(resolve(startDir)))];
  }
  const { check, warehouse } = await projectCheck(dir, options);
  return [...checks, check, stateCheck(dir), diskCheck(dir), warehouseCheck(warehouse), engineCheck(dir), ...secretsCheck(dir)];
}

/** Is this Node new enough? */
export function nodeCheck(version: string): Check {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isEnough = major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1]);
  const detail = `${version} (at least ${NODE_MIN.join(".")})`;
  return isEnough ? ok("node", detail) : failed("node", detail, `install Node ${NODE_MIN.join(".")} or newer`);
}

async function duckdbCheck(): Promise<Check> {
  try {
    const duckdb = await import("@duckdb/node-api");
    return ok("duckdb", `${duckdb.version()} ${process.platform}-${process.arch}`);
  } catch (error) {
    return failed("duckdb", messageOf(error).split("\n")[0]!, "npm install again; DuckDB has no build for every platform");
  }
}

async function projectCheck(dir: string, options: ReadOptions): Promise<{ readonly check: Check; readonly warehouse: string }> {
  const usual = join(dir, ".millrace", "warehouse.duckdb");
  const started = performance.now();
  try {
    const project = await readProject(dir, options);
    const milliseconds = Math.round(performance.now() - started);
    const named = project.config.warehouse?.duckdb?.path;
    return { check: projectFound(project, milliseconds), warehouse: named === undefined ? usual : resolve(dir, named) };
  } catch (error) {
    const detail = error instanceof MillraceError ? `${error.code} ${error.message}` : messageOf(error);
    return { check: failed("project", detail, "millrace plan shows more"), warehouse: usual };
  }
}

function projectFound({ name, nodes, errors, warnings }: Project, milliseconds: number): Check {
  const [first] = errors;
  if (first !== undefined) {
    const where = first.location === undefined ? "" : ` (${first.location.file}:${first.location.line})`;
    const detail = `${count(errors.length, "error")}, the first: ${first.code} ${first.message}${where}`;
    return failed("project", detail, "millrace plan shows all of them");
  }
  const detail = `${name}: ${count(nodes.length, "asset")}, ${milliseconds} ms`;
  const [warning] = warnings;
  if (warning === undefined) return ok("project", detail);
  return { name: "project", status: "warn", detail: `${detail}; ${warning.message}`, fix: warning.hint ?? null };
}

function stateCheck(dir: string): Check {
  const state = join(dir, ".millrace");
  const folder = existsSync(state) ? state : dir;
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return ok("state", `${existsSync(state) ? state : `${state} (not made yet)`} can be written`);
  } catch (error) {
    return failed(
      "state",
      `${folder} cannot be written: ${(error as NodeJS.ErrnoException).code ?? messageOf(error)}`,
      `give this user the right to write to ${folder}`,
    );
  }
}

function diskCheck(dir: string): Check {
  try {
    const { bavail, bsize } = statfsSync(dir);
    const free = bavail * bsize;
    const detail = `${(free / 1e9).toFixed(1)} GB free`;
    return free >= FREE_BYTES_MIN
      ? ok("disk", detail)
      : { name: "disk", status: "warn", detail, fix: "make room: loads, quarantine and spilled joins are kept on this disk" };
  } catch (error) {
    return { name: "disk", status: "warn", detail: `cannot be measured: ${messageOf(error)}`, fix: null };
  }
}

/** Whether another process holds the warehouse; told by the kernel, so that the file is not opened. */
function warehouseCheck(path: string): Check {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return ok("warehouse", `${path} (not made yet)`);
  const size = `${path}, ${(found.size / 1e6).toFixed(1)} MB`;
  const holder = holderOf(found.ino);
  if (holder === undefined) return ok("warehouse", size);
  return {
    name: "warehouse",
    status: "warn",
    detail: `${size}, held by process ${holder}`,
    fix: `wait until process ${holder} has ended, or end it`,
  };
}

/** Linux lists all locks by the inode of their file; elsewhere nothing can be said. */
function holderOf(inode: number): number | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const lines = readFileSync("/proc/locks", "utf8").split("\n");
    const pid = lines
      .map((line) => /\bWRITE\s+(\d+)\s+\w+:\w+:(\d+)\s/.exec(line))
      .find((match) => match !== null && Number(match[2]) === inode)?.[1];
    return pid === undefined || Number(pid) === process.pid ? undefined : Number(pid);
  } catch {
    return undefined; // not readable in some containers
  }
}

/** A running engine owns the warehouse; what a dead one left behind is harmless and said. */
function engineCheck(dir: string): Check {
  const file = join(dir, ".millrace", "engine.json");
  if (!existsSync(file)) return ok("engine", "none is running");
  try {
    const { pid, url } = JSON.parse(readFileSync(file, "utf8")) as { readonly pid: number; readonly url: string };
    return isAlive(pid)
      ? ok("engine", `process ${pid} at ${url}`)
      : {
          name: "engine",
          status: "warn",
          detail: `process ${pid} is gone and left ${file}`,
          fix: "nothing to do: the next engine replaces it",
        };
  } catch (error) {
    return { name: "engine", status: "warn", detail: `${file} cannot be read: ${messageOf(error)}`, fix: `delete ${file}` };
  }
}

/** Secrets that git would take along are no secrets. */
function secretsCheck(dir: string): readonly Check[] {
  if (!existsSync(join(dir, SECRETS_FILE))) return [];
  const ignored = upwards(dir).some((folder) => {
    const file = join(folder, ".gitignore");
    return (
      existsSync(file) &&
      readFileSync(file, "utf8")
        .split(/\r?\n/)
        .some((line) => /^\/?(secrets\.env|\*\.env)\s*$/.test(line))
    );
  });
  if (ignored) return [ok("secrets", `${SECRETS_FILE} is ignored by git`)];
  return [
    { name: "secrets", status: "warn", detail: `${SECRETS_FILE} is not in .gitignore`, fix: `add a line ${SECRETS_FILE} to .gitignore` },
  ];
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function upwards(dir: string): readonly string[] {
  const folders = [dir];
  while (dirname(folders.at(-1)!) !== folders.at(-1)! && !existsSync(join(folders.at(-1)!, ".git"))) folders.push(dirname(folders.at(-1)!));
  return folders;
}

function existing(dir: string): string {
  return existsSync(dir) || dirname(dir) === dir ? dir : existing(dirname(dir));
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

function ok(name: string, detail: string): Check {
  return { name, status: "ok", detail, fix: null };
}

function failed(name: string, detail: string, fix: string): Check {
  return { name, status: "failed", detail, fix };
}
