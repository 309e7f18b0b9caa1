// A file of a store into a file of this machine, whole: a download that breaks, falls silent or drips goes on at the byte where it ended.
//   F1. What is written is one version of the file, every byte once. F2. It ends: tries, pauses and silence have limits.
import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { MillraceError, messageOf } from "../model/errors.ts";
import { asWriteError } from "../platform/files.ts";
import type { FileStore, StoredFile } from "./store.ts";

/** Tries in a row that bring nothing. */
const IDLE_TRIES_MAX = 5;
/** Tries of one file. */
const TRIES_MAX = 100;
/** A try that brings less has brought nothing. */
const PROGRESS_BYTES = 64 << 10;
/** Less than this in the time of silence is silence. */
const DRIP_BYTES = 4 << 10;
const PAUSE_FIRST_MS = 200;
const PAUSE_MAX_MS = 10_000;
const PAUSE_ASKED_MAX_MS = 60_000;
export const SILENCE_MS = 30_000;

export interface FetchRequest {
  /** As the user knows it. */
  readonly name: string;
  readonly into: string;
  readonly silenceMs: number;
  readonly signal: AbortSignal;
}

export interface Fetched {
  readonly sizeBytes: number;
  /** SHA-256, hex. */
  readonly hash: string;
}

/** Throws MR3302, MR3303, MR3304, MR3141, what the store says for good, and MR3300 when it does not stop failing. */
export async function fetchFile(store: FileStore, file: StoredFile, request: FetchRequest): Promise<Fetched> {
  const target = await open(request.into, "w");
  const hash = createHash("sha256");
  let written = 0;
  let idle = 0;
  try {
    for (let tries = 1; ; tries++) {
      const before = written;
      try {
        for await (const piece of watched(store, file, written, request)) {
          await writeAll(target, piece, request.into);
          hash.update(piece);
          written += piece.length;
        }
        assertWhole(file, written, request.name);
        return { sizeBytes: written, hash: hash.digest("hex") };
      } catch (error) {
        request.signal.throwIfAborted();
        if (written === file.sizeBytes && written > 0) return { sizeBytes: written, hash: hash.digest("hex") }; // it broke after the last byte
        const failure = failureOf(error, request.name);
        if (!mayGoOn(failure)) throw failure;
        idle = written - before >= PROGRESS_BYTES ? 0 : idle + 1;
        if (idle >= IDLE_TRIES_MAX || tries >= TRIES_MAX) throw failure;
        const pauseMs = failure.retryAfterMs ?? Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** idle);
        await pause(Math.min(pauseMs, PAUSE_ASKED_MAX_MS), undefined, { signal: request.signal });
      }
    }
  } finally {
    await target.close();
  }
}

/** The pieces of one try; ends it when too little comes for too long. */
async function* watched(store: FileStore, file: StoredFile, fromByte: number, request: FetchRequest): AsyncGenerator<Uint8Array> {
  const silence = new AbortController();
  const signal = AbortSignal.any([request.signal, silence.signal]);
  const because = new MillraceError({
    code: "MR3300",
    message: `${request.name}: the store sent nothing, or next to nothing, for ${request.silenceMs / 1000} s`,
    retryable: true,
  });
  let sinceMark = 0;
  const arm = (): NodeJS.Timeout => setTimeout(() => silence.abort(because), request.silenceMs);
  let timer = arm();
  const pieces = store.download(file, { fromByte, signal })[Symbol.asyncIterator]();
  const broken = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
  broken.catch(() => undefined); // nobody may be waiting when it comes
  try {
    for (;;) {
      const next = await Promise.race([pieces.next(), broken]);
      if (next.done === true) return;
      yield next.value;
      sinceMark += next.value.length;
      if (sinceMark < DRIP_BYTES) continue;
      sinceMark = 0;
      clearTimeout(timer);
      timer = arm();
    }
  } finally {
    clearTimeout(timer);
    silence.abort(because);
    void pieces.return?.(undefined)?.catch(() => undefined); // a stuck download may never answer
  }
}

async function writeAll(target: FileHandle, piece: Uint8Array, into: string): Promise<void> {
  try {
    for (let at = 0; at < piece.length;) at += (await target.write(piece, at)).bytesWritten;
  } catch (error) {
    throw asWriteError(error, into);
  }
}

function assertWhole(file: StoredFile, written: number, name: string): void {
  if (file.sizeBytes === null || file.sizeBytes === written) return;
  throw new MillraceError({
    code: "MR3304",
    message: `${name}: ${written} bytes came, ${file.sizeBytes} were announced`,
    retryable: written < file.sizeBytes,
  });
}

/** Changed, gone and full are not healed by another try; too many bytes neither. */
function mayGoOn(error: MillraceError): boolean {
  return error.retryable && error.code !== "MR3303" && error.code !== "MR3302" && error.code !== "MR3141";
}

function failureOf(error: unknown, name: string): MillraceError {
  if (error instanceof MillraceError) return error;
  return new MillraceError({ code: "MR3300", message: `${name} could not be fetched: ${messageOf(error)}`, cause: error, retryable: true });
}
