// An FTP or FTPS server as a store of files. One connection does one thing at a time, so that each act takes a free one, or makes one;
// a connection on which something went wrong is not used again.
import { randomUUID } from "node:crypto";
import { PassThrough } from "node:stream";
import type { Client, FileInfo } from "basic-ftp";
import { withAttempts } from "../../filestores/attempts.ts";
import type { DownloadRequest, FileStore, ListRequest, StoredFile, UploadRequest } from "../../filestores/store.ts";
import { type FolderEntry, walkFolders } from "../../filestores/walk.ts";
import { parseDurationMs } from "../../model/duration.ts";
import { messageOf, MillraceError } from "../../model/errors.ts";
import type { FtpSettings } from "./settings.ts";

const TIMEOUT_MS = 30_000;
const BUFFER_BYTES = 1 << 20;
/** "550 No such file": also for what may not be seen. */
const NOT_THERE = 550;
const LISTING_BYTES_MAX = 64 << 20;

export class FtpStore implements FileStore {
  readonly origin: string;
  private readonly settings: FtpSettings;
  private readonly root: string;
  private readonly free: Client[] = [];
  private readonly busy = new Set<Client>();

  constructor(settings: FtpSettings) {
    this.settings = settings;
    const { host, port, root = "", tls = "require" } = settings;
    this.root = root === "/" ? "" : root.replace(/\/+$/, "");
    this.isAbsolute = root.startsWith("/");
    const shownRoot = root.replace(/^\/+|\/+$/g, "");
    this.origin = `${tls === "none" ? "ftp" : "ftps"}://${host}${port === undefined ? "" : `:${port}`}/${shownRoot === "" ? "" : `${shownRoot}/`}`;
  }

  private readonly isAbsolute: boolean;

  list(request: ListRequest): AsyncGenerator<StoredFile> {
    return walkFolders(request, (folder) =>
      withAttempts(this.shown(folder), request.signal, () => this.act(folder, (client) => this.entries(client, folder))),
    );
  }

  async look(path: string, signal: AbortSignal): Promise<StoredFile | null> {
    const cut = path.lastIndexOf("/");
    const folder = cut === -1 ? "" : path.slice(0, cut);
    const entries = await withAttempts(this.shown(path), signal, () =>
      this.act(path, (client) => this.entries(client, folder, "may be missing")),
    );
    const entry = entries?.find(({ name, kind }) => kind === "file" && name === path.slice(cut + 1));
    return entry === undefined ? null : { path, sizeBytes: entry.sizeBytes, modifiedMs: entry.modifiedMs, identity: null };
  }

  async *download(file: StoredFile, { fromByte, signal }: DownloadRequest): AsyncGenerator<Uint8Array> {
    signal.throwIfAborted();
    const client = await this.take();
    const abort = (): void => client.close();
    signal.addEventListener("abort", abort, { once: true });
    const pipe = new PassThrough({ highWaterMark: BUFFER_BYTES });
    let isWhole = false;
    try {
      await this.assertSame(client, file);
      const sent = client.downloadTo(pipe, this.remote(file.path), fromByte).then(
        () => undefined,
        (error: unknown) => void pipe.destroy(error as Error),
      );
      if (fromByte !== file.sizeBytes) for await (const piece of pipe as AsyncIterable<Uint8Array>) yield piece;
      else pipe.resume();
      await sent;
      await this.assertSame(client, file);
      isWhole = true;
    } catch (error) {
      signal.throwIfAborted();
      throw this.failureOf(error, file.path);
    } finally {
      signal.removeEventListener("abort", abort);
      pipe.destroy();
      this.give(client, isWhole ? "sound" : "broken");
    }
  }

  upload(path: string, { from, sizeBytes, signal }: UploadRequest): Promise<void> {
    const cut = path.lastIndexOf("/") + 1;
    const beside = `${path.slice(0, cut)}.${path.slice(cut)}.${randomUUID().slice(0, 8)}.part`;
    return withAttempts(this.shown(path), signal, async () => {
      try {
        await this.act(path, async (client) => {
          const abort = (): void => client.close();
          signal.addEventListener("abort", abort, { once: true });
          try {
            const start = await client.pwd();
            if (cut > 0) await client.ensureDir(this.remote(path.slice(0, cut - 1)));
            await client.cd(start);
            await client.uploadFrom(from, this.remote(beside));
            const arrived = await client.size(this.remote(beside));
            if (arrived !== sizeBytes)
              throw new MillraceError({
                code: "MR3307",
                message: `${this.shown(path)}: ${arrived} of ${sizeBytes} bytes arrived`,
                retryable: true,
              });
            await this.putInPlace(client, beside, path);
          } finally {
            signal.removeEventListener("abort", abort);
          }
        });
      } catch (error) {
        await this.act(path, (client) => client.remove(this.remote(beside), true)).catch(() => undefined);
        throw error;
      }
    });
  }

  remove(path: string, signal: AbortSignal): Promise<void> {
    return withAttempts(this.shown(path), signal, () =>
      this.act(path, async (client) => {
        await client.remove(this.remote(path)).catch((error: unknown) => {
          if ((error as { code?: number }).code !== NOT_THERE) throw error;
        });
      }),
    );
  }

  close(): Promise<void> {
    for (const client of [...this.free.splice(0), ...this.busy]) client.close();
    return Promise.resolve();
  }

  /** Some servers put a file over another one, some refuse: then the old one goes first. */
  private async putInPlace(client: Client, beside: string, path: string): Promise<void> {
    try {
      await client.rename(this.remote(beside), this.remote(path));
    } catch (error) {
      if ((error as { code?: number }).code === undefined) throw error;
      await client.remove(this.remote(path), true);
      await client.rename(this.remote(beside), this.remote(path));
    }
  }

  private async entries(
    client: Client,
    folder: string,
    missing: "may be missing" | "root must be there" = "root must be there",
  ): Promise<readonly FolderEntry[] | null> {
    try {
      // A listing of a folder that is not there is empty on many servers: going there tells.
      const start = await client.pwd();
      const remote = this.remote(folder);
      if (remote !== "") await client.cd(remote);
      try {
        return (await client.list()).map(entryOf);
      } finally {
        if (!client.closed) await client.cd(start);
      }
    } catch (error) {
      if ((error as { code?: number }).code !== NOT_THERE) throw error;
      if (folder === "" && missing === "root must be there")
        throw new MillraceError({ code: "MR3306", message: `${this.origin} does not exist`, cause: error });
      return null;
    }
  }

  /** P2, as far as the server tells. */
  private async assertSame(client: Client, file: StoredFile): Promise<void> {
    const remote = this.remote(file.path);
    const sizeBytes = await client.size(remote);
    const modified = file.modifiedMs === null ? undefined : await client.lastMod(remote).catch(refused);
    // A listing may tell minutes where the question tells seconds.
    const isSameTime =
      modified === undefined ||
      file.modifiedMs === null ||
      Math.abs(modified.getTime() - file.modifiedMs) < 1_000 ||
      file.modifiedMs % 60_000 === 0;
    if ((file.sizeBytes === null || sizeBytes === file.sizeBytes) && isSameTime) return;
    throw new MillraceError({
      code: "MR3303",
      message: `${this.shown(file.path)} is being changed: ${sizeBytes} bytes now, ${file.sizeBytes} when it was listed`,
      retryable: true,
    });
  }

  private async act<Result>(path: string, use: (client: Client) => Promise<Result>): Promise<Result> {
    const client = await this.take();
    try {
      const result = await use(client);
      this.give(client, "sound");
      return result;
    } catch (error) {
      // The server said no and waits for the next question; anything else leaves the connection in an unknown state.
      const saidNo = error instanceof MillraceError || (error as { code?: unknown }).code !== undefined;
      this.give(client, saidNo && !client.closed ? "sound" : "broken");
      throw this.failureOf(error, path);
    }
  }

  private async take(): Promise<Client> {
    const free = this.free.pop();
    if (free !== undefined && !free.closed) {
      this.busy.add(free);
      return free;
    }
    const client = await this.connect();
    this.busy.add(client);
    return client;
  }

  private give(client: Client, state: "sound" | "broken"): void {
    this.busy.delete(client);
    if (state === "sound" && !client.closed) this.free.push(client);
    else client.close();
  }

  private async connect(): Promise<Client> {
    const { host, port, user = "anonymous", password = "guest", tls = "require", ca, timeout } = this.settings;
    const { Client } = await import("basic-ftp");
    const client = new Client((timeout === undefined ? undefined : parseDurationMs(timeout)) ?? TIMEOUT_MS, {
      maxListingBytes: LISTING_BYTES_MAX,
    });
    try {
      await client.access({
        host,
        port: port ?? (tls === "implicit" ? 990 : 21),
        user,
        password,
        secure: tls === "none" ? false : tls === "implicit" ? "implicit" : true,
        secureOptions: { host, ...(ca === undefined ? {} : { ca }) },
      });
      return client;
    } catch (error) {
      client.close();
      throw this.connectFailure(error, user, tls);
    }
  }

  private connectFailure(error: unknown, user: string, tls: string): MillraceError {
    const { code } = error as { readonly code?: number | string };
    const message = messageOf(error).replaceAll(this.settings.password ?? "\0", "***");
    if (code === 530 || code === 430 || code === 331 || code === 332)
      return new MillraceError({ code: "MR3301", message: `${this.origin} refuses ${user}: ${message}`, cause: error });
    const isCertificate = typeof code === "string" && /CERT|SELF_SIGNED|ALTNAME|UNABLE_TO/.test(code);
    if (isCertificate || (tls !== "none" && (code === 500 || code === 502 || code === 504 || code === 534))) {
      return new MillraceError({
        code: "MR3301",
        message: `${this.origin}: ${isCertificate ? "its certificate is not to be trusted" : "it does not speak TLS"}: ${message}`,
        hint: isCertificate ? "Give the certificate of its authority as `ca`." : "If the line is safe otherwise: `tls: none`.",
        cause: error,
      });
    }
    return new MillraceError({ code: "MR3300", message: `${this.origin} cannot be reached: ${message}`, cause: error, retryable: true });
  }

  private failureOf(error: unknown, path: string): MillraceError {
    if (error instanceof MillraceError) return error;
    const { code } = error as { readonly code?: number | string };
    const message = `${this.shown(path)}: ${messageOf(error)}`;
    if (code === NOT_THERE) return new MillraceError({ code: "MR3302", message, cause: error });
    if (code === 530 || code === 532 || code === 553) return new MillraceError({ code: "MR3301", message, cause: error });
    if (code === 552 || code === 452) return new MillraceError({ code: "MR3307", message, cause: error });
    return new MillraceError({ code: "MR3300", message, cause: error, retryable: true });
  }

  private remote(path: string): string {
    const parts = [this.root, path].filter((part) => part !== "").join("/");
    return this.isAbsolute && !parts.startsWith("/") ? `/${parts}` : parts;
  }

  private shown(path: string): string {
    return `${this.origin}${path}`;
  }
}

/** A server that does not answer the question is asked no more. */
function refused(error: unknown): undefined {
  if ((error as { code?: unknown }).code === undefined) throw error;
  return undefined;
}

function entryOf(info: FileInfo): FolderEntry {
  const kind = info.isDirectory ? "folder" : info.isFile || (info.isSymbolicLink && info.size > 0) ? "file" : "other";
  return { name: info.name, kind, sizeBytes: info.size, modifiedMs: info.modifiedAt?.getTime() ?? null };
}
