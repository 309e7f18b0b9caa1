// The engine that keeps running, with 1,000 schedules: how soon it is ready, what it holds and what it costs while nothing is due. Whole processes.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Figure, median } from "./figure.ts";

const TURNS = 5;
const SCHEDULES = 1_000;
const IDLE_MS = 20_000;
/** What starting leaves behind (first looks, compiled code) is no idling. */
const CALM_MS = 5_000;
/** Clock ticks per second in /proc, on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const entry = resolve(fileURLToPath(import.meta.url), "../../dist/cli/main.js");

export async function benchServe(): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), "millrace-bench-serve-"));
  try {
    mkdirSync(join(dir, "jobs"));
    mkdirSync(join(dir, "models"));
    writeFileSync(join(dir, "millrace.yaml"), "name: bench\n");
    writeFileSync(join(dir, "models/a.sql"), "select 1 as a\n");
    for (let n = 0; n < SCHEDULES; n++)
      writeFileSync(join(dir, `jobs/j${n}.yaml`), `select: main.a\ntriggers:\n  - schedule: { cron: "${n % 60} ${n % 24} 29 2 *" }\n`);
    const bare: number[] = [];
    const ready: number[] = [];
    for (let turn = 0; turn < TURNS; turn++) {
      bare.push(await untilOutput(spawn(process.execPath, ["-e", "console.log(1)"], { stdio: ["ignore", "pipe", "ignore"] })));
      const served = serve(dir);
      ready.push(await untilOutput(served));
      await end(served);
    }
    const served = serve(dir);
    await untilOutput(served);
    await pause(CALM_MS);
    const before = cpuSeconds(served);
    await pause(IDLE_MS);
    const idlePercent = ((cpuSeconds(served) - before) / (IDLE_MS / 1_000)) * 100;
    const megabytes = residentMegabytes(served);
    await end(served);
    const [wall, value] = [median(bare), median(ready)];
    const common = { wall: null, ratio: null };
    return [
      {
        name: `serve ready, ${SCHEDULES} schedules`,
        value,
        unit: "ms",
        wall,
        ratio: value / wall,
        reach: "≤ 600 ms",
        reached: value <= 600,
      },
      {
        name: `idle memory, ${SCHEDULES} schedules`,
        value: megabytes,
        unit: "MB",
        ...common,
        reach: "≤ 120 MB",
        reached: megabytes <= 120,
      },
      { name: `idle CPU, ${SCHEDULES} schedules`, value: idlePercent, unit: "%", ...common, reach: "≤ 1 %", reached: idlePercent <= 1 },
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function serve(dir: string): ChildProcess {
  return spawn(process.execPath, [entry, "serve", "--port", "0", "--json"], { cwd: dir, stdio: ["ignore", "pipe", "inherit"] });
}

/** Milliseconds until the first line. */
function untilOutput(child: ChildProcess): Promise<number> {
  const before = performance.now();
  return new Promise((done, fail) => {
    child.stdout!.once("data", () => done(performance.now() - before));
    child.once("error", fail);
  });
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    child.once("exit", () => done());
    child.kill("SIGTERM");
  });
}

function cpuSeconds({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function residentMegabytes({ pid }: ChildProcess): number {
  return (Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) * 1_024) / 1e6;
}
