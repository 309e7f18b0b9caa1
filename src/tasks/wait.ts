// A wait: for a time, until a moment, or until a condition holds. It is asked again when it is due and holds nothing meanwhile.
import { momentOf } from "../model/moment.ts";
import type { WaitAction } from "../model/task.ts";
import { isQuery } from "../platform/expression.ts";
import { bindingsOf } from "../sql/parameters.ts";
import { interruptible } from "../sql/session.ts";
import type { TaskAnswer, TaskKind, TaskSurroundings } from "../load/task-port.ts";

export const wait: TaskKind<WaitAction> = {
  name: "wait",
  summary: "Waits for a time, until a moment or for a condition; holds nothing.",
  async act(action, surroundings) {
    const { attempt, fill } = surroundings;
    if (action.condition !== undefined) return waitForCondition(action, action.condition, surroundings);
    const dueMs =
      action.forMs === undefined
        ? momentOf(fill.text(action.until ?? ""), attempt.firstStartedAt, action.timezone)
        : attempt.firstStartedAt + action.forMs;
    const isOver = attempt.now() >= dueMs || attempt.signaled?.accept === true;
    if (isOver) return { output: { waitedMs: attempt.now() - attempt.firstStartedAt } };
    return { wait: { kind: "time", until: dueMs, why: `until ${new Date(dueMs).toISOString()}` } };
  },
};

async function waitForCondition(action: WaitAction, condition: string, surroundings: TaskSurroundings): Promise<TaskAnswer> {
  const { attempt } = surroundings;
  const { holds, seen } = isQuery(condition) ? await askWarehouse(condition, surroundings) : await surroundings.holds(condition);
  const looks = attempt.waits + 1;
  if (holds || attempt.signaled?.accept === true) return { output: { waitedMs: attempt.now() - attempt.firstStartedAt, looks } };
  const why = `until ${condition.replaceAll(/\s+/g, " ").trim().slice(0, 200)}${seen === "" ? "" : ` (${seen})`}`;
  return { wait: { kind: "condition", until: attempt.now() + (action.everyMs ?? 60_000), why } };
}

/** The first value of the first row: true, a number other than 0, a text other than empty and "false". */
async function askWarehouse(
  query: string,
  { warehouse, fill, bindings, attempt }: TaskSurroundings,
): Promise<{ holds: boolean; seen: string }> {
  const open = await warehouse();
  const row = await open.session((session) =>
    interruptible(session, attempt.signal, async () => {
      const sql = fill.sql(query);
      const { values, types } = bindingsOf(sql, bindings);
      const result = await session.connection.run(sql, values, types);
      const [first] = (await result.fetchChunk())?.getRows() ?? [];
      return first;
    }),
  );
  const value = row?.[0] ?? null;
  const holds = value !== null && value !== false && value !== 0 && value !== 0n && value !== "" && value !== "false";
  return { holds, seen: row === undefined ? "no row" : `it is ${String(value)}` };
}
