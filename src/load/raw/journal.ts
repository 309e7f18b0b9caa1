// Pages of rows on disk in the order in which they came: gzip members one after the other, so that `zcat` shows them as JSON lines. Before the rows of a
// page stands a line with its name, the number of its rows, and its position.
//   J1. A member is whole or not there: an index beside it says where it ends, and is written after it. What follows the last end was cut off by a kill.
//   J2. Small pages share a member, for no longer than FLUSH_MS: what a killed process had received before that is on disk.
import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open, readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { promisify } from "node:util";
import { createGunzip, gzip } from "node:zlib";
import type { Json, RowsDelivery } from "../connector.ts";
import { elementOf, exactLine } from "./exact.ts";
import { writing } from "./place.ts";

const compress = promisify(gzip);

const FLUSH_CHARACTERS = 1 << 20;
const FLUSH_MS = 200;
const CHUNK_BYTES = 1 << 18;
/** Compressed or not yet, on the way to the disk. */
const WAITING_CHARACTERS_MAX = 16 << 20;
export const PAGES_FILE = "pages.ndjson.gz";
export const INDEX_FILE = "pages.index";

interface PageLine {
  readonly $page: { readonly name: string; readonly rows: number; readonly position?: Json };
}

/** A line of the index. */
interface Member {
  readonly end: number;
  readonly pages: number;
  /** Of the last page in it that has one. */
  readonly position?: Json;
}

export interface KeptPages {
  readonly bytes: number;
  readonly hash: string;
  readonly pages: number;
  readonly rows: number;
}

export class Journal {
  readonly folder: string;
  private readonly data: FileHandle;
  private readonly index: FileHandle;
  private readonly digest: Hash = createHash("sha256");
  private bytes = 0;
  private pages = 0;
  private rows = 0;
  private lines: string[] = [];
  private characters = 0;
  private inMember = 0;
  private position: Json | undefined;
  private flushedMs = performance.now();
  private waiting = 0;
  private work: Promise<void> = Promise.resolve();

  private constructor(folder: string, data: FileHandle, index: FileHandle) {
    this.folder = folder;
    this.data = data;
    this.index = index;
  }

  /** A new one in an empty folder, or one that goes on after what `before` says is there. @throws MR4303. */
  static async open(
    folder: string,
    before?: { readonly bytes: Uint8Array; readonly pages: number; readonly rows: number },
  ): Promise<Journal> {
    return writing(folder, async () => {
      const flags = before === undefined ? "wx" : "a";
      const journal = new Journal(
        folder,
        await open(join(folder, PAGES_FILE), flags, 0o600),
        await open(join(folder, INDEX_FILE), flags, 0o600),
      );
      if (before !== undefined) {
        journal.digest.update(before.bytes);
        journal.bytes = before.bytes.length;
        journal.pages = before.pages;
        journal.rows = before.rows;
      }
      return journal;
    });
  }

  /** Adds a page; waits only when the disk cannot keep up. @throws MR4303. */
  async add({ name, rows, position }: RowsDelivery): Promise<void> {
    const head: PageLine = { $page: { name, rows: rows.length, ...(position === undefined ? {} : { position }) } };
    this.line(JSON.stringify(head));
    for (const row of rows) {
      this.line(exactLine(row));
      if (this.characters >= FLUSH_CHARACTERS) this.flush("within");
      if (this.waiting > WAITING_CHARACTERS_MAX) await this.work;
    }
    this.pages += 1;
    this.inMember += 1;
    this.rows += rows.length;
    if (position !== undefined) this.position = position;
    if (this.characters >= FLUSH_CHARACTERS || performance.now() - this.flushedMs >= FLUSH_MS) this.flush("page");
    if (this.waiting > WAITING_CHARACTERS_MAX) await this.work;
  }

  /** Everything is on disk and closed. @throws MR4303. */
  async finish(): Promise<KeptPages> {
    this.flush("page");
    try {
      await this.work;
      await writing(this.folder, async () => {
        await this.data.sync();
        await this.index.sync();
      });
    } finally {
      await this.data.close();
      await this.index.close();
    }
    return { bytes: this.bytes, hash: this.digest.digest("hex"), pages: this.pages, rows: this.rows };
  }

  private line(text: string): void {
    this.lines.push(text);
    this.characters += text.length + 1;
  }

  /** J1: only the end of a page is an end in the index. */
  private flush(at: "page" | "within"): void {
    if (this.lines.length === 0 && this.inMember === 0) return;
    const text = this.lines.length === 0 ? "" : `${this.lines.join("\n")}\n`;
    const { characters, position, inMember } = this;
    this.lines = [];
    this.characters = 0;
    this.flushedMs = performance.now();
    if (at === "page") {
      this.inMember = 0;
      this.position = undefined;
    }
    this.waiting += characters;
    const compressed = text === "" ? Promise.resolve(Buffer.alloc(0)) : compress(text, { level: 1 });
    compressed.catch(() => undefined); // told by `work`
    this.work = this.work.then(() =>
      writing(this.folder, async () => {
        const member = await compressed;
        await writeAll(this.data, member);
        this.digest.update(member);
        this.bytes += member.length;
        this.waiting -= characters;
        if (at === "within") return;
        const entry: Member = { end: this.bytes, pages: inMember, ...(position === undefined ? {} : { position }) };
        await writeAll(this.index, Buffer.from(`${JSON.stringify(entry)}\n`));
      }),
    );
    this.work.catch(() => undefined); // told by who waits next
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at)).bytesWritten;
}

export interface Unfinished {
  readonly bytes: Uint8Array;
  readonly pages: number;
  readonly rows: number;
  readonly position: Json;
  /** The pages up to the position. */
  deliveries(): AsyncIterable<RowsDelivery>;
}

/** What a load that was cut off had received up to its last position (J1), and cuts the rest off; null when there is nothing to go on from. */
export async function unfinishedIn(folder: string): Promise<Unfinished | null> {
  const paths = { data: join(folder, PAGES_FILE), index: join(folder, INDEX_FILE) };
  const [data, index] = await Promise.all([readFile(paths.data).catch(() => null), readFile(paths.index, "utf8").catch(() => null)]);
  if (data === null || index === null) return null;
  const lines = index.split("\n").slice(0, -1);
  const members = lines.map((line) => JSON.parse(line) as Member);
  const last = members.findLastIndex((member) => member.position !== undefined && member.end <= data.length);
  const end = members[last]?.end;
  if (end === undefined) return null;
  const bytes = data.subarray(0, end);
  let [pages, rows] = [0, 0];
  let position: Json | undefined;
  try {
    for await (const delivery of pagesIn(Readable.from([bytes]))) {
      pages += 1;
      rows += delivery.rows.length;
      position = delivery.position;
    }
  } catch {
    return null; // the disk lost what the index promised
  }
  if (position === undefined) return null;
  await truncate(paths.data, end);
  await truncate(paths.index, Buffer.byteLength(`${lines.slice(0, last + 1).join("\n")}\n`));
  return { bytes, pages, rows, position, deliveries: () => pagesIn(Readable.from([bytes])) };
}

/** The pages of a journal again, one in memory at a time. @throws SyntaxError or zlib's error for one that is damaged. */
export async function* pagesIn(bytes: Readable): AsyncGenerator<RowsDelivery> {
  const expanded = bytes.pipe(createGunzip({ chunkSize: CHUNK_BYTES }));
  bytes.on("error", (error) => expanded.destroy(error));
  const decoder = new StringDecoder("utf8");
  let rest = "";
  let rows: unknown[] = [];
  let head: PageLine["$page"] | undefined;
  for await (const chunk of expanded as AsyncIterable<Buffer>) {
    const text = rest + decoder.write(chunk);
    let from = 0;
    for (let to = text.indexOf("\n"); to >= 0; to = text.indexOf("\n", from)) {
      const line = text.slice(from, to);
      from = to + 1;
      if (head === undefined) {
        head = (JSON.parse(line) as PageLine).$page;
        rows = [];
      } else rows.push(elementOf(line));
      if (rows.length < head.rows) continue;
      yield pageOf(head, rows);
      head = undefined;
    }
    rest = text.slice(from);
  }
  if (head !== undefined || rest !== "") throw new SyntaxError(`${head === undefined ? "a page" : `the page ${head.name}`} is cut off`);
}

function pageOf({ name, position }: PageLine["$page"], rows: readonly unknown[]): RowsDelivery {
  return { kind: "rows", name, rows: rows as RowsDelivery["rows"], ...(position === undefined ? {} : { position }) };
}
