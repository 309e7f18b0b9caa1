// What a load did to values besides taking them over: which rule, in how many of them, and a few examples. It is counted over the stage tables
// before the transaction and stands in `_millrace.changes` with the load's rows.
//   C1. A value counts for a rule when what was written is not what is loaded.
//   C2. Columns with `pii` have no sample.
import type { JsonValue } from "../model/answers.ts";
import type { ColumnSpec } from "../model/definitions/source.ts";
import type { Session, Transaction } from "../sql/session.ts";
import { ident, literal, value } from "../sql/text.ts";

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
  /** What `holds` and `after` name, computed once per row. */
  readonly lets?: readonly { readonly name: string; readonly sql: string }[];
}

const SAMPLES_MAX = 3;
const SHOWN_CHARACTERS_MAX = 80;
const BLANKS = literal(" \t\r\n\u00a0");

/** How a written cell became a value. `text` is what was written, `mapped` that after `map`, `value` what is loaded, before a default. */
export interface Conversed {
  readonly column: string;
  readonly type: string;
  readonly spec: ColumnSpec | undefined;
  readonly text: string;
  readonly mapped: string;
  readonly value: string;
  readonly broken: string | null;
}

/** The rules that may have changed a value that was read from text. */
export function notesOf({ column, type, spec, text, mapped, value: read, broken }: Conversed): Note[] {
  const notes: Note[] = [];
  const names = { value: ident(`_value_${column}`), mapped: ident(`_mapped_${column}`), broken: ident(`_broken_${column}`) };
  const lets = [
    { name: names.value, sql: read },
    { name: names.mapped, sql: `trim(${mapped}, ${BLANKS})` },
    { name: names.broken, sql: broken ?? "false" },
  ];
  const trimmed = `trim(${text}, ${BLANKS})`;
  const note = (rule: string, holds: string, after = `${names.value}::varchar`): void => {
    notes.push({ column, rule, holds: `coalesce(${holds}, false)`, before: text, after, lets });
  };
  const listed = (words: readonly string[]): string => words.map((word) => literal(word.trim())).join(", ");
  if (spec?.map !== undefined) note("map", `${trimmed} in (${listed(Object.keys(spec.map))})`);
  const nulls = (spec?.nulls ?? []).filter((word) => word.trim() !== "");
  if (nulls.length > 0) note("nulls", `${names.mapped} in (${listed(nulls)})`, "null");
  if (spec?.default !== undefined)
    note("default", `${names.value} is null and not ${names.broken}`, `try_cast(${literal(String(spec.default))} as ${type})`);
  if (type === "VARCHAR" && spec?.parse === undefined) return notes;
  note("trim", `${text} <> ${trimmed} and ${names.value} is not null`);
  note(spec?.parse === undefined ? `cast(${type})` : `parse(${spec.parse})`, `${names.mapped} <> ${names.value}::varchar`);
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
    const lets = new Map(notes.flatMap((note) => (note.lets ?? []).map(({ name, sql }) => [name, sql])));
    const named = [...lets].map(([name, sql]) => `, ${sql} as ${name}`).join("");
    const from = `(select t.*${named} from ${table} t) t`;
    const row = (await session.row<Record<string, number>>(`select ${counts.join(", ")} from ${from}`)) ?? {};
    for (const [index, note] of notes.entries()) {
      const values = row[`c${index}`] ?? 0;
      if (values === 0) continue;
      this.add({ column: note.column, rule: note.rule, values });
      const known = this.changes.get(JSON.stringify([note.column, note.rule, undefined]))!;
      if (known.sample.length > 0 || this.withoutSample.has(note.column)) continue;
      const cut = (sql: string): string => `left((${sql})::varchar, ${SHOWN_CHARACTERS_MAX})`;
      known.sample = await session.rows<{ from: string; to: string }>(
        `select ${cut(note.before)} as "from", ${cut(note.after)} as "to" from ${from} where ${note.holds} limit ${SAMPLES_MAX}`,
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
