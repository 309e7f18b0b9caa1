// `.millrace/engine.json`: how other processes find the running engine of a project. Readable by its owner alone, since it holds the token.
import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { version } from "../../model/version.ts";

export interface EngineFile {
  readonly pid: number;
  readonly url: string;
  readonly token: string;
  readonly startedAt: string;
  /** Where it carries out what its triggers ask for. */
  readonly environment: string;
  readonly version: string;
}

export function engineFilePath(projectDir: string): string {
  return join(projectDir, ".millrace", "engine.json");
}

/** Another engine of the project that lives is left to be the one that is found; when it has died, this one is. */
export function claimEngineFile(projectDir: string, engine: Pick<EngineFile, "url" | "token" | "startedAt" | "environment">): void {
  const found = readEngineFile(projectDir);
  const isOurs = found?.pid === process.pid && found.url === engine.url && found.startedAt === engine.startedAt;
  if (isOurs || runningEngine(projectDir) !== undefined) return;
  const path = engineFilePath(projectDir);
  mkdirSync(dirname(path), { recursive: true });
  const beside = `${path}.${randomUUID().slice(0, 8)}`;
  writeFileSync(beside, `${JSON.stringify({ pid: process.pid, ...engine, version } satisfies EngineFile)}\n`, { mode: 0o600, flag: "wx" });
  renameSync(beside, path);
}

/** Takes the file away when it is this process's; another engine may have put its own there. */
export function removeEngineFile(projectDir: string): void {
  if (readEngineFile(projectDir)?.pid === process.pid) rmSync(engineFilePath(projectDir), { force: true });
}

/** What the file says, whether that engine lives or not; undefined when there is none or it is no such file. */
export function readEngineFile(projectDir: string): EngineFile | undefined {
  try {
    const read = JSON.parse(readFileSync(engineFilePath(projectDir), "utf8")) as Partial<EngineFile> | null;
    return typeof read?.pid === "number" && typeof read.url === "string" ? (read as EngineFile) : undefined;
  } catch {
    return undefined; // missing, or half of something else: there is no engine to be found by it
  }
}

/** The engine of the project that is running now, on this machine. */
export function runningEngine(projectDir: string): EngineFile | undefined {
  const engine = readEngineFile(projectDir);
  return engine !== undefined && engine.pid !== process.pid && isAlive(engine.pid) ? engine : undefined;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // it is there, and someone else's
  }
}
