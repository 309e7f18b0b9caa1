// Files of a store as files to be loaded. Each is fetched whole into a temporary file when it is opened; while files are opened one after the other,
// the next ones are fetched meanwhile, more of them the longer it goes on: a load that skips what it has already fetches nothing in vain.
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fetchFile, type Fetched } from "./fetch.ts";
import type { OpenFile, OpenRequest, SourceFile } from "./source-file.ts";
import type { FileStore, StoredFile } from "./store.ts";

const AHEAD_MAX = 8;
/** Some servers tell times by the minute, by clocks that are not quite ours. */
const SETTLED_MS = 180_000;
/** Room on the disk for files that are fetched ahead. */
const AHEAD_BYTES_MAX = 256 << 20;
/** For files whose size is not known. */
const SIZE_GUESS_BYTES = 32 << 20;

export interface RemoteRequest {
  /** Opens the store; whoever opened it closes it. */
  connect(): Promise<FileStore>;
  /** As the user knows it; default: origin, path and label. */
  nameOf?(file: StoredFile): string;
  readonly tempDir: string;
  readonly silenceMs: number;
  readonly signal: AbortSignal;
}

interface Copy extends Fetched {
  readonly path: string;
  remove(): Promise<void>;
}

export class RemoteFiles {
  private readonly request: RemoteRequest;
  private readonly stored: StoredFile[] = [];
  private readonly names: string[] = [];
  private readonly ahead = new Map<number, { readonly copy: Promise<Copy>; readonly abort: AbortController; readonly bytes: number }>();
  private store: FileStore | undefined;
  private streak = 0;
  private last = -1;

  constructor(request: RemoteRequest, store: FileStore) {
    this.request = request;
    this.store = store;
  }

  /** In the order they will be asked for. */
  add(file: StoredFile): SourceFile {
    const index = this.stored.push(file) - 1;
    const name = this.request.nameOf?.(file) ?? `${this.store?.origin ?? ""}${file.path}${file.label ?? ""}`;
    this.names.push(name);
    const { sizeBytes, modifiedMs } = file;
    const identity = file.identity ?? (sizeBytes === null || modifiedMs === null ? null : `size:${sizeBytes} modified:${modifiedMs}`);
    const isFresh = file.identity === null && Date.now() - (modifiedMs ?? 0) < SETTLED_MS;
    return {
      name,
      plainName: file.path.replace(/[?#].*$/s, ""),
      sizeBytes,
      modifiedMs,
      identity,
      ...(isFresh ? { isFresh } : {}),
      open: (request) => this.open(index, request),
    };
  }

  /** What was fetched ahead is taken away. A file that is opened after this connects anew. */
  async close(): Promise<void> {
    const waiting = [...this.ahead.values()];
    this.ahead.clear();
    for (const { abort } of waiting) abort.abort();
    for (const { copy } of waiting) await copy.then((done) => done.remove()).catch(() => undefined); // nobody asked for it
    const { store } = this;
    this.store = undefined;
    await store?.close();
  }

  private async open(index: number, { signal }: OpenRequest): Promise<OpenFile> {
    const started = this.ahead.get(index);
    this.ahead.delete(index);
    this.streak = index === this.last + 1 ? this.streak + 1 : index === this.last ? this.streak : 0;
    this.last = index;
    const fetching = started?.copy ?? this.fetch(index, signal ?? this.request.signal);
    this.lookAhead(index);
    const copy = await fetching;
    return { path: copy.path, sizeBytes: copy.sizeBytes, hash: copy.hash, verify: () => Promise.resolve(), close: () => copy.remove() };
  }

  /** Begins with what comes next, gives up what was passed over. */
  private lookAhead(index: number): void {
    for (const [at, { abort, copy }] of this.ahead) {
      if (at > index) continue;
      this.ahead.delete(at);
      abort.abort();
      void copy.then((done) => done.remove()).catch(() => undefined); // nobody asked for it
    }
    if (this.store === undefined) return;
    let bytes = [...this.ahead.values()].reduce((sum, one) => sum + one.bytes, 0);
    for (let at = index + 1; at < Math.min(this.stored.length, index + 1 + Math.min(this.streak, AHEAD_MAX)); at++) {
      if (this.ahead.has(at)) continue;
      const size = this.stored[at]?.sizeBytes ?? SIZE_GUESS_BYTES;
      if (bytes + size > AHEAD_BYTES_MAX) return;
      bytes += size;
      const abort = new AbortController();
      const copy = this.fetch(at, AbortSignal.any([this.request.signal, abort.signal]));
      copy.catch(() => undefined); // whoever opens it will be told
      this.ahead.set(at, { copy, abort, bytes: size });
    }
  }

  private async fetch(index: number, signal: AbortSignal): Promise<Copy> {
    const [file, name] = [this.stored[index], this.names[index]];
    if (file === undefined || name === undefined) throw new Error(`there is no file ${index}`);
    const kept = this.store;
    const store = kept ?? (await this.request.connect());
    await mkdir(this.request.tempDir, { recursive: true });
    const folder = await mkdtemp(join(this.request.tempDir, "f-"));
    const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
    try {
      const path = join(folder, "file");
      const fetched = await fetchFile(store, file, { name, into: path, silenceMs: this.request.silenceMs, signal });
      return { ...fetched, path, remove };
    } catch (error) {
      await remove();
      throw error;
    } finally {
      if (kept === undefined) await store.close();
    }
  }
}
