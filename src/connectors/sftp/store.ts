// An SFTP server as a store of files. Reads are asked for many at a time, so that distance costs little; a broken connection is made anew.
import { randomUUID } from "node:crypto";
import { open as openFile } from "node:fs/promises";
import type { FileEntryWithStats, SFTPWrapper, Stats } from "ssh2";
import { messageOf, MillraceError } from "../../model/errors.ts";
import { withAttempts } from "../../filestores/attempts.ts";
import type { DownloadRequest, FileStore, ListRequest, StoredFile, UploadRequest } from "../../filestores/store.ts";
import { type FolderEntry, walkFolders } from "../../filestores/walk.ts";
import { type Channel, isNobodyThere, Link } from "./link.ts";
import type { SftpSettings } from "./settings.ts";

/** What every server gives in one answer. */
const PIECE_BYTES = 32 << 10;
/** Asked for at the same time: 2 MB on their way. */
const PIECES_AHEAD = 64;
const NO_SUCH_FILE = 2;
const PERMISSION_DENIED = 3;
const FAILURES_FOR_GOOD = new Set([PERMISSION_DENIED, 8]);
const IS_FOLDER = 0o040000;
const IS_FILE = 0o100000;
const IS_LINK = 0o120000;
const KIND = 0o170000;

export class SftpStore implements FileStore {
  readonly origin: string;
  private readonly link: Link;
  private readonly root: string;

  constructor(settings: SftpSettings, projectDir: string) {
    this.link = new Link(settings, projectDir);
    const { host, port = 22, root = "" } = settings;
    this.root = root === "/" ? "/." : root.replace(/\/+$/, "");
    const isAbsolute = root.startsWith("/");
    const shownRoot = root.replace(/^\/+|\/+$/g, "");
    this.origin = `sftp://${host}${port === 22 ? "" : `:${port}`}/${isAbsolute || shownRoot === "" ? "" : "~/"}${shownRoot === "" ? "" : `${shownRoot}/`}`;
  }

  list(request: ListRequest): AsyncGenerator<StoredFile> {
    return walkFolders(request, (folder) => this.tried(`${this.origin}${folder}`, request.signal, () => this.entries(folder)));
  }

  look(path: string, signal: AbortSignal): Promise<StoredFile | null> {
    return this.tried(this.shown(path), signal, async () => {
      const stats = await this.ask<Stats>(path, (sftp, done) => sftp.stat(this.remote(path), done)).catch(orNull);
      return stats === null || (stats.mode & KIND) === IS_FOLDER ? null : { path, ...factsOf(stats), identity: null };
    });
  }

  async *download(file: StoredFile, { fromByte, signal }: DownloadRequest): AsyncGenerator<Uint8Array> {
    const channel = await this.link.channel();
    const handle = await this.ask<Buffer>(file.path, (sftp, done) => sftp.open(this.remote(file.path), "r", done), channel);
    const stop = async (): Promise<void> => {
      await this.ask<void>(file.path, (sftp, done) => sftp.close(handle, (error) => done(error)), channel).catch(() => undefined);
    };
    // Who gives up waiting gives up the connection: the next try gets another one.
    const leave = (): void => void this.link.close();
    signal.addEventListener("abort", leave, { once: true });
    try {
      const size = await this.assertSame(file, handle, channel);
      const ahead: Promise<Uint8Array>[] = [];
      let asked = fromByte;
      let at = fromByte;
      while (at < size) {
        signal.throwIfAborted();
        for (; ahead.length < PIECES_AHEAD && asked < size; asked += PIECE_BYTES) {
          const piece = this.piece(file, handle, asked, Math.min(PIECE_BYTES, size - asked), channel);
          piece.catch(() => undefined); // awaited in its turn
          ahead.push(piece);
        }
        const piece = await ahead.shift()!;
        at += piece.length;
        yield piece;
      }
      await this.assertSame(file, handle, channel);
    } finally {
      signal.removeEventListener("abort", leave);
      void stop();
    }
  }

  upload(path: string, { from, sizeBytes, signal }: UploadRequest): Promise<void> {
    const beside = besideOf(path);
    return this.tried(this.shown(path), signal, async () => {
      try {
        await this.makeFolders(path);
        await this.send(from, beside, path, signal);
        const stats = await this.ask<Stats>(path, (sftp, done) => sftp.stat(this.remote(beside), done));
        if (stats.size !== sizeBytes)
          throw new MillraceError({
            code: "MR3307",
            message: `${this.shown(path)}: ${stats.size} of ${sizeBytes} bytes arrived`,
            retryable: true,
          });
        await this.putInPlace(beside, path);
      } catch (error) {
        await this.unlink(beside).catch(() => undefined);
        throw error;
      }
    });
  }

  remove(path: string, signal: AbortSignal): Promise<void> {
    return this.tried(this.shown(path), signal, () => this.unlink(path));
  }

  async close(): Promise<void> {
    await this.link.close();
  }

  private async entries(folder: string): Promise<readonly FolderEntry[] | null> {
    const listed = await this.ask<readonly FileEntryWithStats[]>(folder, (sftp, done) => sftp.readdir(this.remote(folder), done)).catch(
      orNull,
    );
    if (listed === null) {
      if (folder === "" && this.root !== "") throw new MillraceError({ code: "MR3306", message: `${this.origin} does not exist` });
      return null;
    }
    const entries: FolderEntry[] = [];
    for (const { filename, attrs } of listed) {
      const isLink = (attrs.mode & KIND) === IS_LINK;
      const path = folder === "" ? filename : `${folder}/${filename}`;
      // A link to a file is that file; one to a folder may run in a ring and is not gone into.
      const stats = isLink ? await this.ask<Stats>(path, (sftp, done) => sftp.stat(this.remote(path), done)).catch(orNull) : attrs;
      if (stats === null) continue;
      const kind = (stats.mode & KIND) === IS_FILE ? "file" : (stats.mode & KIND) === IS_FOLDER && !isLink ? "folder" : "other";
      entries.push({ name: filename, kind, ...factsOf(stats) });
    }
    return entries;
  }

  /** Tries again what may pass. That nobody is there at all, before anything was said, is known at once and left to the run's own retries. */
  private tried<Result>(what: string, signal: AbortSignal, act: () => Promise<Result>): Promise<Result> {
    return withAttempts(what, signal, act, (failure) => !this.link.hasAnswered && isNobodyThere(failure));
  }

  /** P2. */
  private async assertSame(file: StoredFile, handle: Buffer, channel: Channel): Promise<number> {
    const now = factsOf(await this.ask<Stats>(file.path, (sftp, done) => sftp.fstat(handle, done), channel));
    if (now.sizeBytes === file.sizeBytes && now.modifiedMs === file.modifiedMs) return now.sizeBytes;
    throw new MillraceError({
      code: "MR3303",
      message: `${this.shown(file.path)} is being changed: ${now.sizeBytes} bytes now, ${file.sizeBytes} when it was listed`,
      retryable: true,
    });
  }

  /** Exactly these bytes: a server may answer with fewer than it was asked for. */
  private async piece(file: StoredFile, handle: Buffer, from: number, size: number, channel: Channel): Promise<Uint8Array> {
    const piece = Buffer.allocUnsafe(size);
    for (let filled = 0; filled < size;) {
      const read = await this.ask<number>(
        file.path,
        (sftp, done) => sftp.read(handle, piece, filled, size - filled, from + filled, (error, bytes) => done(error, bytes)),
        channel,
      );
      if (read === 0)
        throw new MillraceError({ code: "MR3303", message: `${this.shown(file.path)} became shorter while it was read`, retryable: true });
      filled += read;
    }
    return piece;
  }

  private async send(from: string, beside: string, path: string, signal: AbortSignal): Promise<void> {
    const channel = await this.link.channel();
    const handle = await this.ask<Buffer>(path, (sftp, done) => sftp.open(this.remote(beside), "w", done), channel);
    const file = await openFile(from, "r");
    try {
      const ahead: Promise<unknown>[] = [];
      for (let at = 0; ;) {
        signal.throwIfAborted();
        const piece = Buffer.allocUnsafe(PIECE_BYTES);
        const { bytesRead } = await file.read(piece, 0, PIECE_BYTES, at);
        if (bytesRead === 0) break;
        const position = at;
        const sent = this.ask<void>(
          path,
          (sftp, done) => sftp.write(handle, piece, 0, bytesRead, position, (error) => done(error)),
          channel,
        );
        sent.catch(() => undefined); // awaited in its turn
        ahead.push(sent);
        if (ahead.length >= PIECES_AHEAD) await ahead.shift();
        at += bytesRead;
      }
      await Promise.all(ahead);
      await this.ask<void>(path, (sftp, done) => sftp.close(handle, (error) => done(error)), channel);
    } finally {
      await file.close();
    }
  }

  private async putInPlace(beside: string, path: string): Promise<void> {
    const [from, to] = [this.remote(beside), this.remote(path)];
    try {
      await this.ask<void>(path, (sftp, done) => sftp.ext_openssh_rename(from, to, (error) => done(error)));
    } catch (error) {
      if (error instanceof MillraceError && (error.code === "MR3300" || error.code === "MR3301")) throw error;
      // A server without the extension cannot replace at once: the old file goes first.
      await this.unlink(path);
      await this.ask<void>(path, (sftp, done) => sftp.rename(from, to, (renamed) => done(renamed)));
    }
  }

  private async unlink(path: string): Promise<void> {
    await this.ask<void>(path, (sftp, done) => sftp.unlink(this.remote(path), (error) => done(error))).catch(orNull);
  }

  private async makeFolders(path: string): Promise<void> {
    const folders = path.split("/").slice(0, -1);
    for (let depth = 1; depth <= folders.length; depth++) {
      const folder = folders.slice(0, depth).join("/");
      const stats = await this.ask<Stats>(folder, (sftp, done) => sftp.stat(this.remote(folder), done)).catch(orNull);
      if (stats === null) await this.ask<void>(folder, (sftp, done) => sftp.mkdir(this.remote(folder), (error) => done(error)));
    }
  }

  /** One request and its answer. @throws MR3300–MR3302, MR3307 in our words. */
  private async ask<Answer>(
    path: string,
    act: (sftp: SFTPWrapper, done: (error: Error | undefined | null, answer?: Answer) => void) => unknown,
    on?: Channel,
  ): Promise<Answer> {
    const channel = on ?? (await this.link.channel());
    const answer = new Promise<Answer>((done, fail) => {
      try {
        act(channel.sftp, (error, value) => (error === undefined || error === null ? done(value as Answer) : fail(error)));
      } catch (error) {
        fail(error); // an extension that the server lacks; a channel that is gone
      }
    });
    try {
      return await Promise.race([answer, channel.lost]);
    } catch (error) {
      answer.catch(() => undefined);
      throw this.failureOf(error, path);
    }
  }

  private failureOf(error: unknown, path: string): MillraceError {
    if (error instanceof MillraceError) return error;
    const { code } = error as { readonly code?: number };
    const message = `${this.shown(path)}: ${messageOf(error)}`;
    if (code === NO_SUCH_FILE) return new MillraceError({ code: "MR3302", message, cause: error });
    if (code === PERMISSION_DENIED) return new MillraceError({ code: "MR3301", message, cause: error });
    const isForGood = code !== undefined && (FAILURES_FOR_GOOD.has(code) || code === 4);
    return new MillraceError({ code: isForGood ? "MR3307" : "MR3300", message, cause: error, retryable: !isForGood });
  }

  private remote(path: string): string {
    if (this.root === "" && path === "") return ".";
    return this.root === "" ? (path.startsWith("/") ? path : `./${path}`) : path === "" ? `${this.root}/` : `${this.root}/${path}`;
  }

  private shown(path: string): string {
    return `${this.origin}${path}`;
  }
}

function factsOf(stats: Pick<Stats, "size" | "mtime">): { readonly sizeBytes: number; readonly modifiedMs: number } {
  return { sizeBytes: stats.size, modifiedMs: stats.mtime * 1_000 };
}

function orNull(error: unknown): null {
  if (error instanceof MillraceError && error.code === "MR3302") return null;
  throw error;
}

function besideOf(path: string): string {
  const cut = path.lastIndexOf("/") + 1;
  return `${path.slice(0, cut)}.${path.slice(cut)}.${randomUUID().slice(0, 8)}.part`;
}
