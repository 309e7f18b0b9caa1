// Tar archives (ustar, GNU and pax): an index of the members by one walk over the headers, then the bytes of each from its place.
//   T1. Every header has its checksum; members lie within the file. T2. The archive ends with a block of zeros, and only zeros follow it:
//       one that was cut between two members is not taken for a whole one.
import { open, type FileHandle } from "node:fs/promises";
import { expandedLimit, writePieces } from "../../formats/compression/index.ts";
import { MillraceError } from "../../model/errors.ts";
import type { Archive, Member } from "./archive.ts";
import { MEMBERS_MAX, tooMany } from "./limits.ts";
import { memberPath } from "./names.ts";

const BLOCK_BYTES = 512;
const READ_BYTES = 256 << 10;
/** A pax header or long name beyond this is none. */
const EXTRA_BYTES_MAX = 1 << 20;
const KINDS: Readonly<Record<string, string>> = { "1": "is a link", "2": "is a link", S: "is a sparse file, which cannot be read" };

/** Does a tar archive begin here? */
export function isTarHeader(block: Buffer): boolean {
  return block.length >= BLOCK_BYTES && block.subarray(0, BLOCK_BYTES).some((byte) => byte !== 0) && hasChecksum(block);
}

/** Throws MR3400, MR3404, MR3405. */
export async function openTar(path: string, name: string): Promise<Archive> {
  const file = await open(path, "r");
  try {
    const index = await readIndex(file, name);
    return {
      members: [...index.values()].map(({ member }) => member),
      async extract({ path: wanted, name: shown, into, expandedBytesMax, signal }) {
        const { member, from } = index.get(wanted)!;
        const limit = expandedBytesMax ?? expandedLimit(member.sizeBytes);
        await writePieces({ name: shown, into, signal }, range(file, from, member.sizeBytes), limit);
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

interface Place {
  readonly member: Member;
  readonly from: number;
}

interface Extra {
  path?: string;
  sizeBytes?: number;
  modifiedMs?: number;
  isSparse?: boolean;
}

/** Members and where their bytes begin. Of two of one name the later holds, as for `tar` itself. */
async function readIndex(file: FileHandle, name: string): Promise<ReadonlyMap<string, Place>> {
  const { size } = await file.stat();
  const found = new Map<string, Place>();
  let extra: Extra = {};
  const everywhere: Extra = {};
  for (let at = 0; ;) {
    const head = await blockAt(file, at);
    if (head === null) throw damaged(name, `it ends early, at byte ${size}`);
    if (head.every((byte) => byte === 0)) {
      await refuseMore(file, at, size, name);
      break;
    }
    if (!hasChecksum(head)) throw damaged(name, `the header at byte ${at} has a wrong checksum`);
    const kind = String.fromCharCode(head[156] || 48);
    const from = at + BLOCK_BYTES;
    const bytes = "xgLK".includes(kind) ? numberAt(head, 124, 12) : (extra.sizeBytes ?? numberAt(head, 124, 12));
    if (!Number.isSafeInteger(bytes) || bytes < 0) throw damaged(name, `the header at byte ${at} has no size`);
    if (from + bytes > size) throw damaged(name, `it ends within ${extra.path ?? nameOf(head)}`);
    at = from + Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
    if ("xgLK".includes(kind)) {
      const text = await extraAt(file, from, bytes, name);
      if (kind === "x") readPax(text, extra);
      else if (kind === "g") readPax(text, everywhere);
      else if (kind === "L") extra.path = text.toString("utf8").replace(/\0.*$/s, "");
      continue;
    }
    const own: Extra = { ...everywhere, ...extra };
    extra = {};
    if (kind === "5") continue;
    const written = own.path ?? nameOf(head);
    if (written.endsWith("/")) continue;
    const path = memberPath(name, written);
    const why = own.isSparse === true ? KINDS["S"] : "07".includes(kind) ? undefined : (KINDS[kind] ?? "is no plain file");
    const refusal = why === undefined ? null : ({ code: "MR3407", why } as const);
    found.delete(path);
    found.set(path, {
      member: { path, sizeBytes: bytes, modifiedMs: own.modifiedMs ?? numberAt(head, 136, 12) * 1000, refusal },
      from,
    });
    if (found.size > MEMBERS_MAX) throw tooMany(name);
  }
  return found;
}

async function blockAt(file: FileHandle, at: number): Promise<Buffer | null> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(BLOCK_BYTES), 0, BLOCK_BYTES, at);
  return bytesRead === BLOCK_BYTES ? buffer : null;
}

/** T2 */
async function refuseMore(file: FileHandle, from: number, size: number, name: string): Promise<void> {
  let at = from;
  for await (const piece of range(file, from, size - from)) {
    if (piece.some((byte) => byte !== 0))
      throw damaged(name, `something follows its end at byte ${from}; it may be several archives in one file`);
    at += piece.length;
  }
  void at;
}

async function* range(file: FileHandle, from: number, bytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes;) {
    const wanted = Math.min(READ_BYTES, bytes - at);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(wanted), 0, wanted, from + at);
    if (bytesRead === 0) throw new Error("it ends early");
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}

async function extraAt(file: FileHandle, from: number, bytes: number, name: string): Promise<Buffer> {
  if (bytes > EXTRA_BYTES_MAX) throw damaged(name, `the header at byte ${from} is too long`);
  const { buffer } = await file.read(Buffer.alloc(bytes), 0, bytes, from);
  return buffer;
}

/** Records "LENGTH KEY=VALUE\n". */
function readPax(text: Buffer, into: Extra): void {
  for (let at = 0; at < text.length;) {
    const space = text.indexOf(32, at);
    const length = Number(text.toString("latin1", at, space));
    if (space === -1 || !Number.isInteger(length) || length <= 0) return;
    const record = text.toString("utf8", space + 1, at + length - 1);
    const [key, value] = [record.slice(0, record.indexOf("=")), record.slice(record.indexOf("=") + 1)];
    if (key === "path") into.path = value;
    else if (key === "size") into.sizeBytes = Number(value);
    else if (key === "mtime") into.modifiedMs = Math.round(Number(value) * 1000);
    else if (key.startsWith("GNU.sparse.")) into.isSparse = true;
    at += length;
  }
}

function nameOf(head: Buffer): string {
  const name = textAt(head, 0, 100);
  const isUstar = head.toString("latin1", 257, 263) === "ustar\0";
  const folder = isUstar ? textAt(head, 345, 155) : "";
  return folder === "" ? name : `${folder}/${name}`;
}

function textAt(head: Buffer, from: number, length: number): string {
  const field = head.subarray(from, from + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end === -1 ? length : end);
}

/** Octal digits, or a big-endian number when the first bit is set. */
function numberAt(head: Buffer, from: number, length: number): number {
  if (((head[from] ?? 0) & 0x80) !== 0) {
    let sum = (head[from] ?? 0) & 0x7f;
    for (let i = from + 1; i < from + length; i++) sum = sum * 256 + (head[i] ?? 0);
    return sum;
  }
  const digits = textAt(head, from, length).trim();
  return digits === "" ? 0 : /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}

function hasChecksum(head: Buffer): boolean {
  let sum = 0;
  for (let i = 0; i < BLOCK_BYTES; i++) sum += i >= 148 && i < 156 ? 32 : (head[i] ?? 0);
  return numberAt(head, 148, 8) === sum;
}

function damaged(name: string, why: string): MillraceError {
  return new MillraceError({ code: "MR3400", message: `${name} is no sound tar archive: ${why}` });
}
