// What a load did to values besides taking them over: which rule, in how many of them, and a few examples. It is counted over the stage tables
// before the transaction and stands in `_millrace.changes` with the load's rows.
//   C1. A value counts for a rule when what was written is not what is loaded.
//   C2. Columns with `pii` have no sample.
import { trimmedText } from "../formats/types/parse.ts";
import type { JsonValue } from "../model/answers.ts";
import type { ColumnSpec } from "../model/definitions/source.ts";
import type { Session, Transaction } from "../sql/session.ts";
import { literal, value } from "../sql/text.ts";

/** A row of `_millrace.changes`. */
export interface ValueChange {
  readonly column: string | null;
  /** `default`, `map`, `trim`, `nulls`, `parse(money)`, `cast(DATE)`, `badValue(null)`, `typeChange(variant)`, `typeChange(widen)`, … */
  readonly rule: string;
  readonly values: number;
  readonly sample: JsonValue;
  readonly detail?: string;
}

/** One rule over one stage table `t`, as SQL. */
export interface Note {
  readonly column: string;
  readonly rule: string;
  /** Never NULL. */
  readonly holds: string;
  readonly before: string;
  readonly after: string;
}

const SAMPLES_MAX = 3;
const SHOWN_CHARACTERS_MAX = 80;

/** How a written cell became a value. `text` is what was written, `trimmed` that after `map`, without space around it, `value` what is loaded, before a default. */
export interface Conversed {
  readonly column: string;
  readonly type: string;
  readonly spec: ColumnSpec | undefined;
  readonly text: string;
  readonly trimmed: string;
  readonly value: string;
  readonly broken: string | null;
}

/** The rules that may have changed a value that was read from text. */
export function notesOf({ column, type, spec, text, trimmed, value: read, broken }: Conversed): Note[] {
  const notes: Note[] = [];
  const written = spec?.map === undefined ? trimmed : `(${trimmedText(text)})`;
  const note = (rule: string, holds: string, after = `${read}::varchar`): void => {
    notes.push({ column, rule, holds: `coalesce(${holds}, false)`, before: text, after });
  };
  const listed = (words: readonly string[]): string => words.map((word) => literal(word.trim())).join(", ");
  if (spec?.map !== undefined) note("map", `${written} in (${listed(Object.keys(spec.map))})`);
  const nulls = (spec?.nulls ?? []).filter((word) => word.trim() !== "");
  if (nulls.length > 0) note("nulls", `${trimmed} in (${listed(nulls)})`, "null");
  if (spec?.default !== undefined)
    note("default", `${read} is null and not ${broken ?? "false"}`, `try_cast(${literal(String(spec.default))} as ${type})`);
  if (type === "VARCHAR" && spec?.parse === undefined) return notes;
  note("trim", `${text} <> ${written} and ${read} is not null`);
  note(spec?.parse === undefined ? `cast(${type})` : `parse(${spec.parse})`, `${trimmed} <> ${read}::varchar`);
  return notes;
}

/** Counts over stages, the first examples of each rule kept. */
export class ChangeCounter {
  private readonly changes = new Map<
    string,
    { column: string | null; rule: string; values: number; sample: JsonValue[]; detail: string | undefined }
  >();
  private readonly withoutSample: ReadonlySet<string>;
  constructor(withoutSample: ReadonlySet<string>) {
    this.withoutSample = withoutSample;
  }

  add(change: {
    readonly column: string | null;
    readonly rule: string;
    readonly values: number;
    readonly detail?: string | undefined;
  }): void {
    const key = JSON.stringify([change.column, change.rule, change.detail]);
    const known = this.changes.get(key);
    if (known === undefined) this.changes.set(key, { ...change, sample: [], detail: change.detail });
    else known.values += change.values;
  }

  async count(session: Session, table: string, notes: readonly Note[]): Promise<void> {
    if (notes.length === 0) return;
    const counts = notes.map((note, index) => `count(*) filter (where ${note.holds}) as c${index}`);
    const row = (await session.row<Record<string, number>>(`select ${counts.join(", ")} from ${table} t`)) ?? {};
    for (const [index, note] of notes.entries()) {
      const values = row[`c${index}`] ?? 0;
      if (values === 0) continue;
      this.add({ column: note.column, rule: note.rule, values });
      const known = this.changes.get(JSON.stringify([note.column, note.rule, undefined]))!;
      if (known.sample.length > 0 || this.withoutSample.has(note.column)) continue;
      const cut = (sql: string): string => `left((${sql})::varchar, ${SHOWN_CHARACTERS_MAX})`;
      known.sample = await session.rows<{ from: string; to: string }>(
        `select ${cut(note.before)} as "from", ${cut(note.after)} as "to" from ${table} t where ${note.holds} limit ${SAMPLES_MAX}`,
      );
    }
  }

  all(): readonly ValueChange[] {
    return [...this.changes.values()].map(({ detail, sample, ...change }) => ({
      ...change,
      sample: sample as JsonValue,
      ...(detail === undefined ? {} : { detail }),
    }));
  }
}

/** Writes them with the load. */
export async function writeChanges(
  tx: Transaction,
  { asset, load, run }: { readonly asset: string; readonly load: string; readonly run: string },
  changes: readonly ValueChange[],
): Promise<void> {
  if (changes.length === 0) return;
  const rows = changes.map(
    ({ column, rule, values, sample, detail }) =>
      `(${[load, asset, run, column, rule, values, JSON.stringify(sample), detail ?? null].map((cell) => value(cell)).join(", ")}, now())`,
  );
  await tx.run(`insert into _millrace.changes values ${rows.join(", ")}`);
}
