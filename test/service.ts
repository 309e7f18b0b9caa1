// Servers for tests that are programs of the machine: found, or installed where nothing stands in the way, started on a free port, ended with the test.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, existsSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const UP_MS = 30_000;

export interface Service {
  readonly child: ChildProcess;
  readonly folder: string;
  said(): string;
  stop(): Promise<void>;
}

/** Makes sure that `program` is there: from the packages of the system if it is not. Throws when it cannot be had. */
export function ensureProgram(program: string, aptPackage: string): void {
  if (existsSync(program)) return;
  const script = `apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ${aptPackage}`;
  const done = spawnSync("flock", ["/tmp/millrace-apt.lock", "sh", "-c", `[ -e ${program} ] || (${script})`], { encoding: "utf8" });
  if (!existsSync(program))
    throw new Error(`${program} is missing, and ${aptPackage} could not be installed: ${done.stderr || done.error?.message}`);
}

/** A Python of its own with these packages; the answer is its folder of programs. */
export function ensurePython(name: string, packages: readonly string[]): string {
  const folder = cacheFolder(name);
  const mark = join(folder, ".complete");
  const script = `[ -e ${mark} ] || (python3 -m venv ${folder} && ${folder}/bin/pip install -q --disable-pip-version-check ${packages.map((one) => `'${one}'`).join(" ")} && touch ${mark})`;
  const done = spawnSync("flock", [join(folder, ".lock"), "sh", "-c", script], { encoding: "utf8" });
  if (!existsSync(mark)) throw new Error(`${packages.join(", ")} could not be installed: ${done.stderr || done.error?.message}`);
  return join(folder, "bin");
}

/** A folder that outlives the tests: what was built or installed once. */
export function cacheFolder(name: string): string {
  const folder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "millrace-tests", name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

export function temporaryFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `millrace-${name}-`));
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
      .once("error", reject)
      .listen(0, "127.0.0.1", () => {
        const { port } = probe.address() as { port: number };
        probe.close(() => resolve(port));
      });
  });
}

/** Starts a program that stays in the foreground and waits until it listens. Throws with what it said when it does not. */
export async function startService(
  command: readonly [string, ...string[]],
  options: { readonly folder: string; readonly port: number },
): Promise<Service> {
  const [program, ...args] = command;
  const child = spawn(program, args, { cwd: options.folder, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-20_000)));
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.once("error", (error) => (said += error.message));
  const untilMs = Date.now() + UP_MS;
  while (!(await listens(options.port))) {
    if (child.exitCode !== null || child.pid === undefined || Date.now() > untilMs) {
      child.kill("SIGKILL");
      throw new Error(`${program} did not start: ${said}`);
    }
    await pause(50);
  }
  return {
    child,
    folder: options.folder,
    said: () => said,
    async stop() {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), 3_000);
      await ended;
      clearTimeout(timer);
      rmSync(options.folder, { recursive: true, force: true });
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

export function writeIn(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
}
