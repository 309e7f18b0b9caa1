// What programs print, as lines of a log; and how much a process takes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { AttemptLog } from "../model/attempt.ts";
import { stepsWithConsole, withConsole } from "./console.ts";
import { logOutput, onLines } from "./log-lines.ts";
import { usageOf, watchUsage } from "./process-usage.ts";

function book(): { readonly log: AttemptLog; readonly lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    log: (level, message, fields) => lines.push(`${level} ${message}${fields === undefined ? "" : ` ${JSON.stringify(fields)}`}`),
  };
}

describe("lines of output", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["plain text", "info plain text"],
    ["", ""],
    ["\u001b[31mred\u001b[0m text", "info red text"],
    ['{"level":30,"time":1,"pid":2,"hostname":"h","msg":"hello"}', "info hello"],
    ['{"level":20,"msg":"deep","a":{"b":1}}', 'debug deep {"a":{"b":1}}'],
    ['{"level":40,"msg":"careful"}', "warn careful"],
    ['{"level":60,"msg":"dead","err":{"type":"Error","message":"m"}}', 'error dead {"err":{"type":"Error","message":"m"}}'],
    ['{"level":50,"err":{"message":"only an error"}}', 'error only an error {"err":{"message":"only an error"}}'],
    ['{"level":"WARN","message":"winston","service":"x"}', 'warn winston {"service":"x"}'],
    ['{"rows":1}', 'info {"rows":1}'],
    ['{"level":30}', 'info {"level":30}'],
    ["{not json}", "info {not json}"],
  ];
  for (const [line, expected] of cases)
    it(`reads ${JSON.stringify(line)}`, () => {
      const { log, lines } = book();
      logOutput(log, "info", line);
      expect(lines.join("")).toBe(expected);
    });

  it("come whole from chunks that are cut anywhere, the last one also without an end", async () => {
    const stream = new PassThrough();
    const lines: string[] = [];
    onLines(stream, (line) => lines.push(line));
    const bytes = Buffer.from("één\r\ntwo\n\nlast");
    for (const byte of bytes) stream.write(Buffer.of(byte));
    stream.end();
    await once(stream, "end");
    expect(lines).toEqual(["één", "two", "", "last"]);
  });

  it("that never end are told in pieces", async () => {
    const stream = new PassThrough();
    const lines: string[] = [];
    onLines(stream, (line) => lines.push(line));
    for (let n = 0; n < 10; n++) stream.write("x".repeat(50_000));
    stream.end();
    await once(stream, "end");
    expect(lines.join("")).toHaveLength(500_000);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(64_000);
  });
});

describe("console", () => {
  it("of attempts that run at once goes to the log of each, also behind awaits and in generators", async () => {
    const [a, b] = [book(), book()];
    const print = async (name: string): Promise<void> => {
      for (let n = 0; n < 3; n++) {
        console.log(name, { n });
        await sleep(1);
        console.error("%s failed", name);
      }
    };
    async function* steps(name: string) {
      for (let n = 0; n < 2; n++) {
        console.warn(name, n);
        yield n;
      }
    }
    const seen: number[] = [];
    await Promise.all([
      withConsole(a.log, () => print("a")),
      withConsole(b.log, () => print("b")),
      (async () => {
        for await (const step of stepsWithConsole(b.log, () => steps("b"))) seen.push(step);
      })(),
    ]);
    const printed = (name: string): string[] => [0, 1, 2].flatMap((n) => [`info ${name} { n: ${n} }`, `error ${name} failed`]);
    expect(a.lines).toEqual(printed("a"));
    expect(b.lines.filter((line) => !line.startsWith("warn"))).toEqual(printed("b"));
    expect(b.lines.filter((line) => line.startsWith("warn"))).toEqual(["warn b 0", "warn b 1"]);
    expect(seen).toEqual([0, 1]);
  });

  it("a generator that is left early ends", async () => {
    let ended = false;
    function* endless() {
      try {
        for (;;) yield 1;
      } finally {
        ended = true;
      }
    }
    for await (const _ of stepsWithConsole(book().log, endless)) break;
    expect(ended).toBe(true);
  });
});

describe("what a process takes", () => {
  const child = (code: string) => spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "inherit"] });

  it("counts its children, too", async () => {
    const parent = child(
      `require("node:child_process").spawn(process.execPath, ["-e", "const kept = Buffer.alloc(150e6, 1); console.log(process.pid); setInterval(() => kept, 1e6)"], { stdio: ["ignore", "inherit", "inherit"] })`,
    );
    const [said] = (await once(parent.stdout, "data")) as [Buffer];
    const usage = await usageOf(parent.pid!);
    expect(usage!.memoryBytes).toBeGreaterThan(180e6);
    expect(usage!.cpuMs).toBeGreaterThan(0);
    process.kill(Number(said.toString()), "SIGKILL");
    parent.kill("SIGKILL");
    await once(parent, "exit");
    expect(await usageOf(parent.pid!)).toBeUndefined();
  });

  it("is told once when it is too much", async () => {
    const spinning = child("for (;;);");
    const over: string[] = [];
    await new Promise<void>((resolve) => {
      watchUsage(spinning.pid, { memoryBytes: null, cpuMs: 200 }, (what) => {
        over.push(what);
        resolve();
      });
    });
    spinning.kill("SIGKILL");
    await once(spinning, "exit");
    expect(over).toEqual(["cpu"]);
  });
});
