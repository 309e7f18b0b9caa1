// Consecutive small files in one stage table: a table of its own costs a file more than reading it. Each file is staged by itself, with its own proof, into a
// table in memory; a batch of those is then taken over in one statement. What is asked of the whole group later is asked of the one table.
//   G1. Rows stand in the order of the files, and origins say where those of each file begin.
//   G2. Files share a table only if they have the same headers under the same dialect, and types of which one holds all values exactly: what the plan of
//       the columns would make of them apart is what it makes of them together.
//   G3. Memory is a batch, whatever the number of files.
import type { StagedColumn, StagedFile } from "../formats/format.ts";
import { MillraceError } from "../model/errors.ts";
import { unifyTypes } from "../schemas/lattice.ts";
import { physicalTable } from "../sql/publish.ts";
import type { Session } from "../sql/session.ts";
import { ident, literal } from "../sql/text.ts";
import { writeOrigins, type Origin, type Stage, type StagedItem } from "./staged.ts";

/** Files up to this size share a table. */
export const SMALL_FILE_BYTES_MAX = 1 << 20;
const BATCH_FILES_MAX = 64;
const BATCH_BYTES_MAX = 8 << 20;

/** A file in a table of its own, which the group takes over. */
export interface GroupMember {
  readonly file: StagedFile;
  readonly item: StagedItem;
  readonly table: string;
  readonly rejectedTable: string;
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
    this.items = [first.item];
    this.origins = originsOf(first, 0);
    this.columns = first.file.columns;
    this.types = this.columns.map(({ type }) => type);
    this.rows = first.file.rows;
  }

  /** Takes a file over when it fits (G2); `member` is the caller's still when it does not. */
  async take(member: GroupMember): Promise<boolean> {
    const columns = await this.together(member);
    if (columns === null) return false;
    this.columns = columns;
    this.items.push(member.item);
    for (const origin of originsOf(member, this.rows)) this.origins.push(origin);
    this.rows += member.file.rows;
    this.waiting.push(member);
    this.waitingBytes += member.file.sizeBytes;
    if (this.waiting.length >= BATCH_FILES_MAX || this.waitingBytes >= BATCH_BYTES_MAX) await this.flush();
    return true;
  }

  /** The stage with all files taken; `again` stages the same files in the same way. */
  async close(again: Again): Promise<Stage> {
    await this.flush();
    await writeOrigins(this.session, this.physical, this.load, this.origins);
    const { file } = this.first;
    return {
      physical: this.physical,
      table: physicalTable(this.physical),
      columns: this.columns,
      rows: this.rows,
      rejected: this.rejected ?? (file.hasRejected ? this.first.rejectedTable : null),
      items: this.items,
      kind: "file",
      understood: file.understood,
      again,
    };
  }

  /** The columns that hold what the group and the file have; null when they do not fit. */
  private async together({ file, table }: GroupMember): Promise<readonly StagedColumn[] | null> {
    const mine = this.first.file.understood;
    const { understood } = file;
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
      const union = known.type === "VARCHAR" || column.type === "VARCHAR" ? null : unifyTypes(known.type, column.type);
      if (union === null || union.when !== "exact" || isNested(union.type)) return null;
      // As what it was written can no longer be told from the value: 5 is 5.00 now.
      columns.push({ ...known, type: union.type, exactText: false });
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
    const table = physicalTable(this.physical);
    for (const [index, { name, type }] of this.columns.entries())
      if (type !== this.types[index]) await this.session.run(`alter table ${table} alter column ${ident(name)} type ${type}`);
    this.types = this.columns.map(({ type }) => type);
    const rows = members.reduce((sum, { file }) => sum + file.rows, 0);
    if (rows > 0) {
      const parts = members
        .filter(({ file }) => file.rows > 0)
        .map(({ table: from }) => `select ${this.columns.map(castOf).join(", ")} from ${from}`);
      const taken = await this.session.run(`insert into ${table} ${parts.join(" union all ")}`);
      if (taken !== rows)
        throw new MillraceError({
          code: "MR4001",
          message: `${members[0]!.item.name} and following: ${rows} rows were read, but ${taken} arrived.`,
        });
    }
    await this.takeRejected(members);
    await this.session.run(members.map((member) => `drop table ${member.table};`).join("\n"));
  }

  private async takeRejected(members: readonly GroupMember[]): Promise<void> {
    for (const { file, item, rejectedTable } of [...(this.isFirstLookedAt ? [] : [this.first]), ...members]) {
      if (!file.hasRejected) continue;
      if (this.rejected === null) {
        this.rejected = physicalTable(`${this.physical}_rejected_all`);
        await this.session.run(
          `create table ${this.rejected} (file varchar, kind varchar, line bigint, lines bigint, rule varchar, reason varchar, raw varchar)`,
        );
      }
      await this.session.run(
        `insert into ${this.rejected} select ${literal(item.name.replaceAll("\0", ""))}, kind, line, lines, rule, reason, raw from ${rejectedTable}`,
      );
      await this.session.run(`drop table ${rejectedTable}`);
    }
    this.isFirstLookedAt = true;
  }
}

function isNested(type: string): boolean {
  return type.includes("[") || type.startsWith("STRUCT") || type.startsWith("MAP") || type.startsWith("UNION");
}

/** Changes nothing where the type is the same already. */
function castOf({ name, type }: StagedColumn): string {
  return `${ident(name)}::${type}`;
}

/** A format without lines has one origin without a line. */
function originsOf({ file: { origins, rows }, item: { name } }: GroupMember, offset: number): Origin[] {
  if (rows === 0) return [];
  if (origins.length === 0) return [{ file: name, firstRow: offset, line: null }];
  return origins.map(({ firstRow, line }) => ({ file: name, firstRow: firstRow + offset, line }));
}
