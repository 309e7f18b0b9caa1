// The git program. What somebody wrote as a ref is only ever an argument behind a checked one: it cannot become an option, and nothing of the repository's
// settings is run.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { messageOf, MillraceError } from "../model/errors.ts";

export interface GitPlace {
  readonly dir: string;
  readonly signal: AbortSignal;
}

export const OUTPUT_BYTES_MAX = 64_000_000;

/** What git said, without its ceremony. */
export function gitFailed(stderr: string): MillraceError {
  const first = stderr.split("\n").find((line) => line.trim() !== "") ?? "git gave no reason";
  const hint = stderr.includes("safe.directory")
    ? "the repository belongs to another user: git config --global --add safe.directory DIR"
    : undefined;
  return new MillraceError({ code: "MR8805", message: first.replace(/^fatal: /, ""), ...(hint === undefined ? {} : { hint }) });
}

interface GitAnswer {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Variables that would make git look elsewhere than at the project's folder (a hook sets them). */
const FOREIGN = /^GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX|NAMESPACE|OBJECT_DIRECTORY|CONFIG\w*|EXTERNAL_DIFF|PAGER)$/;

/** No shell; nothing that the repository's own settings name is started. @throws MR8805 when there is no git, the signal's reason. */
export async function git(
  { dir, signal }: GitPlace,
  args: readonly string[],
  { input = "", bytesMax = OUTPUT_BYTES_MAX }: { readonly input?: string; readonly bytesMax?: number } = {},
): Promise<GitAnswer> {
  signal.throwIfAborted();
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.test(name)));
  const safe = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-pager", "--no-optional-locks"];
  const child: ChildProcess = spawn("git", [...safe, ...args], {
    cwd: dir,
    env: { ...env, LC_ALL: "C", GIT_TERMINAL_PROMPT: "0" },
    stdio: ["pipe", "pipe", "pipe"],
    signal,
  });
  return new Promise((done, fail) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let stderr = "";
    child.stdout!.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > bytesMax) child.kill();
      else chunks.push(chunk);
    });
    child.stderr!.setEncoding("utf8").on("data", (text: string) => (stderr = (stderr + text).slice(-4_000)));
    child.stdin!.on("error", () => {}); // it ended before it had read everything: its exit code tells
    child.on("error", (error: NodeJS.ErrnoException) => {
      if (signal.aborted) return fail(signal.reason as Error);
      const isMissing = error.code === "ENOENT" && existsSync(dir);
      fail(new MillraceError({ code: "MR8805", message: isMissing ? "the git program is not installed" : messageOf(error), cause: error }));
    });
    child.on("close", (code) => {
      if (bytes > bytesMax) fail(new MillraceError({ code: "MR8805", message: `git answered more than ${bytesMax} bytes` }));
      else done({ code: code ?? 1, stdout: Buffer.concat(chunks), stderr: stderr.trim() });
    });
    child.stdin!.end(input);
  });
}
