// Read tables that are no fold of events: whoever changes rows takes the table's next number, so that two engines never write from the same state.
import type { ReadTables, TableRow } from "../../store/store.ts";
import { MillraceError } from "../../model/errors.ts";

const RACES_MAX = 50;

/**
 * Writes what `make` says and returns what it answers; `make` is asked again when another was faster. `number` counts the changes of the table.
 * @throws MR8119 when others are faster all the time
 */
export async function change<Answer>(
  tables: ReadTables,
  table: string,
  make: (number: number) => Promise<{ readonly rows: readonly TableRow[]; readonly answer: Answer }>,
): Promise<Answer> {
  for (let races = 0; races < RACES_MAX; races++) {
    const expectedPosition = await tables.position(table);
    const position = expectedPosition + 1;
    const { rows, answer } = await make(position);
    if (rows.length === 0) return answer;
    if (await tables.save(table, { expectedPosition, position, rows })) return answer;
  }
  throw new MillraceError({ code: "MR8119", message: `the table ${table} is written by others all the time`, retryable: true });
}
