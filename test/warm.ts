// The built command line without the start of a process for each command, which is most of what a small one takes: for tests of what commands do and say, not
// of how a process lives and dies. A warm process carries out one command at a time, and is let go after some. MILLRACE_TEST_COLD=1: a process each, as ever.
import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { entry, type Finished, finishedOf, millrace as cold, repository } from "./millrace.ts";

const COMMANDS_MAX = 60;

interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Something goes on that the command should have ended. */
  readonly isLeft: boolean;
}

interface Warm {
  readonly child: ChildProcess;
  commands: number;
}

const idle: Warm[] = [];

function open(): Warm {
  const bundle = join(repository, "dist/bundle");
  const program = /import\("(\.\/program-[^"]+)"\)/.exec(readFileSync(join(bundle, "cli-main.js"), "utf8"))?.[1];
  if (program === undefined) throw new Error(`${entry} leads to no program`);
  const child = fork(join(repository, "test/warm-program.mjs"), [join(bundle, program)], {
    cwd: "/",
    execArgv: ["--expose-gc"],
    env: { ...process.env, CI: "", NO_COLOR: "1" },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  child.unref();
  child.channel?.unref();
  return { child, commands: 0 };
}

export async function millrace(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  if (process.env["MILLRACE_TEST_COLD"] !== undefined) return cold(args, cwd, env);
  const warm = idle.pop() ?? open();
  const { child } = warm;
  const ended = new Promise<string>((resolve) => child.once("exit", (code, signal) => resolve(String(code ?? signal))));
  const answered = new Promise<Answer>((resolve) => child.once("message", (answer) => resolve(answer as Answer)));
  child.send({ args, cwd, env: { ...process.env, CI: "", NO_COLOR: "1", ...env } });
  const answer = await Promise.race([answered, ended]);
  if (typeof answer === "string") throw new Error(`a warm process ended with ${answer} in ${args.join(" ")}`);
  if (answer.isLeft || ++warm.commands >= COMMANDS_MAX) {
    child.disconnect();
    await ended;
  } else {
    child.removeAllListeners("exit");
    idle.push(warm);
  }
  return finishedOf({ ...answer, signal: null });
}
