// `millrace dev` as a person at a terminal has it: keys of a real pseudo-terminal (util-linux `script`), what each of them shows, and a terminal that is as before.
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { entry, project } from "./millrace.ts";

const WITHIN_MS = 60_000;
/** Of util-linux. */
const PSEUDO_TERMINAL = "/usr/bin/script";
const model = (sql: string): string => `/*---\nmaterialize: table\n---*/\n${sql}\n`;
const files = {
  "millrace.yaml": "name: shop\n",
  "models/clean/sales.sql": model("select * from (values (1, 10), (2, 30)) sales(id, price)"),
  "jobs/greet.yaml": "select: []\ntasks:\n  hello: { shell: \"echo 'good morning'\" }\ntriggers:\n  - files: { path: in/*.csv }\n",
  "jobs/long.yaml": 'select: []\ntasks:\n  wait: { shell: "sleep 120" }\ntriggers:\n  - files: { path: long/*.csv }\n',
  "in/.keep": "",
  "long/.keep": "",
  // The browser of this machine: it notes where it was sent.
  "bin/xdg-open": '#!/bin/sh\necho "$1" >> "$(dirname "$0")/opened"\n',
};

interface Terminal {
  readonly dir: string;
  write(path: string, content: string): void;
  press(keys: string): void;
  /** What was shown since the last that was waited for, up to this. */
  shows(what: string | RegExp): Promise<string>;
}

const left: (() => void)[] = [];
afterEach(() => {
  for (const end of left.splice(0)) end();
});

/** `dev` in a shell that tells, after it, how it ended and how the terminal is set. */
function terminal(): Terminal {
  const { dir, write, remove } = project(files);
  chmodSync(join(dir, "bin/xdg-open"), 0o755);
  const { CI: _ci, NO_COLOR: _noColor, AGENT: _agent, AI_AGENT: _aiAgent, MILLRACE_OUTPUT: _output, ...env } = process.env;
  const line = `"${process.execPath}" "${entry}" dev --port 0; echo "ended with $?"; stty -a; echo all told`;
  const child: ChildProcess = spawn(PSEUDO_TERMINAL, ["-qec", line, "/dev/null"], {
    cwd: dir,
    env: { ...env, TERM: "xterm-256color", PATH: `${join(dir, "bin")}:${env["PATH"]}` },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let shown = "";
  let seen = 0;
  child.stdout!.setEncoding("utf8").on("data", (text: string) => (shown += text));
  left.push(() => {
    child.kill("SIGKILL");
    remove();
  });
  return {
    dir,
    write,
    press: (keys) => child.stdin!.write(keys),
    async shows(what) {
      for (let waitedMs = 0; waitedMs < WITHIN_MS; waitedMs += 25) {
        // oxlint-disable-next-line no-control-regex -- colours
        const plain = shown.replaceAll(/\u001B\[[\d;]*m/g, "");
        const found = typeof what === "string" ? plain.indexOf(what, seen) : plain.slice(seen).search(what) + seen;
        if (found >= seen) {
          const end = found + (typeof what === "string" ? what.length : what.exec(plain.slice(seen))![0].length);
          const part = plain.slice(seen, end);
          seen = end;
          return part;
        }
        await pause(25);
      }
      throw new Error(`${String(what)} is not shown after: ${shown.slice(seen)}`);
    },
  };
}

it("does by its keys what its line of keys says, and shows a saved error with its lines", async () => {
  const { dir, write, press, shows } = terminal();
  const link = /page: (\S+)/.exec(await shows(/page: \S+#key=\S+/))![1]!;
  await shows("o open  r run stale  p plan  l logs  c clear  h help  q quit");
  await shows(/clean\.sales.*2 rows/);
  await shows(/✓.*nothing is stale/);
  press("h");
  await shows("show the plan");
  press("o");
  for (let tries = 0; !existsSync(join(dir, "bin/opened")) && tries < 400; tries += 1) await pause(25);
  expect(readFileSync(join(dir, "bin/opened"), "utf8").trim()).toBe(link);
  press("p");
  await shows("nothing to do: 1 node unchanged");
  press("r");
  await shows(/0 built · 1 unchanged/);
  press("l");
  await shows(/logs of r_\w+, and of what begins/);
  write("in/one.csv", "id\n1\n");
  await shows(/good morning/);
  press("l");
  await shows("logs are quiet again");
  press("c");
  await shows("\u001B[2J\u001B[3J\u001B[H");
  write("models/clean/sales.sql", model("select idd\nfrom (values (1, 10)) sales(id, price)"));
  const error = await shows(/╵|\^+/);
  expect(error).toContain("models/clean/sales.sql:4:8");
  expect(error).toContain("select idd");
  press("q");
  const told = await shows("all told");
  expect(told).toContain("ended with 0");
  expect(told).toMatch(/(?<!-)\bicanon\b/);
  expect(told).toMatch(/(?<!-)\becho\b/);
});

it("leaves the terminal as it was when Ctrl-C comes in the middle of a run", async () => {
  const { write, press, shows } = terminal();
  await shows(/✓.*nothing is stale/);
  write("long/one.csv", "id\n1\n");
  await shows(/● long/);
  press("\u0003");
  const told = await shows("all told");
  expect(told).toMatch(/ended with \d+/);
  expect(told).toMatch(/(?<!-)\bicanon\b/);
  expect(told).toMatch(/(?<!-)\becho\b/);
  expect(told).toMatch(/(?<!-)\bisig\b/);
});
