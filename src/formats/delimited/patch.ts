// A copy of the body that differs from the original only at bad records. It is not created while there are none.
// Offsets are those of the file; `buffer` holds it from `base` on.
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { CR, LF, PLAIN, type Dialect } from "./dialect.ts";

const FLUSH_BYTES = 1 << 20;

export interface PatchOptions {
  readonly path: string;
  readonly dialect: Dialect;
  readonly source: number;
  readonly bodyStart: number;
}

export class Patch {
  private readonly options: PatchOptions;
  private out = -1;
  /** Everything before is written or left out. */
  private from = 0;
  private isOmitting = false;
  private parts: Buffer[] = [];
  private partBytes = 0;

  constructor(options: PatchOptions) {
    this.options = options;
  }

  get isStarted(): boolean {
    return this.out >= 0;
  }

  /** Begins the copy with everything up to `base`. */
  start(base: number): void {
    if (this.isStarted) return;
    const { path, source, bodyStart } = this.options;
    this.out = openSync(path, "w");
    const part = Buffer.allocUnsafe(FLUSH_BYTES);
    for (let at = bodyStart; at < base;) {
      const bytes = readSync(source, part, 0, Math.min(part.length, base - at), at);
      writeFully(this.out, part.subarray(0, bytes));
      at += bytes;
    }
    this.from = base;
  }

  /** Leaves out `[from, next)` of the buffer. */
  omit(buffer: Buffer, base: number, from: number, next: number): void {
    this.copyUpTo(buffer, base, from);
    this.from = base + next;
  }

  /** Writes cells in place of `[from, next)`. */
  replace(buffer: Buffer, base: number, place: { readonly from: number; readonly next: number }, cells: readonly string[]): void {
    this.omit(buffer, base, place.from, place.next);
    this.push(Buffer.from(writeRecord(cells, this.options.dialect)));
  }

  /** Gives the record `[from, next)` the dialect's line end. */
  straighten(buffer: Buffer, base: number, from: number, next: number): void {
    let end = next;
    while (end > from && (buffer[end - 1] === LF || buffer[end - 1] === CR)) end--;
    this.omit(buffer, base, from, next);
    this.push(Buffer.from(buffer.subarray(from, end)));
    this.push(Buffer.from(this.options.dialect.newline));
  }

  /** From `from` on nothing is copied, over as many chunks as it takes, until `endOmission`. */
  beginOmission(buffer: Buffer, base: number, from: number): void {
    this.copyUpTo(buffer, base, from);
    this.isOmitting = true;
  }

  endOmission(position: number): void {
    this.isOmitting = false;
    this.from = position;
  }

  /** The buffer is about to lose its first `used` bytes. */
  endOfChunk(buffer: Buffer, base: number, used: number): void {
    if (!this.isStarted) return;
    if (!this.isOmitting && this.from < base + used) {
      this.push(Buffer.from(buffer.subarray(this.from - base, used)));
      this.from = base + used;
    }
    this.flush();
  }

  close(): void {
    if (!this.isStarted) return;
    this.flush();
    closeSync(this.out);
  }

  private copyUpTo(buffer: Buffer, base: number, from: number): void {
    this.start(base);
    if (this.from < base + from) this.push(Buffer.from(buffer.subarray(this.from - base, from)));
  }

  private push(part: Buffer): void {
    this.parts.push(part);
    this.partBytes += part.length;
    if (this.partBytes > FLUSH_BYTES) this.flush();
  }

  private flush(): void {
    if (this.partBytes > 0) writeFully(this.out, Buffer.concat(this.parts));
    this.parts = [];
    this.partBytes = 0;
  }
}

/** One record with every cell quoted, so that nothing in it is left to interpret. */
function writeRecord(cells: readonly string[], dialect: Dialect): string {
  const { delimiter, quote, escape, newline } = dialect.quote === "" ? { ...PLAIN, ...dialect, quote: "", escape: "" } : dialect;
  const written = cells.map((cell) => {
    if (quote === "" || cell === "") return cell;
    const inner =
      escape === quote ? cell.replaceAll(quote, quote + quote) : cell.replaceAll(escape, escape + escape).replaceAll(quote, escape + quote);
    return quote + inner + quote;
  });
  return written.join(delimiter) + newline;
}

/** Writes all bytes; `writeSync` may write fewer when the disk fills up, and then throws at the next try. */
export function writeFully(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}
