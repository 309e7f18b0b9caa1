// Attempts at one task that overlap: what acts in the warehouse is committed once, whoever comes first.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Attempt } from "../../model/attempt.ts";
import type { TaskNode } from "../../model/graph.ts";
import { openWarehouse, type Warehouse } from "../../sql/warehouse.ts";
import { taskAttempt, type TaskAttemptRequest } from "./task.ts";

const dir = mkdtempSync(join(tmpdir(), "millrace-task-attempt-"));
let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openWarehouse({ path: join(dir, "w.duckdb") });
  await warehouse.session((session) => session.run("create table done (who varchar)"));
});
afterAll(() => {
  warehouse.close();
  rmSync(dir, { recursive: true, force: true });
});

const attemptOf = (run: string, attempt: number) => ({ run, node: "task:t", attempt, log: () => {} }) as unknown as Attempt;

function requestOf(effect: TaskAttemptRequest["effect"]): TaskAttemptRequest {
  const node = { id: "task:t", kind: "task", codeHash: "h" } as unknown as TaskNode;
  return { warehouse, node, commitAs: "task:t", inputs: {}, given: null, fullRefresh: false, effect };
}

function inserting(who: string, before: () => Promise<void> = async () => {}): TaskAttemptRequest {
  return requestOf({
    transact: async (tx) => {
      await before();
      await tx.run("insert into done values ($1)", [who]);
      return who;
    },
  });
}

const doneBy = async (prefix: string) =>
  (await warehouse.session((session) => session.rows<{ who: string }>("select who from done where starts_with(who, $1)", [prefix]))).map(
    ({ who }) => who,
  );

it("SQL that is going on when the next attempt begins is that attempt's answer too", async () => {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  let reached = (): void => {};
  const isReached = new Promise<void>((resolve) => (reached = resolve));
  const first = taskAttempt(
    inserting("a1", async () => {
      reached();
      await released;
    }),
    attemptOf("r_a", 1),
  );
  await isReached;
  const second = taskAttempt(inserting("a2"), attemptOf("r_a", 2));
  release();
  expect(await Promise.all([first, second])).toEqual([{ output: "a1" }, { output: "a1" }]);
  expect(await doneBy("a")).toEqual(["a1"]);
});

it("SQL of an attempt that comes after its successor is refused", async () => {
  expect(await taskAttempt(inserting("b2"), attemptOf("r_b", 2))).toEqual({ output: "b2" });
  await expect(taskAttempt(inserting("b1"), attemptOf("r_b", 1))).rejects.toMatchObject({ code: "MR5006" });
  expect(await doneBy("b")).toEqual(["b2"]);
});

it("what acts elsewhere leaves no row in the warehouse", async () => {
  expect(await taskAttempt(requestOf({ act: async () => 7 }), attemptOf("r_c", 1))).toEqual({ output: 7 });
  const [row] = await warehouse.session((session) => session.rows("select count(*) as n from _millrace.commits where run = 'r_c'"));
  expect(row).toEqual({ n: 0 });
});
