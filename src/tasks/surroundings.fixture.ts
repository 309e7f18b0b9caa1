// What a task is given, for the tests of this folder: all of it but the run and what a test does not need.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TaskSurroundings } from "../load/task-port.ts";
import type { JsonValue } from "../model/json.ts";
import { fillCommand, fillSql, fillText, fillValue, type LookUp } from "../platform/templates.ts";

export interface Given {
  readonly values?: Readonly<Record<string, JsonValue>>;
  readonly signal?: AbortSignal;
  readonly now?: number;
  readonly waits?: number;
  readonly signaled?: { readonly accept: boolean };
}

export interface Surroundings extends TaskSurroundings {
  readonly lines: string[];
}

function needless(): never {
  throw new Error("assertion: this test does without it");
}

export function surroundings(given: Given = {}): Surroundings {
  const lines: string[] = [];
  const look: LookUp = (inner) => given.values?.[inner];
  const dir = mkdtempSync(join(tmpdir(), "millrace-task-"));
  const attempt: TaskSurroundings["attempt"] = {
    run: "r_1",
    node: "task:t",
    attempt: 2,
    token: "r_1/task:t#2",
    signal: given.signal ?? new AbortController().signal,
    log: (level, message) => void lines.push(`${level} ${message}`),
    waits: given.waits ?? 0,
    firstStartedAt: 1_000_000,
    signaled: given.signaled === undefined ? null : { by: "ana", why: "", fields: null, ...given.signaled },
    now: () => given.now ?? 1_000_000,
    earlier: () => undefined,
    beat: () => {},
  };
  return {
    lines,
    attempt,
    projectDir: dir,
    tempDir: join(dir, "temp"),
    params: { region: "north", n: 2 },
    outputs: {},
    item: undefined,
    idempotencyKey: "r_1/task:t",
    fill: {
      text: (text) => fillText(text, look),
      value: (value) => fillValue(value, look),
      command: (command) => fillCommand(command, look),
      sql: (sql) => fillSql(sql, look),
    },
    warehouse: needless,
    http: { get: needless, pages: needless },
    request: needless,
    holds: needless,
    bindings: {},
    call: needless,
    jobs: undefined,
  };
}
