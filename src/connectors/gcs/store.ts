// A bucket of Google Cloud Storage as a store of files. A file is what its generation says, however often it is written anew.
import { resolve } from "node:path";
import type { Bucket, FileMetadata } from "@google-cloud/storage";
import { withAttempts } from "../../filestores/attempts.ts";
import type { DownloadRequest, FileStore, ListRequest, StoredFile, UploadRequest } from "../../filestores/store.ts";
import { messageOf, MillraceError } from "../../model/errors.ts";
import type { GcsSettings } from "./settings.ts";

const PAGE_FILES = 1_000;
/** Smaller files go in one request; larger ones in pieces that can be sent again. */
const RESUMABLE_FROM_BYTES = 8 << 20;
const PIECE_BYTES = 8 << 20;
const REQUEST_TIMEOUT_MS = 60_000;

export class GcsStore implements FileStore {
  readonly origin: string;
  private readonly bucket: Bucket;
  private readonly pageFiles: number;

  constructor(bucket: Bucket, pageFiles: number) {
    this.bucket = bucket;
    this.pageFiles = pageFiles;
    this.origin = `gs://${bucket.name}/`;
  }

  async *list({ prefix, depthMax, signal }: ListRequest): AsyncGenerator<StoredFile> {
    let token: string | undefined;
    do {
      const page = await this.act(prefix, signal, async () => {
        const query = {
          prefix,
          autoPaginate: false,
          maxResults: this.pageFiles,
          ...(depthMax === 0 ? { delimiter: "/" } : {}),
          ...(token === undefined ? {} : { pageToken: token }),
        };
        const [files, next] = await this.bucket.getFiles(query);
        return { files, next: (next as { pageToken?: string } | null)?.pageToken };
      });
      // "folder/" is what consoles make to show an empty folder.
      for (const { name, metadata } of page.files) if (!name.endsWith("/")) yield fileOf(name, metadata);
      token = page.next;
    } while (token !== undefined && token !== "");
  }

  async look(path: string, signal: AbortSignal): Promise<StoredFile | null> {
    if (path === "" || path.endsWith("/")) return null;
    try {
      return await this.act(path, signal, async () => {
        const [metadata] = await this.bucket.file(path).getMetadata();
        return fileOf(path, metadata);
      });
    } catch (error) {
      if (error instanceof MillraceError && error.code === "MR3302") return null;
      throw error;
    }
  }

  async *download(file: StoredFile, { fromByte, signal }: DownloadRequest): AsyncGenerator<Uint8Array> {
    signal.throwIfAborted();
    if (file.sizeBytes !== null && fromByte >= file.sizeBytes) {
      await this.assertThere(file, signal);
      return;
    }
    const stream = this.bucket
      .file(file.path, file.version === undefined ? {} : { generation: file.version })
      .createReadStream(
        fromByte === 0 ? { decompress: false, validation: "crc32c" } : { start: fromByte, decompress: false, validation: false },
      );
    const abort = (): void => void stream.destroy(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
    try {
      yield* stream as AsyncIterable<Uint8Array>;
    } catch (error) {
      signal.throwIfAborted();
      const failure = this.failureOf(error, file.path);
      if (failure.code === "MR3302") await this.assertThere(file, signal);
      throw failure;
    } finally {
      signal.removeEventListener("abort", abort);
      stream.destroy();
    }
  }

  upload(path: string, { from, sizeBytes, signal }: UploadRequest): Promise<void> {
    return this.act(path, signal, async () => {
      // The object is what it was until the last byte has arrived and its checksum is right.
      const resumable = sizeBytes >= RESUMABLE_FROM_BYTES;
      await this.bucket.upload(from, {
        destination: path,
        gzip: false,
        validation: "crc32c",
        resumable,
        timeout: REQUEST_TIMEOUT_MS,
        ...(resumable ? { chunkSize: PIECE_BYTES } : {}),
      });
    });
  }

  remove(path: string, signal: AbortSignal): Promise<void> {
    return this.act(path, signal, async () => {
      await this.bucket.file(path).delete({ ignoreNotFound: true });
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private act<Result>(path: string, signal: AbortSignal, use: () => Promise<Result>): Promise<Result> {
    return withAttempts(this.shown(path), signal, async () => {
      let leave: () => void = () => undefined;
      const left = new Promise<never>((_, reject) => {
        leave = () => reject(signal.reason as Error);
        signal.addEventListener("abort", leave, { once: true });
      });
      try {
        return await Promise.race([use(), left]);
      } catch (error) {
        signal.throwIfAborted();
        throw this.failureOf(error, path);
      } finally {
        signal.removeEventListener("abort", leave);
      }
    });
  }

  /** A generation that was replaced is not found: the file of today tells whether it changed or is gone. */
  private async assertThere(file: StoredFile, signal: AbortSignal): Promise<void> {
    const now = await this.look(file.path, signal);
    if (now === null) throw new MillraceError({ code: "MR3302", message: `${this.shown(file.path)} is not there any more` });
    if (now.identity === file.identity) return;
    throw new MillraceError({
      code: "MR3303",
      message: `${this.shown(file.path)} is not the version any more that was listed`,
      retryable: true,
    });
  }

  private failureOf(error: unknown, path: string): MillraceError {
    if (error instanceof MillraceError) return error;
    const { code } = error as { readonly code?: number | string };
    const [words = ""] = messageOf(error).split("\n");
    const message = `${this.shown(path)}: ${words.slice(0, 300)}`;
    if (code === 404 && /bucket/i.test(words))
      return new MillraceError({ code: "MR3306", message: `${this.origin} does not exist`, cause: error });
    if (code === 404) return new MillraceError({ code: "MR3302", message, cause: error });
    if (code === 401 || code === 403 || /credentials|invalid_grant|private key/i.test(words))
      return new MillraceError({ code: "MR3301", message, cause: error });
    if (code === 429) return new MillraceError({ code: "MR3308", message, cause: error, retryable: true });
    const isForGood = typeof code === "number" && code >= 400 && code < 500 && code !== 408;
    return new MillraceError({ code: isForGood ? "MR3307" : "MR3300", message, cause: error, retryable: !isForGood });
  }

  private shown(path: string): string {
    return `${this.origin}${path}`;
  }
}

/** `pageFiles`: files of one answer of a listing. @throws MR3305. */
export async function openGcs(settings: GcsSettings, projectDir: string, pageFiles: number = PAGE_FILES): Promise<GcsStore> {
  const { Storage } = await import("@google-cloud/storage");
  const { bucket, project, keyFile, credentials, endpoint } = settings;
  const storage = new Storage({
    ...(project === undefined ? {} : { projectId: project }),
    ...(keyFile === undefined ? {} : { keyFilename: resolve(projectDir, keyFile) }),
    ...credentialsOf(settings),
    // Emulators ask nobody who he is; whoever names a login for another address wants it used.
    ...(endpoint === undefined
      ? {}
      : { apiEndpoint: endpoint, useAuthWithCustomEndpoint: keyFile !== undefined || credentials !== undefined }),
    retryOptions: { autoRetry: true, maxRetries: 3, maxRetryDelay: 5, totalTimeout: 120 },
  });
  return new GcsStore(storage.bucket(bucket, project === undefined ? {} : { userProject: project }), pageFiles);
}

/** @throws MR3305: the words of the parser would show the secret. */
function credentialsOf({ credentials }: GcsSettings): {
  readonly credentials?: { readonly client_email: string; readonly private_key: string };
} {
  if (credentials === undefined) return {};
  try {
    const { client_email, private_key } = JSON.parse(credentials) as Record<string, string>;
    if (client_email !== undefined && private_key !== undefined) return { credentials: { client_email, private_key } };
  } catch {
    // told below
  }
  throw new MillraceError({
    code: "MR3305",
    message: "gcs: `credentials` is not the contents of a service account's key file (JSON with client_email and private_key)",
  });
}

function fileOf(path: string, { size, updated, generation }: FileMetadata): StoredFile {
  return {
    path,
    sizeBytes: size === undefined ? null : Number(size),
    modifiedMs: updated === undefined ? null : Date.parse(updated),
    identity: generation === undefined ? null : `version:${generation}`,
    ...(generation === undefined ? {} : { version: String(generation) }),
  };
}
