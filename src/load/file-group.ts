// Consecutive small files in one stage table: a table of its own costs a file more than reading it. Each file, or as many as one statement can read, is
// staged with its own proof into a table in memory; a batch of those is then taken over in one statement. What is asked of the group later is asked of the
// one table.
//   G1. Rows stand in the order of the files, and origins say where those of each file begin.
//   G2. Files share a table only if they have the same headers under the same dialect, and types of which one holds all values exactly: what the plan of
//       the columns would make of them apart is what it makes of them together.
//   G3. Memory is a batch, whatever the number of files.
import type { FileUnderstanding, StagedColumn } from "../formats/format.ts";
import { MillraceError } from "../model/errors.ts";
import { unifyTypes } from "../schemas/lattice.ts";
import { physicalTable } from "../sql/ledger/publish.ts";
import type { Session } from "../sql/session.ts";
import { ident, literal } from "../sql/text.ts";
import { writeOrigins, type Origin, type Stage, type StagedItem } from "./staged.ts";

/** Files up to this size share a table. */
export const SMALL_FILE_BYTES_MAX = 1 << 20;
const BATCH_FILES_MAX = 64;
const BATCH_BYTES_MAX = 8 << 20;
/** Compressed files tell by their rows how much they hold. */
const BATCH_ROWS_MAX = 200_000;

/** One file, or several of the same form, in a table of their own, which the group takes over. */
export interface GroupMember {
  readonly columns: readonly StagedColumn[];
  readonly rows: number;
  readonly sizeBytes: number;
  /** Of its first file. */
  readonly understood: FileUnderstanding;
  readonly items: readonly StagedItem[];
  readonly origins: readonly Origin[];
  readonly table: string;
  /** Of its one file; null when there are none. */
  readonly rejectedTable: string | null;
}

type Again = NonNullable<Stage["again"]>;

export class FileGroup {
  private readonly session: Session;
  private readonly physical: string;
  private readonly load: string;
  private readonly first: GroupMember;
  private readonly items: StagedItem[];
  private readonly origins: Origin[];
  private columns: readonly StagedColumn[];
  /** Types of the table's columns by now; those of `columns` after the next batch. */
  private types: readonly string[];
  /** Columns of text known to have a value. */
  private readonly filled = new Set<number>();
  private rows: number;
  private waiting: GroupMember[] = [];
  private waitingBytes = 0;
  private waitingRows = 0;
  /** Of all members together, with their names; null while there is but one file. */
  private rejected: string | null = null;
  private isFirstLookedAt = false;

  /** `first` stands in the table of the group already. */
  constructor(
    session: Session,
    { physical, load, first }: { readonly physical: string; readonly load: string; readonly first: GroupMember },
  ) {
    this.session = session;
    this.physical = physical;
    this.load = load;
    this.first = first;
    this.items = [...first.items];
    this.origins = [...first.origins];
    this.columns = first.columns;
    this.types = this.columns.map(({ type }) => type);
    this.rows = first.rows;
  }

  /** Takes a file over when it fits (G2); `member` is the caller's still when it does not. */
  async take(member: GroupMember): Promise<boolean> {
    const columns = await this.together(member);
    if (columns === null) return false;
    this.columns = columns;
    this.items.push(...member.items);
    for (const origin of member.origins) this.origins.push({ ...origin, firstRow: origin.firstRow + this.rows });
    this.rows += member.rows;
    this.waiting.push(member);
    this.waitingBytes += member.sizeBytes;
    this.waitingRows += member.rows;
    const isFull = this.waiting.length >= BATCH_FILES_MAX || this.waitingBytes >= BATCH_BYTES_MAX || this.waitingRows >= BATCH_ROWS_MAX;
    if (isFull) await this.flush();
    return true;
  }

  /** The stage with all files taken; `again` stages the same files in the same way. */
  async close(again: Again): Promise<Stage> {
    await this.flush();
    await writeOrigins(this.session, this.physical, this.load, this.origins);
    return {
      physical: this.physical,
      table: physicalTable(this.physical),
      columns: this.columns,
      rows: this.rows,
      rejected: this.rejected ?? this.first.rejectedTable,
      items: this.items,
      kind: "file",
      understood: this.first.understood,
      again,
    };
  }

  /** The columns that hold what the group and the file have; null when they do not fit. */
  private async together(file: GroupMember): Promise<readonly StagedColumn[] | null> {
    const mine = this.first.understood;
    const { understood, table } = file;
    if (understood.format !== mine.format || understood.schema !== mine.schema) return null;
    if (understood.dialect?.delimiter !== mine.dialect?.delimiter || understood.dialect?.quote !== mine.dialect?.quote) return null;
    if (file.columns.length !== this.columns.length || file.columns.length === 0) return null;
    if (file.columns.some((column, index) => column.name !== this.columns[index]!.name || column.label !== this.columns[index]!.label))
      return null;
    const columns: StagedColumn[] = [];
    for (const [index, column] of file.columns.entries()) {
      const known = this.columns[index]!;
      const exactText = known.exactText && column.exactText;
      if (column.type === known.type) {
        columns.push({ ...known, exactText });
        continue;
      }
      const isEmpty = column.type === "VARCHAR" && (file.rows === 0 || !(await this.hasValue([table], column.name)));
      if (isEmpty) {
        columns.push({ ...known, exactText });
        continue;
      }
      if (known.type === "VARCHAR" && !this.filled.has(index) && !(await this.hasValue(this.tables(), known.name))) {
        columns.push(column);
        continue;
      }
      if (known.type === "VARCHAR") this.filled.add(index);
      const type = known.type === "VARCHAR" || column.type === "VARCHAR" ? null : commonType(known.type, column.type);
      if (type === null) return null;
      // As what it was written can no longer be told from the value: 5 is 5.00 now.
      columns.push({ ...known, type, exactText: false });
    }
    return columns;
  }

  private tables(): readonly string[] {
    return [physicalTable(this.physical), ...this.waiting.map(({ table }) => table)];
  }

  private async hasValue(tables: readonly string[], column: string): Promise<boolean> {
    for (const table of tables) {
      if ((await this.session.row(`select 1 from ${table} where ${ident(column)} is not null limit 1`)) !== undefined) return true;
    }
    return false;
  }

  private async flush(): Promise<void> {
    if (this.waiting.length === 0) return;
    const members = this.waiting;
    this.waiting = [];
    this.waitingBytes = 0;
    this.waitingRows = 0;
    const table = physicalTable(this.physical);
    for (const [index, { name, type }] of this.columns.entries())
      if (type !== this.types[index]) await this.session.run(`alter table ${table} alter column ${ident(name)} type ${type}`);
    this.types = this.columns.map(({ type }) => type);
    const rows = members.reduce((sum, member) => sum + member.rows, 0);
    if (rows > 0) {
      const parts = members
        .filter((member) => member.rows > 0)
        .map(({ table: from }) => `select ${this.columns.map(castOf).join(", ")} from ${from}`);
      const taken = await this.session.run(`insert into ${table} ${parts.join(" union all ")}`);
      if (taken !== rows)
        throw new MillraceError({
          code: "MR4001",
          message: `${members[0]!.items[0]!.name} and following: ${rows} rows were read, but ${taken} arrived.`,
        });
    }
    await this.takeRejected(members);
    await this.session.run(members.map((member) => `drop table ${member.table};`).join("\n"));
  }

  private async takeRejected(members: readonly GroupMember[]): Promise<void> {
    for (const { items, rejectedTable } of [...(this.isFirstLookedAt ? [] : [this.first]), ...members]) {
      if (rejectedTable === null) continue;
      if (this.rejected === null) {
        this.rejected = physicalTable(`${this.physical}_rejected_all`);
        await this.session.run(
          `create table ${this.rejected} (file varchar, kind varchar, line bigint, lines bigint, rule varchar, reason varchar, raw varchar)`,
        );
      }
      await this.session.run(
        `insert into ${this.rejected} select ${literal(items[0]!.name.replaceAll("\0", ""))}, kind, line, lines, rule, reason, raw from ${rejectedTable}`,
      );
      await this.session.run(`drop table ${rejectedTable}`);
    }
    this.isFirstLookedAt = true;
  }
}

/** A type that holds all values of two exactly. Nested ones are for the plan to decide. */
export function commonType(a: string, b: string): string | null {
  const union = unifyTypes(a, b);
  return union === null || union.when !== "exact" || isNested(union.type) ? null : union.type;
}

function isNested(type: string): boolean {
  return type.includes("[") || type.startsWith("STRUCT") || type.startsWith("MAP") || type.startsWith("UNION");
}

/** Changes nothing where the type is the same already. */
function castOf({ name, type }: StagedColumn): string {
  return `${ident(name)}::${type}`;
}
