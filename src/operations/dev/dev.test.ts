// `dev` on a real project: what each saved file does is told at once, with the lines of its errors; it begins with a run and ends when it is told to.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { type App, openApp } from "../../app.ts";
import { testProjects } from "../projects.suite.ts";
import type { DevProgress, DevRequest } from "./request.ts";

const { project, write } = testProjects("dev", "name: shop\n");
const files = {
  "models/clean/sales.sql": "/*---\nmaterialize: table\nkey: [id]\n---*/\nselect * from (values (1, 10), (2, 30)) sales(id, price)\n",
  "models/final/total.sql": "/*---\nmaterialize: table\n---*/\nselect sum(price) as total\nfrom clean.sales\n",
};

const engine = (dir: string): boolean => existsSync(join(dir, ".millrace/engine.json"));

interface Running {
  readonly app: App;
  readonly told: readonly DevProgress[];
  readonly act: (wanted: "run" | "plan") => void;
  until<Found extends DevProgress>(what: (progress: DevProgress) => progress is Found): Promise<Found>;
  stop(): Promise<void>;
}

const left: Running[] = [];
afterEach(async () => {
  for (const running of left.splice(0)) await running.stop();
});

async function dev(dir: string, request: Partial<DevRequest> = {}): Promise<Running> {
  const controller = new AbortController();
  const app = await openApp({ dir, signal: controller.signal });
  const told: DevProgress[] = [];
  let seen = 0;
  let act: Running["act"] = () => {};
  const done = app.dev({ host: "127.0.0.1", port: 0, token: null, run: false, onActs: (taken) => (act = taken), ...request }, (progress) =>
    told.push(progress),
  );
  const running: Running = {
    app,
    told,
    act: (wanted) => act(wanted),
    async until(what) {
      for (let tries = 0; tries < 2_000; tries++) {
        for (; seen < told.length; seen++) if (what(told[seen]!)) return told[seen++] as never;
        await pause(10);
      }
      throw new Error(`never told; there was ${JSON.stringify(told)}`);
    },
    async stop() {
      controller.abort();
      await done;
      await app.close();
    },
  };
  left.push(running);
  return running;
}

type Checked = Extract<DevProgress, { type: "checked" }>;
const checked = (progress: DevProgress): progress is Checked => progress.type === "checked";
const saved = (progress: DevProgress): progress is Checked => progress.type === "checked" && progress.check.files.length > 0;
const ran = (progress: DevProgress): progress is Extract<DevProgress, { type: "ran" }> => progress.type === "ran";

describe("millrace dev", () => {
  it("runs what is stale, tells what a saved model changes and how its rows would differ", async () => {
    const dir = project(files);
    const { until, app } = await dev(dir, { run: true });
    expect((await until(checked)).check.stale).toEqual(["clean.sales", "final.total"]);
    expect((await until(ran)).summary).toMatchObject({ status: "succeeded", nodes: { succeeded: 2 } });
    writeFileSync(join(dir, "models/clean/sales.sql"), files["models/clean/sales.sql"].replace("(2, 30)", "(2, 31)"));
    const { check } = await until(saved);
    expect(check.files).toEqual(["models/clean/sales.sql"]);
    expect(check.changes.map(({ asset, isDirect }) => [asset, isDirect])).toEqual([
      ["clean.sales", true],
      ["final.total", false],
    ]);
    const { check: later } = await until(saved);
    expect(later.previews).toEqual([{ asset: "clean.sales", rows: { before: 2, after: 2 }, added: 0, removed: 0, changed: 1 }]);
    expect((await app.project()).watched).toMatchObject({ files: ["models/clean/sales.sql"], stale: ["clean.sales", "final.total"] });
  });

  it("shows an error with its lines, on the page as on the terminal, until it is corrected", async () => {
    const dir = project(files);
    const { until, app, act } = await dev(dir, { run: true });
    await until(ran);
    const path = join(dir, "models/final/total.sql");
    const text = readFileSync(path, "utf8");
    writeFileSync(path, text.replace("sum(price)", "sum(prize)"));
    const broken = await until(saved);
    expect(broken.errors[0]).toMatchObject({
      code: "MR2003",
      location: { file: "models/final/total.sql", line: 4, text: expect.stringContaining("prize") },
    });
    expect((await app.project()).errors).toMatchObject([
      {
        code: "MR2003",
        frame: {
          lines: [
            { number: 3, text: "---*/" },
            { number: 4, text: "select sum(prize) as total" },
          ],
          column: 12,
          length: 5,
        },
      },
    ]);
    writeFileSync(path, text);
    expect((await until(saved)).errors).toEqual([]);
    expect((await app.project()).errors).toEqual([]);
    act("plan");
    const { plan } = await until((progress): progress is Extract<DevProgress, { type: "planned" }> => progress.type === "planned");
    expect(plan.nodes.map(({ action }) => action)).toEqual(["reuse", "reuse"]);
  });

  it("goes on with the last good definitions when a file of the project is no YAML", async () => {
    const dir = project(files);
    const { until } = await dev(dir);
    await until(checked);
    write(dir, { "jobs/nightly.yaml": "select: [\n" });
    expect((await until(saved)).check.errors).toMatchObject([
      { location: { file: "jobs/nightly.yaml" }, frame: { lines: [{ number: 1, text: "select: [" }, { number: 2 }] } },
    ]);
    rmSync(join(dir, "jobs/nightly.yaml"));
    expect((await until(saved)).errors).toEqual([]);
  });

  it("waits for the file to be saved where nothing can be read at the start", async () => {
    const dir = project({ ...files, "millrace.yaml": "name: [\n" });
    const { until } = await dev(dir);
    const { errors } = await until((progress): progress is Extract<DevProgress, { type: "broken" }> => progress.type === "broken");
    expect(errors[0]?.location?.file).toBe("millrace.yaml");
    expect(engine(dir)).toBe(false);
    write(dir, { "millrace.yaml": "name: shop\n" });
    await until((progress): progress is Extract<DevProgress, { type: "serving" }> => progress.type === "serving");
  });

  it("leaves nothing behind when it is stopped", async () => {
    const dir = project(files);
    const { until, stop } = await dev(dir);
    await until(checked);
    expect(engine(dir)).toBe(true);
    left.pop();
    await stop();
    expect(engine(dir)).toBe(false);
  });
});
