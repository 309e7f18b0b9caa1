// Rows of many small files in one table by one statement: each was audited by itself, their bodies stand one behind the other in one file, and what
// comes of it must equal the sum of the audits. Nobody is told of a table that does not: its files are then read one by one.
//   J1. Only bodies in which the audit found nothing to repair, of one dialect, under the same headers.
//   J2. Where files differ in the type of a column, it gets the one that holds all values of both exactly; without such a one they do not fit.
import { rmSync, writeFileSync } from "node:fs";
import type { DeferredRows, SharedTable, SharedTableRequest, StagedColumn, StagedFile } from "../format.ts";
import type { AuditSums } from "./accounts.ts";
import type { Dialect } from "./dialect.ts";
import { attempt, differenceOf, type LoadColumn, MODULUS, requireOrder } from "./load.ts";

/** Bytes of bodies that are held for one statement. */
const BODIES_BYTES_MAX = 4 << 20;
const FILES_MAX = 500;

export interface AuditedBody {
  /** Its last line ends as the dialect says. */
  readonly body: Buffer;
  readonly dialect: Dialect;
  readonly columns: readonly LoadColumn[];
  readonly nulls: readonly string[];
  readonly sums: AuditSums;
}

/** Rows that wait for those of files like theirs. */
export class AuditedRows implements DeferredRows {
  readonly audited: AuditedBody;

  constructor(audited: AuditedBody) {
    this.audited = audited;
  }

  begin(first: StagedFile): SharedTable {
    return new BodiesTogether(this.audited, first);
  }
}

class BodiesTogether implements SharedTable {
  columns: readonly StagedColumn[];
  private readonly first: AuditedBody;
  private readonly bodies: Buffer[];
  private bytes: number;
  private types: readonly LoadColumn[];
  private rows: number;
  private readonly filled: Float64Array;
  private readonly sizes: Float64Array;
  private readonly order: Int32Array;

  constructor(first: AuditedBody, { columns }: StagedFile) {
    const { sums } = first;
    this.first = first;
    this.columns = columns;
    this.types = first.columns;
    this.bodies = [first.body];
    this.bytes = first.body.length;
    this.rows = sums.rows;
    this.filled = sums.filled.slice();
    this.sizes = sums.bytes.slice();
    this.order = sums.order.slice();
  }

  take(file: StagedFile, unify: (a: string, b: string) => string | null): boolean {
    const { deferred } = file;
    if (!(deferred instanceof AuditedRows)) return false;
    const { audited } = deferred;
    if (this.bodies.length >= FILES_MAX || this.bytes + audited.body.length > BODIES_BYTES_MAX) return false;
    if (!isLike(this.first, audited) || file.columns.length !== this.columns.length) return false;
    if (file.columns.some(({ name, label }, index) => name !== this.columns[index]!.name || label !== this.columns[index]!.label))
      return false;
    const types: LoadColumn[] = [];
    for (const [index, known] of this.types.entries()) {
      const type = this.common(index, known, audited, unify);
      if (type === null) return false;
      types.push(type);
    }
    this.types = types;
    this.columns = this.columns.map((column, index) => {
      const { type, exactText, why } = types[index]!.type;
      return { ...column, type, exactText, why };
    });
    this.add(audited);
    return true;
  }

  async load({ connection, into, path, name }: SharedTableRequest): Promise<string | null> {
    await requireOrder(connection, name);
    const { dialect, nulls } = this.first;
    const request = { connection, into, columns: this.types, nulls };
    try {
      writeFileSync(path, Buffer.concat(this.bodies));
      const failure = await attempt(request, { path, dialect, skipLines: 0 });
      if (failure !== null) return failure;
      const { rows, filled, sizes, order } = this;
      return await differenceOf(request, { rows, filled, bytes: sizes, order });
    } finally {
      rmSync(path, { force: true });
    }
  }

  /** J2. */
  private common(
    index: number,
    known: LoadColumn,
    { columns, sums }: AuditedBody,
    unify: (a: string, b: string) => string | null,
  ): LoadColumn | null {
    const other = columns[index]!;
    const [a, b] = [known.type, other.type];
    if (a.type === b.type && a.read === b.read && a.pattern === b.pattern)
      return { ...known, type: { ...a, exactText: a.exactText && b.exactText } };
    if (sums.filled[index] === 0) return known;
    if (this.filled[index] === 0) return other;
    if (a.pattern !== null || b.pattern !== null || a.type === "VARCHAR" || b.type === "VARCHAR") return null;
    const type = unify(a.type, b.type);
    // As what it was written can no longer be told from the value: 5 is 5.00 now.
    return type === null ? null : { ...known, type: { type, read: type, pattern: null, exactText: false, why: a.why } };
  }

  private add({ body, sums }: AuditedBody): void {
    this.bodies.push(body);
    this.bytes += body.length;
    for (let index = 0; index < this.filled.length; index++) {
      const bytes = sums.bytes[index]!;
      this.filled[index]! += sums.filled[index]!;
      this.sizes[index]! += bytes;
      // Rows of this file stand `rows` places further down.
      this.order[index] = (((this.order[index]! >>> 0) + (sums.order[index]! >>> 0) + ((this.rows * bytes) % MODULUS)) % MODULUS) | 0;
    }
    this.rows += sums.rows;
  }
}

/** J1. */
function isLike(a: AuditedBody, b: AuditedBody): boolean {
  const [one, other] = [a.dialect, b.dialect];
  return (
    one.delimiter === other.delimiter &&
    one.quote === other.quote &&
    one.escape === other.escape &&
    one.newline === other.newline &&
    one.crEnds === other.crEnds &&
    a.nulls.join("\0") === b.nulls.join("\0")
  );
}
