// What is wrong with triggers is told when the project is read, at its place in the user's file.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { MillraceError } from "../model/errors.ts";
import { triggersOf } from "../model/triggers.ts";
import { readProject } from "./read.ts";
import type { Project } from "./reader.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const NOW = Date.UTC(2026, 0, 1);

async function read(files: Readonly<Record<string, string>>): Promise<Project> {
  const dir = mkdtempSync(join(tmpdir(), "millrace-triggers-"));
  folders.push(dir);
  for (const [name, content] of Object.entries({ "millrace.yaml": "name: test\n", ...files })) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  return readProject(dir, { now: NOW });
}

/** `CODE file:line:column "marked text"` */
function told(errors: readonly MillraceError[]): readonly string[] {
  return errors.map(({ code, location }) => {
    const line = location?.text?.split("\n")[location.line - 1] ?? "";
    const marked = line.slice(location!.column - 1, location!.column - 1 + (location!.length ?? 1));
    return `${code} ${location!.file}:${location!.line}:${location!.column} ${marked}`;
  });
}

const job = (...triggers: readonly string[]): string =>
  ["select: main.a", "triggers:", ...triggers.map((trigger) => `  - ${trigger}`), ""].join("\n");
const models = { "models/a.sql": "select 1 as a", "models/b.sql": "select 2 as b" };

describe("a schedule", () => {
  it.each([
    ["a cron that never fires", '{ cron: "0 0 30 2 *" }', 'MR1601 jobs/j.yaml:3:23 "0 0 30 2 *"'],
    ["a cron of four fields", '{ cron: "0 6 * *" }', 'MR1602 jobs/j.yaml:3:23 "0 6 * *"'],
    ["an hour that is none", '{ cron: "0 25 * * *" }', 'MR1602 jobs/j.yaml:3:23 "0 25 * * *"'],
    ["an interval of nothing", "{ every: 0s }", "MR1604 jobs/j.yaml:3:24 0s"],
    ["an unknown zone", "{ every: 1h, timezone: Mars }", "MR1603 jobs/j.yaml:3:38 Mars"],
    ["an unknown calendar", '{ cron: "0 6 * * *", calendar: us }', "MR1610 jobs/j.yaml:3:46 us"],
    ["a rule without a calendar", '{ cron: "0 6 * * *", nonWorkingDay: nextWorkingDay }', "MR1605 jobs/j.yaml:3:51 nextWorkingDay"],
    ["neither cron nor every", "{ timezone: UTC }", "MR1022 jobs/j.yaml:3:5 schedule"],
    ["both", '{ cron: "0 6 * * *", every: 1h }', "MR1022 jobs/j.yaml:3:5 schedule"],
  ])("%s", async (_, schedule, expected) => {
    const project = await read({ ...models, "jobs/j.yaml": job(`schedule: ${schedule}`) });
    expect(told(project.errors)).toEqual([expected]);
  });

  it("that the clocks skip or repeat is warned of, a year ahead", async () => {
    const project = await read({ ...models, "jobs/j.yaml": job('schedule: { cron: "30 2 * * *", timezone: Europe/Berlin }') });
    expect(project.errors).toEqual([]);
    expect(told(project.warnings)).toEqual(['MR1606 jobs/j.yaml:3:23 "30 2 * * *"', 'MR1606 jobs/j.yaml:3:23 "30 2 * * *"']);
    expect(project.warnings[0]!.message).toContain("02:30 on 2026-03-29 does not exist in Europe/Berlin");
  });

  it("takes the project's zone, which must be there", async () => {
    const files = { ...models, "jobs/j.yaml": job('schedule: { cron: "0 6 * * *" }') };
    const project = await read({ ...files, "millrace.yaml": "timezone: Asia/Tokyo\n" });
    expect(new Date(project.schedules.get("j/schedule")!.next(NOW)!).toISOString()).toBe("2026-01-01T21:00:00.000Z");
    expect(told((await read({ ...files, "millrace.yaml": "timezone: Tokio\n" })).errors)).toEqual(["MR1603 millrace.yaml:1:11 Tokio"]);
  });
});

describe("a calendar", () => {
  const calendar = (spec: string): Readonly<Record<string, string>> => ({
    ...models,
    "millrace.yaml": `calendars:\n  days: ${spec}\n`,
    "jobs/j.yaml": job('schedule: { cron: "0 6 * * *", calendar: days }'),
  });

  it.each([
    ["without days", "{}", "MR1607 millrace.yaml:2:9 {}"],
    ["of an unknown country", "{ country: Utopia }", "MR1609 millrace.yaml:2:9 { country: Utopia }"],
    ["with a day that is none", "{ dates: [2026-13-01] }", "MR1608 millrace.yaml:2:9 { dates: [2026-13-01] }"],
    ["whose file is not there", "{ file: days.csv }", "MR1003 millrace.yaml:2:9 { file: days.csv }"],
  ])("%s", async (_, spec, expected) => {
    expect(told((await read(calendar(spec))).errors)).toEqual([expected]);
  });

  it("with a wrong day in its file is told in that file", async () => {
    const files = { ...calendar("{ file: days.csv }"), "days.csv": "date,name\n2026-12-24,Eve\nsoon,Day\n" };
    expect(told((await read(files)).errors)).toEqual(["MR1608 days.csv:3:1 s"]);
  });

  it("of which no schedule speaks is not opened", async () => {
    expect((await read({ "millrace.yaml": "calendars: { days: { file: nowhere.csv } }\n" })).errors).toEqual([]);
  });
});

describe("triggers", () => {
  it.each([
    ["of an unknown job", ["job: { finished: nightlyy }"], "MR1612 jobs/j.yaml:3:22 nightlyy"],
    ["of an unknown asset", ["assets: { updated: [main.a, main.x] }"], "MR1044 jobs/j.yaml:3:33 main.x"],
    ["of one name", ["webhook: { path: /a, name: in }", "files: { path: in/*, name: in }"], "MR1613 jobs/j.yaml:4:32 in"],
    ["of one path", ["webhook: { path: /a }", "webhook: { path: /a }"], "MR1613 jobs/j.yaml:4:22 /a"],
    ["with debounce and batch", ["webhook: { path: /a, debounce: 1s, batch: { window: 1m } }"], "MR1616 jobs/j.yaml:3:26 debounce"],
    ["with a sensor of two ways", ['sensor: { sql: "select 1", http: "http://x", every: 1m }'], "MR1022 jobs/j.yaml:3:5 sensor"],
    ["with a sensor whose module is not there", ['sensor: { typescript: "s.ts#look", every: 1m }'], 'MR1619 jobs/j.yaml:3:27 "s.ts#look"'],
    ["with a folder that is looked at without a pause", ['files: { path: "a/*", every: 0s }'], "MR1604 jobs/j.yaml:3:34 0s"],
    ["with a path that no request has", ["webhook: { path: /a/../b }"], "MR1619 jobs/j.yaml:3:22 /a/../b"],
    ["with a parameter that the job does not take", ["webhook: { path: /a, params: { n: 1 } }"], "MR1618 jobs/j.yaml:3:36 n"],
    ["with a sensor that never rests", ['sensor: { sql: "select 1", every: 0s }'], "MR1604 jobs/j.yaml:3:39 0s"],
    ["of no kind", ["{}"], "MR1023 jobs/j.yaml:3:5 {}"],
  ])("%s", async (_, triggers, expected) => {
    const select = { "jobs/j.yaml": job(...triggers).replace("select: main.a", "select: main.b") };
    const project = await read({ ...models, ...select });
    expect(told(project.errors)).toContain(expected);
  });

  it("keep their keys by name, else by kind and place", () => {
    const keys = triggersOf([
      { files: { path: "a" } },
      { schedule: { every: "1h", name: "hourly" } },
      { schedule: { every: "2h" } },
      { schedule: { every: "3h" } },
    ]);
    expect(keys.map(({ key }) => key)).toEqual(["files", "hourly", "schedule", "schedule.2"]);
  });

  it("may give parameters of what happened", async () => {
    const text = job('webhook: { path: /a, params: { region: "${event:region}" } }');
    const project = await read({ ...models, "jobs/j.yaml": `params: { region: { type: string } }\n${text}` });
    expect(project.errors).toEqual([]);
  });
});

describe("jobs that start each other", () => {
  it("are told with the whole circle", async () => {
    const project = await read({
      ...models,
      "jobs/a.yaml": job("job: { finished: c }"),
      "jobs/b.yaml": job("job: { finished: a }"),
      "jobs/c.yaml": job("job: { finished: b, status: any }"),
      "jobs/d.yaml": job("job: { finished: c }"),
    });
    expect(told(project.errors)).toEqual(["MR1611 jobs/a.yaml:3:10 { finished: c }"]);
    expect(project.errors[0]!.message).toBe("a is started by c is started by b is started by a, without end");
  });

  it("are found through the assets that they update", async () => {
    const project = await read({
      ...models,
      "jobs/a.yaml": job("assets: { updated: main.b }"),
      "jobs/b.yaml": job("assets: { updated: main.a }").replace("select: main.a", "select: [main.b]"),
    });
    expect(project.errors.map(({ message }) => message)).toEqual(["a is started by b is started by a, without end"]);
  });

  it("are one job that updates what it waits for, also when it selects everything", async () => {
    const own = await read({ ...models, "jobs/a.yaml": job("assets: { updated: main.a }") });
    expect(own.errors.map(({ message }) => message)).toEqual(["a starts itself, without end"]);
    const all = await read({ ...models, "jobs/a.yaml": job("assets: { updated: main.a }").replace("select: main.a\n", "") });
    expect(all.errors.map(({ code }) => code)).toEqual(["MR1611"]);
  });

  it("are found through what SQL reads", async () => {
    const files = {
      "models/final/c.sql": "-- of main.b\nselect * from main.a join d using (a)",
      "models/d.sql": "select 1 as a",
      ...models,
    };
    const selects = (select: string, updated: string): string => job(`assets: { updated: ${updated} }`).replace("main.a", `"${select}"`);
    const loops = async (select: string, updated: string): Promise<number> =>
      (await read({ ...files, "jobs/j.yaml": selects(select, updated) })).errors.length;
    expect(await loops("+final.c", "main.a")).toBe(1);
    expect(await loops("+final.c", "main.d")).toBe(1);
    expect(await loops("+final.c", "main.b")).toBe(0);
    expect(await loops("final.c", "main.a")).toBe(0);
  });

  it("are no circle when a trigger is disabled", async () => {
    const project = await read({ ...models, "jobs/a.yaml": job("assets: { updated: main.a, enabled: false }") });
    expect(project.errors).toEqual([]);
  });
});
