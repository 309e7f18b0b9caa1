import { describe, expect, it } from "vitest";
import type { JobTask } from "../model/task.ts";
import { sampleGraph } from "./nodes.fixture.ts";
import { withJobTasks } from "./job.ts";
import { planRun } from "./plan.ts";

function step(name: string, more: Partial<JobTask> = {}): JobTask {
  return {
    name,
    action: { kind: "shell", command: "true", env: {}, dir: "." },
    settings: {},
    after: [],
    before: [],
    file: "jobs/j.yaml",
    description: undefined,
    tags: [],
    owner: undefined,
    timeout: undefined,
    isolation: undefined,
    retry: undefined,
    reuse: false,
    codeHash: "code",
    mentions: [],
    ...more,
  };
}

function place(
  tasks: readonly JobTask[],
  more: { readonly compensates?: boolean; readonly reads?: ReadonlyMap<string, readonly string[]> } = {},
) {
  return withJobTasks({
    graph: sampleGraph(),
    job: "j",
    tasks,
    compensates: more.compensates ?? false,
    ...(more.reads === undefined ? {} : { reads: more.reads }),
    locate: (path) => ({ file: "jobs/j.yaml", line: path.length, column: 1 }),
  });
}

const told = (tasks: readonly JobTask[]) =>
  place(tasks).errors.map(({ code, message, hint, location }) => [code, message, hint, location?.line]);

describe("the tasks of a job", () => {
  it("come after and before assets, tasks and groups", () => {
    const { graph, errors, own } = place([
      step("approve", { after: ["final.x"], before: ["out.x"] }),
      step("a", { settings: { group: "notices" }, after: ["out.x"] }),
      step("b", { settings: { group: "notices" } }),
      step("last", { after: ["notices"] }),
      step("first", { before: ["raw.a", "approve"] }),
    ]);
    expect(errors).toEqual([]);
    expect(graph.needs.get("task:approve")).toEqual(["final.x", "task:first"]);
    expect(graph.needs.get("out.x")).toEqual(["final.x", "task:approve"]);
    expect(graph.needs.get("task:last")).toEqual(["task:a", "task:b"]);
    expect(graph.needs.get("raw.a")).toEqual(["task:first"]);
    expect(graph.dependents.get("task:first")).toEqual(["raw.a", "task:approve"]);
    expect(own).toEqual(expect.arrayContaining(["task:first", "task:approve", "task:last"]));
    expect(graph.order.indexOf("task:approve")).toBeLessThan(graph.order.indexOf("out.x"));
  });

  it("come after what they read and mention, unless that waits for them", () => {
    const { graph, errors } = place([step("a"), step("b", { mentions: ["a"] }), step("c", { before: ["out.x"] })], {
      reads: new Map([
        ["a", ["raw.a"]],
        ["c", ["out.x", "raw.b"]],
      ]),
    });
    expect(errors).toEqual([]);
    expect(["a", "b", "c"].map((name) => graph.needs.get(`task:${name}`))).toEqual([["raw.a"], ["task:a"], ["raw.b"]]);
  });

  it("stand for a task of defineTask where they refer to one", () => {
    const named = place([step("train", { action: { kind: "task", task: "train" }, settings: { priority: 3 } })]);
    expect(named.errors).toEqual([]);
    expect(named.graph.nodes.get("task:train")).toMatchObject({ action: { kind: "typescript" }, settings: { priority: 3 } });
    expect(named.graph.needs.get("task:train")).toEqual(["final.x"]);
    const renamed = place([step("fit", { action: { kind: "task", task: "train" }, after: ["raw.a"] })]);
    expect(renamed.graph.nodes.has("task:train")).toBe(false);
    expect(renamed.graph.needs.get("task:fit")).toEqual(["raw.a"]);
  });

  it("have undos that need nothing, where the job compensates", () => {
    const undo = { kind: "sql" as const, query: "select 1" };
    const { graph, own } = place([step("a", { undo }), step("b", { after: ["a"] })], { compensates: true });
    expect(own).toContain("task:a.undo");
    expect(graph.nodes.get("task:a.undo")).toMatchObject({ action: undo, settings: { compensates: "task:a" } });
    expect(graph.needs.get("task:a.undo")).toEqual([]);
    expect(place([step("a", { undo })]).own).toEqual(["task:a"]);
  });

  it.each([
    [[step("a", { after: ["finl.x"] })], ["MR1044", '"finl.x" is no asset, task or group of this job', 'did you mean "final.x"?', 4]],
    [[step("a", { after: ["a"] })], ["MR1049", "the task a waits for itself", "take a out", 4]],
    [
      [step("train")],
      ["MR1049", "the job's task train has the name of a task of pipelines/train", "rename one, or refer to it: train: { task: train }", 2],
    ],
    [
      [step("a", { action: { kind: "task", task: "trian" } })],
      ["MR1044", 'there is no task "trian" in the project', 'did you mean "train"?', 3],
    ],
    [
      [step("a", { after: ["b"] }), step("b", { after: ["a"] })],
      [
        "MR1049",
        "tasks wait for each other in a circle: a → b → a (each needs the next)",
        "take one `after` or `before` of the circle out",
        2,
      ],
    ],
    [
      [step("a", { before: ["raw.a"], after: ["clean.a"] })],
      [
        "MR1049",
        "tasks wait for each other in a circle: clean.a → raw.a → a → clean.a (each needs the next)",
        "take one `after` or `before` of the circle out",
        2,
      ],
    ],
    [
      [step("a", { settings: { group: "b" } }), step("b")],
      ["MR1049", "the group b has the name of a task", "rename one of them", 3],
    ],
  ])("that cannot be placed are told with their place", (tasks, error) => {
    expect(told(tasks)).toEqual([error]);
  });
});

describe("the plan of a job", () => {
  const plan = (tasks: readonly JobTask[], selection: string | undefined) => {
    const { graph, own } = place(tasks, { compensates: true });
    return planRun({ graph, selection, always: own, live: new Map(), sources: new Map(), job: { name: "j", onFailure: "compensate" } })
      .plan;
  };

  it("has the job's tasks whatever is selected, and needs among what is there", () => {
    const { nodes, onFailure } = plan([step("a", { after: ["final.x", "raw.a"] })], "raw.a");
    expect(onFailure).toBe("compensate");
    expect(nodes.map(({ id, needs }) => [id, needs])).toEqual([
      ["raw.a", []],
      ["task:a", ["raw.a"]],
    ]);
    expect(plan([step("a")], "").nodes.map(({ id }) => id)).toEqual(["task:a"]);
  });

  it("says how a task is carried out: condition, pools, items, waits, tries", () => {
    const { nodes, limits } = plan(
      [
        step("list", { settings: { map: { over: [1], max: 5 }, pools: { api: 2 }, when: "always", priority: 7, silenceMs: 10 } }),
        step("ask", { action: { kind: "approval", form: { title: "?", fields: {} } }, timeout: "24h" }),
        step("call", { action: { kind: "http", request: { url: "http://x", connection: "crm" } } }),
      ],
      "",
    );
    const node = (id: string) => nodes.find((each) => each.id === id);
    expect(node("task:list")).toMatchObject({
      mapped: true,
      pools: { api: 2, "items:task:list": 1 },
      when: "always",
      priority: 7,
      silenceMs: 10,
      retry: { attempts: 1 },
    });
    expect(limits).toEqual({ "items:task:list": 5 });
    expect(node("task:ask")).toMatchObject({ timeoutMs: 86_400_000 });
    expect(node("task:call")).toMatchObject({ connection: "crm", retry: { attempts: 3 } });
  });
});
