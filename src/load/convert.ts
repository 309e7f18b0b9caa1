// From stage tables to one work table with the columns of the plan. What does not fit goes to a table of its own beside it, with reason, place
// and raw form; both enter the ledger in the publishing transaction.
//   V1. Every row of a stage is in the work table or in the aside table, never in both: one condition, once plain and once negated.
//   V2. What is read from text is computed once, as columns of a copy of the stage: counting what is broken, noting changes and loading look at those.
//   V3. Where nothing is to be changed the stage table itself is the work table, and line numbers cost nothing.
import { MillraceError } from "../model/errors.ts";
import type { StagedColumn } from "../formats/format.ts";
import { DATA_SCHEMA } from "../sql/ledger/ledger.ts";
import { physicalTable } from "../sql/ledger/publish.ts";
import type { Session } from "../sql/session.ts";
import { ident, literal, qualified } from "../sql/text.ts";
import { cellOf, type Reading } from "./cells.ts";
import { ChangeCounter, type Note, type ValueChange } from "./changes.ts";
import { variantName, type ColumnPlan } from "./columns.ts";
import type { Stage } from "./staged.ts";

export interface Conversion {
  /** Name in `_millrace_data` of the table with the rows to load. */
  readonly physical: string;
  readonly table: string;
  /** Are `_load`, `_file`, `_line` real columns of it? Otherwise its origins tell. */
  readonly hidden: boolean;
  readonly rows: number;
  /** Table of what was set aside, with the columns of `_millrace.quarantine` up to `status`; null when nothing was. */
  readonly aside: string | null;
  readonly quarantined: number;
  readonly warnings: readonly string[];
  /** What was done to values. */
  readonly changes: readonly ValueChange[];
}

export interface ConversionRequest {
  readonly session: Session;
  readonly asset: string;
  readonly load: string;
  readonly run: string;
  readonly stages: readonly Stage[];
  readonly plan: ColumnPlan;
  /** `_load`, `_file`, `_line` must be real columns (append, merge, snapshot). */
  readonly needsHidden: boolean;
  /** Name of the table to make when a stage table will not do. */
  readonly physical: string;
  /** Columns of which no value may be shown. */
  readonly personal: ReadonlySet<string>;
}

/** One way in which a row may break the contract. SQL over the stage table `t`. */
interface Test {
  readonly column: string;
  /** True when broken, never NULL. */
  readonly broken: string;
  readonly rule: string;
  readonly reason: string;
  readonly then: "quarantine" | "fail" | "note";
}

interface StageSql {
  readonly stage: Stage;
  /** Name and expression of every column of the work table. */
  readonly values: readonly { readonly name: string; readonly sql: string }[];
  readonly tests: readonly Test[];
  /** What conversion may do to values. */
  readonly notes: readonly Note[];
  /** Columns that the stage must get before any of this can be said of it: the first steps of all cells, then the second ones, … */
  readonly reading: readonly (readonly Reading[])[];
}

/** Builds the work table and the aside table. @throws MR4005 when a value does not fit and the contract says fail. */
export async function convertStages(request: ConversionRequest): Promise<Conversion> {
  const { session, stages } = request;
  const parts: StageSql[] = [];
  for (const [index, stage] of stages.entries()) parts.push(await read(request, stageSql(request.plan, stage, index), index));
  const warnings: string[] = [];
  const broken: number[] = [];
  const counter = new ChangeCounter(request.personal);
  for (const note of request.plan.notes)
    counter.add({ ...note, values: /^(missingColumn|typeChange)/.test(note.rule) ? await valuesOf(session, request, note) : note.values });
  for (const part of parts) {
    broken.push(await countBroken(session, part, warnings));
    if (part.stage.rows > 0) await counter.count(session, part.stage.table, part.notes);
  }
  const readerRejected = stages.some((stage) => stage.rejected !== null);
  const aside = readerRejected || broken.some((count) => count > 0) ? await makeAside(request, parts, broken) : null;
  const quarantined =
    aside === null ? 0 : ((await session.row<{ n: number }>(`select count(*) as n from ${aside} where status = 'open'`))?.n ?? 0);
  if (aside !== null && readerRejected) {
    const repaired = await session.rows<{ rule: string; n: number }>(
      `select rule, count(*) as n from ${aside} where status = 'repaired' group by rule`,
    );
    for (const { rule, n } of repaired) counter.add({ column: null, rule: `repaired(${rule})`, values: n });
  }
  const base = { aside, quarantined, warnings, changes: counter.all() };
  const [first] = parts;
  if (first !== undefined && parts.length === 1 && broken[0] === 0 && !request.needsHidden && isInPlace(request.plan, first)) {
    await finishInPlace(session, request.plan, first);
    return { ...base, physical: first.stage.physical, table: first.stage.table, hidden: false, rows: first.stage.rows };
  }
  const table = physicalTable(request.physical);
  const hidden = request.needsHidden || broken.some((count) => count > 0);
  const columns = request.plan.columns.map((column) => `${ident(column.name)} ${column.type}`);
  for (const column of variantsOf(request.plan)) columns.push(`${ident(column)} VARCHAR`);
  if (hidden) columns.push("_load VARCHAR", "_file VARCHAR", "_line BIGINT");
  await session.run(`create table ${table} (${columns.join(", ")})`);
  let rows = 0;
  for (const part of parts) {
    if (!hidden) await copyOrigins(session, part.stage.physical, request.physical, rows);
    rows += await insertRows(session, table, part, hidden);
  }
  return { ...base, physical: request.physical, table, hidden, rows };
}

/** V2: the stage with what was read from its text, row by row in the same order. */
async function read({ session, physical }: ConversionRequest, part: StageSql, index: number): Promise<StageSql> {
  const { stage, reading } = part;
  if (reading.length === 0) return part;
  const table = physicalTable(`${physical}_read${index}`);
  let from = `(select * from ${stage.table}) t`;
  for (const steps of reading) from = `(select t.*, ${steps.map(({ name, sql }) => `${sql} as ${name}`).join(", ")} from ${from}) t`;
  await session.run(`create table ${table} as select * from ${from}`);
  return { ...part, stage: { ...stage, table } };
}

/** Values of a column that was widened; rows without a column that is missing. */
async function valuesOf(
  session: Session,
  { stages, plan }: ConversionRequest,
  { column, values }: ColumnPlan["notes"][number],
): Promise<number> {
  const target = plan.columns.find(({ name }) => name === column);
  let sum = values;
  for (const [index, stage] of stages.entries()) {
    const source = target?.sources[index] ?? { kind: "missing" };
    if (source.kind === "missing") sum += stage.rows;
    else sum += (await session.row<{ n: number }>(`select count(${ident(source.column.name)}) as n from ${stage.table}`))?.n ?? 0;
  }
  return sum;
}

/** Names of the extra columns that hold what no longer fits its column (`typeChange: variant`). */
export function variantsOf(plan: ColumnPlan): string[] {
  return plan.columns.filter((column) => column.hasVariant).map((column) => variantName(column.name));
}

function stageSql(plan: ColumnPlan, stage: Stage, index: number): StageSql {
  const values: { name: string; sql: string }[] = [];
  const variantValues: { name: string; sql: string }[] = [];
  const tests: Test[] = [];
  const notes: Note[] = [];
  const reading: Reading[][] = [];
  for (const column of plan.columns) {
    const cell = cellOf(column, index);
    notes.push(...cell.notes);
    for (const [at, step] of cell.reading.entries()) (reading[at] ??= []).push(step);
    if (cell.broken !== null && (column.onBad === "null" || column.onBad === "variant")) {
      const after = column.onBad === "null" ? "null" : cell.text;
      notes.push({ column: column.name, rule: `${column.rule}(${column.onBad})`, holds: cell.broken, before: cell.text, after });
    }
    values.push({ name: column.name, sql: cell.value });
    if (column.hasVariant) {
      variantValues.push({
        name: variantName(column.name),
        sql: cell.broken === null || column.onBad !== "variant" ? "null::varchar" : `case when ${cell.broken} then ${cell.text} end`,
      });
    }
    if (cell.broken !== null && column.onBad !== "variant") {
      const then = column.onBad === "null" ? "note" : column.onBad;
      const reason = `${literal(`${column.name} is not ${column.spec?.parse ?? column.type}: `)} || ${column.mask === null ? shown(cell.text) : literal("a value that is not shown")}`;
      tests.push({ column: column.name, broken: cell.broken, rule: `${column.rule}(${column.name})`, reason, then });
    }
    if (column.spec?.required === true) {
      const then = column.onBad === "fail" ? "fail" : "quarantine";
      // A value that cannot be read is told as such, not as missing.
      const missing = `(${cell.value}) is null${cell.broken === null || then === "fail" ? "" : ` and not (${cell.broken} and ${column.onBad === "quarantine"})`}`;
      tests.push({
        column: column.name,
        broken: missing,
        rule: `required(${column.name})`,
        reason: literal(`${column.name} is required and has no value`),
        then,
      });
    }
  }
  for (const { stage: at, column, reject } of plan.left) {
    if (at !== index || !reject) continue;
    const label = column.label.trim();
    const cell = `t.${ident(column.name)}`;
    const reason = `${literal(`column ${JSON.stringify(label)} is new: `)} || ${shown(`${cell}::varchar`)}`;
    tests.push({
      column: label,
      broken: `${cell} is not null`,
      rule: `newColumn(${label.replaceAll("\0", "")})`,
      reason,
      then: "quarantine",
    });
  }
  for (const { stage: at, column, reject } of plan.left) {
    if (at !== index || reject) continue;
    const label = column.label.trim().replaceAll("\0", "");
    notes.push({
      column: label,
      rule: "newColumn(ignore)",
      holds: `t.${ident(column.name)} is not null`,
      before: `t.${ident(column.name)}`,
      after: "null",
    });
  }
  return { stage, values: [...values, ...variantValues], tests, notes, reading };
}

/** A value as it is told in a reason: short and in quotes. */
function shown(text: string): string {
  return `coalesce('"' || left(${text}, 80) || '"', 'nothing')`;
}

/** Counts what is broken in one scan; what is only noted becomes a warning. Returns the rows that go to quarantine. */
async function countBroken(session: Session, part: StageSql, warnings: string[]): Promise<number> {
  if (part.tests.length === 0 || part.stage.rows === 0) return 0;
  const any = part.tests.filter((test) => test.then === "quarantine").map((test) => test.broken);
  const counts = part.tests.map((test, index) => `count(*) filter (where ${test.broken}) as c${index}`);
  counts.push(`count(*) filter (where ${any.length === 0 ? "false" : any.join(" or ")}) as aside`);
  const row = (await session.row<Record<string, number>>(`select ${counts.join(", ")} from ${part.stage.table} t`)) ?? {};
  for (const [index, test] of part.tests.entries()) {
    const count = row[`c${index}`] ?? 0;
    if (count === 0) continue;
    if (test.then === "note") warnings.push(`${count} values of ${test.column} could not be read and are NULL (${nameOf(part.stage)})`);
    if (test.then === "fail") await failWith(session, part, test, count);
  }
  return row["aside"] ?? 0;
}

function nameOf({ items }: Stage): string {
  const first = items[0]?.name ?? "";
  return items.length > 1 ? `${first} and ${items.length - 1} more` : first;
}

async function failWith(session: Session, part: StageSql, test: Test, count: number): Promise<never> {
  const first = await session.row<{ reason: string; file: string | null; line: number | null }>(
    `select ${test.reason} as reason, o.file, o.line + (t.rowid - o.first_row) as line from ${located(part.stage)} where ${test.broken} limit 1`,
  );
  const place =
    first?.file === undefined || first.file === null ? "" : ` (${first.file}${first.line === null ? "" : `, line ${first.line}`})`;
  throw new MillraceError({ code: "MR4005", message: `${count} rows break ${test.rule}. First: ${first?.reason ?? ""}${place}` });
}

/** The rows of a stage as `t` with where they came from as `o`. */
function located(stage: Stage): string {
  return `${stage.table} t asof left join (select * from _millrace.origins where physical = ${literal(stage.physical)}) o on t.rowid >= o.first_row`;
}

function asideCondition(part: StageSql): string {
  const tests = part.tests.filter((test) => test.then === "quarantine");
  return tests.length === 0 ? "false" : tests.map((test) => test.broken).join(" or ");
}

async function makeAside(request: ConversionRequest, parts: readonly StageSql[], broken: readonly number[]): Promise<string> {
  const { session, asset, load, run } = request;
  const table = qualified(DATA_SCHEMA, `${request.physical}_aside`);
  await session.run(`create table ${table} as select * from _millrace.quarantine limit 0`);
  const into = `insert into ${table} (id, asset, load, run, reason, rule, file, line, lines, raw, row, status, "at")`;
  const head = `${literal(asset)}, ${literal(load)}, ${literal(run)}`;
  for (const [index, part] of parts.entries()) {
    const { stage } = part;
    if (stage.rejected !== null) {
      const file = stage.kind === "rows" || stage.items.length > 1 ? "r.file" : literal(stage.items[0]?.name ?? "");
      const id = `'q_' || left(md5(concat_ws('|', ${literal(load)}, ${file}, r.line, r.rule, r.raw, r.rowid)), 16)`;
      await session.run(
        `${into} select ${id}, ${head}, r.reason, r.rule, ${file}, r.line, r.lines, r.raw, null,
         case when r.kind = 'repaired' then 'repaired' else 'open' end, now() from ${stage.rejected} r`,
      );
    }
    if (broken[index] === 0) continue;
    const exact = await exactStage(stage);
    const joined = exact === stage ? "" : ` join ${exact.table} x on x.rowid = t.rowid`;
    const tests = part.tests.filter((test) => test.then === "quarantine");
    const reason = `concat_ws('; ', ${tests.map((test) => `case when ${test.broken} then ${test.reason} end`).join(", ")})`;
    const rule = `case ${tests.map((test) => `when ${test.broken} then ${literal(test.rule)}`).join(" ")} end`;
    const id = `'q_' || left(md5(concat_ws('|', ${literal(load)}, ${index}, t.rowid)), 16)`;
    await session.run(
      `${into} select ${id}, ${head}, ${reason}, ${rule}, o.file, o.line + (t.rowid - o.first_row), 1, ${rawOf(exact, exact === stage ? "t" : "x")}, ${rowJson(stage.columns, "t")}, 'open', now()
       from ${located(stage)}${joined} where ${asideCondition(part)}`,
    );
  }
  return table;
}

/** The same rows with every cell as it was written, for the raw form of what is set aside. */
async function exactStage(stage: Stage): Promise<Stage> {
  const bent = stage.columns.filter((column) => !column.exactText).map((column) => column.label);
  if (bent.length === 0 || stage.again === null) return stage;
  const exact = await stage.again(new Set(bent));
  return exact.rows === stage.rows ? exact : stage;
}

/** The record as it was received: cells with the file's delimiter where it has one, JSON otherwise. */
function rawOf(stage: Stage, alias: string): string {
  const dialect = stage.understood?.dialect;
  if (dialect === undefined) return `${rowJson(stage.columns, alias)}::varchar`;
  const [delimiter, quote] = [literal(dialect.delimiter), literal(dialect.quote === "" ? '"' : dialect.quote)];
  const cells = stage.columns.map((column) => `${alias}.${ident(column.name)}::varchar`).join(", ");
  return `array_to_string(list_transform([${cells}], lambda x: case when x is null then ''
    when contains(x, ${delimiter}) or contains(x, ${quote}) or contains(x, chr(10)) then ${quote} || replace(x, ${quote}, ${quote} || ${quote}) || ${quote} else x end), ${delimiter})`;
}

function rowJson(columns: readonly StagedColumn[], alias: string): string {
  return `json_object(${columns.map((column) => `${literal(column.label.trim().replaceAll("\0", ""))}, ${alias}.${ident(column.name)}`).join(", ")})`;
}

/** V3: every column of the stage becomes the column of the plan at its place, by a plain cast at most. */
function isInPlace(plan: ColumnPlan, { stage }: StageSql): boolean {
  return (
    plan.columns.length === stage.columns.length &&
    plan.columns.every((column, index) => {
      const source = column.sources[0];
      if (source === undefined || source.kind === "missing" || source.kind === "parse" || column.hasVariant) return false;
      if (column.mask !== null || column.defaultSql !== null || source.column.shaped !== undefined) return false;
      return source.column === stage.columns[index] && (source.kind === "same" || column.type !== "JSON");
    })
  );
}

/** Rewrites only the columns whose type changes. No USING: DuckDB 1.5.5 cannot replay one with functions after a crash. */
async function finishInPlace(session: Session, plan: ColumnPlan, part: StageSql): Promise<void> {
  for (const [index, column] of plan.columns.entries()) {
    if (column.sources[0]?.kind === "same") continue;
    await session.run(`alter table ${part.stage.table} alter column ${ident(part.stage.columns[index]!.name)} type ${column.type}`);
  }
  await renameColumns(session, part);
}

/** Two steps where a new name is still the old one of another column. */
async function renameColumns(session: Session, part: StageSql): Promise<void> {
  const pairs = part.values
    .map((value, index) => ({ from: part.stage.columns[index]!.name, to: value.name }))
    .filter(({ from, to }) => from !== to);
  const old = new Set(part.stage.columns.map((column) => column.name.toLowerCase()));
  const rename = (from: string, to: string): Promise<number> =>
    session.run(`alter table ${part.stage.table} rename column ${ident(from)} to ${ident(to)}`);
  const clashing = pairs.filter(({ to }) => old.has(to.toLowerCase()));
  for (const [index, { from }] of clashing.entries()) await rename(from, `_millrace_${index}`);
  for (const { from, to } of pairs.filter((pair) => !clashing.includes(pair))) await rename(from, to);
  for (const [index, { to }] of clashing.entries()) await rename(`_millrace_${index}`, to);
}

async function copyOrigins(session: Session, from: string, into: string, offset: number): Promise<void> {
  await session.run(
    `insert into _millrace.origins select ${literal(into)}, load, file, first_row + ${offset}, line from _millrace.origins where physical = ${literal(from)}`,
  );
}

/** V1: the rows that are not set aside. */
async function insertRows(session: Session, table: string, part: StageSql, hidden: boolean): Promise<number> {
  const values = part.values.map((value) => value.sql);
  if (hidden) values.push("o.load", "o.file", "o.line + (t.rowid - o.first_row)");
  const from = hidden ? located(part.stage) : `${part.stage.table} t`;
  const condition = asideCondition(part);
  // The join must not disturb the order of the rows: later ones win among equal keys.
  const order = hidden ? " order by t.rowid" : "";
  return session.run(
    `insert into ${table} select ${values.join(", ")} from ${from}${condition === "false" ? "" : ` where not (${condition})`}${order}`,
  );
}
