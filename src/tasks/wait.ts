// A wait: for a time, until a moment, or until a condition holds. It is asked again when it is due and holds nothing meanwhile.
import { MillraceError } from "../model/errors.ts";
import type { WaitAction } from "../model/task.ts";
import { isQuery } from "../platform/expression.ts";
import { bindingsOf } from "../sql/parameters.ts";
import { interruptible } from "../sql/session.ts";
import type { TaskAnswer, TaskKind, TaskSurroundings } from "../load/task-port.ts";

const DAY_MS = 86_400_000;

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

/** @throws MR6209 */
export function momentOf(text: string, afterMs: number, timezone = "UTC"): number {
  const clock = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/.exec(text.trim());
  if (clock !== null) return nextTimeOfDay([Number(clock[1]), Number(clock[2]), Number(clock[3] ?? 0)], afterMs, timezone);
  const at = /^\d{4}-\d\d-\d\d/.test(text.trim()) ? Date.parse(zoned(text.trim())) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw new MillraceError({ code: "MR6209", message: `${JSON.stringify(text)} is no moment`, hint: "write 2026-01-31T06:00Z or 06:00" });
}

/** A moment that names no zone is UTC, as everywhere in Millrace. */
function zoned(text: string): string {
  return /T|\d \d/.test(text) && !/(Z|[+-]\d\d:?\d\d)$/i.test(text) ? `${text.replace(" ", "T")}Z` : text.replace(" ", "T");
}

/** The first such time after a moment. A time that a change of the clocks swallows is taken as if there had been none. */
function nextTimeOfDay([hour, minute, second]: readonly [number, number, number], afterMs: number, timezone: string): number {
  for (let day = -1; day <= 2; day++) {
    const date = new Date(afterMs + day * DAY_MS + offsetMs(afterMs, timezone));
    const local = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), hour, minute, second);
    const guess = local - offsetMs(local - offsetMs(local, timezone), timezone);
    if (guess > afterMs) return guess;
  }
  return afterMs + DAY_MS;
}

/** How far a zone's clock is ahead of UTC. */
function offsetMs(at: number, timezone: string): number {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: timezone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const local = Date.UTC(part["year"]!, part["month"]! - 1, part["day"], part["hour"], part["minute"], part["second"]);
  return local - Math.floor(at / 1_000) * 1_000;
}
