// Read tables that are no fold of events: whoever changes rows takes the table's next number, so that two engines never write from the same state.
import type { ReadTables, TableRow } from "../../store/store.ts";
import { MillraceError } from "../../model/errors.ts";

const RACES_MAX = 50;
/** Those of one process do not race each other. */
const turns = new WeakMap<ReadTables, Map<string, Promise<unknown>>>();

/**
 * Writes what `make` says and returns what it answers; `make` is asked again when another was faster. `number` counts the changes of the table.
 * @throws MR8119 when others are faster all the time
 */
export async function change<Answer>(tables: ReadTables, table: string, make: Make<Answer>): Promise<Answer> {
  const waiting = turns.get(tables) ?? new Map<string, Promise<unknown>>();
  turns.set(tables, waiting);
  const turn = (waiting.get(table) ?? Promise.resolve()).then(() => race(tables, table, make));
  const settled = turn.catch(() => {});
  waiting.set(table, settled);
  return turn;
}

type Make<Answer> = (number: number) => Promise<{ readonly rows: readonly TableRow[]; readonly answer: Answer }>;

async function race<Answer>(tables: ReadTables, table: string, make: Make<Answer>): Promise<Answer> {
  for (let races = 0; races < RACES_MAX; races++) {
    const expectedPosition = await tables.position(table);
    const position = expectedPosition + 1;
    const { rows, answer } = await make(position);
    if (rows.length === 0) return answer;
    if (await tables.save(table, { expectedPosition, position, rows })) return answer;
  }
  throw new MillraceError({ code: "MR8119", message: `the table ${table} is written by others all the time`, retryable: true });
}
