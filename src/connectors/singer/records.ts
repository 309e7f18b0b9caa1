// The records of one stream on their way into a table: cells as text in a temporary file, read by DuckDB with the types of columns.ts.
//   R1. Every member of every record becomes a cell, also those that the schema does not name.
//   R2. ACTIVATE_VERSION takes back the records of other versions that came before it, and no others.
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { StagedColumn } from "../../formats/format.ts";
import { MillraceError, messageOf } from "../../model/errors.ts";
import { ident, literal } from "../../sql/text.ts";
import { Column } from "./columns.ts";
import { membersOf, mayHoldLongNumbers } from "./exact.ts";
import { isObject, type JsonObject } from "./messages.ts";

const FLUSH_BYTES = 1 << 20;
const OBJECT_BYTES_MIN = 16 << 20;

export class Records {
  /** The version that the tap has activated. */
  version: number | null = null;
  private readonly path: string;
  private readonly descriptor: number;
  private readonly columns = new Map<string, Column>();
  private readonly cells = new Map<string, string>();
  /** Records of each version so far. */
  private readonly versions = new Map<number, number>();
  /** The last activation: records [0, until) that have another version are taken back, `records` in number. */
  private retracted: { readonly until: number; readonly version: number; readonly records: number } | undefined;
  private written = 0;
  private pending: string[] = [];
  private pendingBytes = 0;
  private lineBytesMax = 0;
  private isOpen = true;

  constructor(path: string) {
    this.path = path;
    this.descriptor = openSync(path, "wx", 0o600);
  }

  /** A SCHEMA message: all its properties become columns, whether or not a record has them. */
  declare(schema: JsonObject): void {
    const { properties } = schema;
    if (!isObject(properties)) return;
    for (const [label, property] of Object.entries(properties)) {
      const known = this.columns.get(label);
      if (known === undefined) this.addColumn(label, property);
      else known.redeclare(property);
    }
  }

  add(record: JsonObject, version: number | null, source: { readonly text: string; readonly line: number }): void {
    const raw = mayHoldLongNumbers(source.text) ? membersOf(source.text, "record") : undefined;
    const parts: string[] = [];
    for (const [label, value] of Object.entries(record)) {
      if (value === null || value === undefined) {
        if (!this.columns.has(label)) this.addColumn(label, undefined);
        continue;
      }
      const column = this.columns.get(label) ?? this.addColumn(label, undefined);
      const text = column.take(value, typeof value === "string" ? undefined : raw?.get(label), source.line);
      parts.push(`"${this.cells.get(label)!}":${JSON.stringify(wellFormed(text))}`);
    }
    if (version !== null) {
      parts.push(`"v":${version},"n":${this.written}`);
      this.versions.set(version, (this.versions.get(version) ?? 0) + 1);
    }
    const line = `{${parts.join(",")}}\n`;
    this.written += 1;
    this.pending.push(line);
    this.pendingBytes += line.length;
    this.lineBytesMax = Math.max(this.lineBytesMax, line.length * 3);
    if (this.pendingBytes >= FLUSH_BYTES) this.flush();
  }

  activate(version: number): void {
    this.version = version;
    const others = [...this.versions].reduce((sum, [other, records]) => sum + (other === version ? 0 : records), 0);
    this.retracted = { until: this.written, version, records: others };
  }

  /** Records taken so far, those taken back not counted out. */
  get count(): number {
    return this.written;
  }

  /** Creates and fills the table. */
  async load(connection: DuckDBConnection, into: string): Promise<{ readonly rows: number; readonly columns: readonly StagedColumn[] }> {
    this.flush();
    closeSync(this.descriptor);
    this.isOpen = false;
    if (this.columns.size === 0) {
      if (this.written > 0) this.addColumn("_empty", undefined); // records without any member are rows as well
      else {
        await connection.run(`create table ${into} as select null::varchar as _empty limit 0`);
        return { rows: 0, columns: [] };
      }
    }
    const plain = new Set<string>();
    try {
      await this.createTable(connection, into, plain);
    } catch (error) {
      // A value has the form of its type and is none: the 30th of February. Its column stays text.
      if (!/conver|cast|out of range|overflow/i.test(messageOf(error))) throw error;
      for (const label of await this.labelsThatDoNotFit(connection)) plain.add(label);
      await this.createTable(connection, into, plain);
    }
    const counted = await connection.runAndReadAll(`select count(*) from ${into}`);
    const rows = Number(counted.getRows()[0]![0]);
    const names = this.names();
    const columns = [...this.columns.values()].map((column, index) => {
      const { type, exactText, why } = plain.has(column.label)
        ? { type: "VARCHAR", exactText: true, why: "a value does not fit the schema of the stream" }
        : column.type();
      return { name: names[index]!, label: column.label, type, exactText, why };
    });
    const expected = this.written - (this.retracted?.records ?? 0);
    if (rows !== expected)
      throw new MillraceError({ code: "MR4001", message: `${expected} records came, but ${rows} rows arrived in the table` });
    return { rows, columns };
  }

  remove(): void {
    if (this.isOpen) closeSync(this.descriptor);
    this.isOpen = false;
    rmSync(this.path, { force: true });
  }

  private async createTable(connection: DuckDBConnection, into: string, plain: ReadonlySet<string>): Promise<void> {
    const names = this.names();
    const select = [...this.columns.values()].map((column, index) => {
      const cell = this.cells.get(column.label)!;
      return `${plain.has(column.label) ? cell : column.type().sql(cell)} as ${ident(names[index]!)}`;
    });
    await connection.run(`create table ${into} as select ${select.join(", ")} from ${this.source()}`);
  }

  private async labelsThatDoNotFit(connection: DuckDBConnection): Promise<readonly string[]> {
    const typed = [...this.columns.values()].filter((column) => column.type().type !== "VARCHAR");
    if (typed.length === 0) return [];
    const bad = typed.map((column) => {
      const cell = this.cells.get(column.label)!;
      return `count(*) filter (${cell} is not null and try(${column.type().sql(cell)}) is null)`;
    });
    const answer = await connection.runAndReadAll(`select ${bad.join(", ")} from ${this.source()}`);
    const counts = answer.getRows()[0]!;
    return typed.filter((_column, index) => Number(counts[index]) > 0).map((column) => column.label);
  }

  private source(): string {
    const columns = [...[...this.cells.values()].map((cell) => `${cell}: 'VARCHAR'`), "v: 'DOUBLE'", "n: 'BIGINT'"].join(", ");
    const sizeMax = Math.max(OBJECT_BYTES_MIN, this.lineBytesMax + 1024);
    const from = `read_json(${literal(this.path)}, format = 'newline_delimited', maximum_object_size = ${sizeMax}, columns = {${columns}})`;
    const { retracted } = this;
    return retracted === undefined ? from : `${from} where v is null or v = ${retracted.version}::double or n >= ${retracted.until}`;
  }

  private addColumn(label: string, property: unknown): Column {
    const column = new Column(label, property);
    this.cells.set(label, `c${this.columns.size}`);
    this.columns.set(label, column);
    return column;
  }

  private names(): readonly string[] {
    const taken = new Set<string>();
    return [...this.columns.keys()].map((label, index) => {
      const bare = label === "" || label.includes("\0") ? `column_${index + 1}` : label;
      let name = bare;
      for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${bare}_${n}`;
      taken.add(name.toLowerCase());
      return name;
    });
  }

  private flush(): void {
    if (this.pending.length === 0) return;
    const bytes = Buffer.from(this.pending.join(""), "utf8");
    for (let done = 0; done < bytes.length;) done += writeSync(this.descriptor, bytes, done);
    this.pending = [];
    this.pendingBytes = 0;
  }
}

/** Half a character is none. The quick look is for the many that hold nothing of the kind. */
function wellFormed(text: string): string {
  return /[\ud800-\udfff]/.test(text) ? text.replaceAll(/\p{Surrogate}/gu, "\uFFFD") : text;
}
