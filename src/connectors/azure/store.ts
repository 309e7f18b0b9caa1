// A container of Azure Blob Storage as a store of files. The SDK repeats requests that broke; versions are told by their ETag.
import type { ContainerClient } from "@azure/storage-blob";
import { withAttempts } from "../../filestores/attempts.ts";
import type { DownloadRequest, FileStore, ListRequest, StoredFile, UploadRequest } from "../../filestores/store.ts";
import { messageOf, MillraceError } from "../../model/errors.ts";
import type { AzureSettings } from "./settings.ts";

const BLOCK_BYTES = 8 << 20;
const BLOCKS_AT_ONCE = 4;
const PAGE_FILES = 5_000;
const TRIES_MAX = 3;
const RETRY_FIRST_MS = 200;
const RETRY_MAX_MS = 5_000;

interface Properties {
  readonly contentLength?: number | undefined;
  readonly lastModified?: Date | undefined;
  readonly etag?: string | undefined;
}

export class AzureStore implements FileStore {
  readonly origin: string;
  private readonly container: ContainerClient;
  private readonly pageFiles: number;
  private readonly secrets: readonly string[];

  constructor(container: ContainerClient, settings: AzureSettings, pageFiles: number) {
    this.container = container;
    this.pageFiles = pageFiles;
    this.origin = `azure://${settings.container}/`;
    this.secrets = [settings.accountKey, settings.connectionString, settings.sasToken].filter(
      (secret) => secret !== undefined && secret !== "",
    ) as string[];
  }

  async *list({ prefix, depthMax, signal }: ListRequest): AsyncGenerator<StoredFile> {
    let marker: string | undefined;
    do {
      const page = await withAttempts(this.origin, signal, () => this.page(prefix, depthMax, marker, signal));
      for (const { name, properties } of page.files) yield fileOf(name, properties);
      marker = page.next;
    } while (marker !== undefined && marker !== "");
  }

  async look(path: string, signal: AbortSignal): Promise<StoredFile | null> {
    try {
      return await withAttempts(this.shown(path), signal, async () => {
        try {
          return fileOf(path, await this.container.getBlobClient(path).getProperties({ abortSignal: signal }));
        } catch (error) {
          throw this.failureOf(error, path);
        }
      });
    } catch (error) {
      if (error instanceof MillraceError && error.code === "MR3302") return null;
      throw error;
    }
  }

  async *download(file: StoredFile, { fromByte, signal }: DownloadRequest): AsyncGenerator<Uint8Array> {
    if (file.sizeBytes === 0 || fromByte === file.sizeBytes) {
      const now = await this.look(file.path, signal);
      if (now === null) throw this.gone(file.path);
      if (now.identity !== file.identity) throw this.changed(file.path);
      return;
    }
    try {
      const answer = await this.container.getBlobClient(file.path).download(fromByte, undefined, {
        abortSignal: signal,
        ...(file.version === undefined ? {} : { conditions: { ifMatch: file.version } }),
        maxRetryRequests: 0, // who reads goes on by itself
      });
      if (answer.readableStreamBody === undefined) throw new Error("the answer has no body");
      yield* answer.readableStreamBody as AsyncIterable<Uint8Array>;
    } catch (error) {
      signal.throwIfAborted();
      const failure = this.failureOf(error, file.path);
      // "The condition is not met" is said of a blob that is gone as well.
      throw failure.code === "MR3303" && (await this.look(file.path, signal)) === null ? this.gone(file.path) : failure;
    }
  }

  upload(path: string, { from, signal }: UploadRequest): Promise<void> {
    return withAttempts(this.shown(path), signal, async () => {
      try {
        // The blob is what it was until the list of its blocks is committed.
        await this.container
          .getBlockBlobClient(path)
          .uploadFile(from, { blockSize: BLOCK_BYTES, concurrency: BLOCKS_AT_ONCE, maxSingleShotSize: BLOCK_BYTES, abortSignal: signal });
      } catch (error) {
        throw this.failureOf(error, path);
      }
    });
  }

  remove(path: string, signal: AbortSignal): Promise<void> {
    return withAttempts(this.shown(path), signal, async () => {
      try {
        await this.container.getBlobClient(path).deleteIfExists({ abortSignal: signal });
      } catch (error) {
        throw this.failureOf(error, path);
      }
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private async page(
    prefix: string,
    depthMax: number,
    marker: string | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly files: readonly { readonly name: string; readonly properties: Properties }[]; readonly next: string | undefined }> {
    const settings = { maxPageSize: this.pageFiles, ...(marker === undefined ? {} : { continuationToken: marker }) };
    const options = { prefix, abortSignal: signal };
    try {
      const pages =
        depthMax === 0
          ? this.container.listBlobsByHierarchy("/", options).byPage(settings)
          : this.container.listBlobsFlat(options).byPage(settings);
      const { value, done } = (await pages.next()) as IteratorResult<{
        segment: { blobItems: { name: string; properties: Properties }[] };
        continuationToken?: string;
      }>;
      return done === true ? { files: [], next: undefined } : { files: value.segment.blobItems, next: value.continuationToken };
    } catch (error) {
      throw this.failureOf(error, prefix);
    }
  }

  private gone(path: string): MillraceError {
    return new MillraceError({ code: "MR3302", message: `${this.shown(path)} is not there any more` });
  }

  private changed(path: string): MillraceError {
    return new MillraceError({
      code: "MR3303",
      message: `${this.shown(path)} is not the version any more that was listed`,
      retryable: true,
    });
  }

  private failureOf(error: unknown, path: string): MillraceError {
    if (error instanceof MillraceError) return error;
    const { statusCode, code } = error as { readonly statusCode?: number; readonly code?: string };
    const [words = ""] = messageOf(error).split("\n");
    const message = `${this.shown(path)}: ${this.secrets.reduce((text, secret) => text.replaceAll(secret, "***"), words)}`;
    if (code === "ContainerNotFound") return new MillraceError({ code: "MR3306", message: `${this.origin} does not exist`, cause: error });
    if (statusCode === 412) return this.changed(path);
    if (statusCode === 404) return new MillraceError({ code: "MR3302", message, cause: error });
    if (statusCode === 401 || statusCode === 403) return new MillraceError({ code: "MR3301", message, cause: error });
    if (statusCode === 429 || statusCode === 503) return new MillraceError({ code: "MR3308", message, cause: error, retryable: true });
    const isForGood = statusCode !== undefined && statusCode >= 400 && statusCode < 500 && statusCode !== 408;
    return new MillraceError({ code: isForGood ? "MR3307" : "MR3300", message, cause: error, retryable: !isForGood });
  }

  private shown(path: string): string {
    return `${this.origin}${path}`;
  }
}

/** `pageFiles`: files of one answer of a listing. @throws MR3305. */
export async function openAzure(settings: AzureSettings, pageFiles: number = PAGE_FILES): Promise<AzureStore> {
  const { BlobServiceClient, StorageSharedKeyCredential, AnonymousCredential } = await import("@azure/storage-blob");
  const { account, accountKey, connectionString, container, endpoint, sasToken } = settings;
  const options = { retryOptions: { maxTries: TRIES_MAX, retryDelayInMs: RETRY_FIRST_MS, maxRetryDelayInMs: RETRY_MAX_MS } };
  try {
    if (connectionString !== undefined)
      return new AzureStore(
        BlobServiceClient.fromConnectionString(connectionString, options).getContainerClient(container),
        settings,
        pageFiles,
      );
    if (account === undefined && endpoint === undefined) throw new Error("`account` (or `connectionString`) is missing");
    const address = (endpoint ?? `https://${account}.blob.core.windows.net`).replace(/\/+$/, "");
    const credential =
      accountKey === undefined || account === undefined ? new AnonymousCredential() : new StorageSharedKeyCredential(account, accountKey);
    const suffix = sasToken === undefined ? "" : `?${sasToken.replace(/^\?/, "")}`;
    return new AzureStore(
      new BlobServiceClient(`${address}${suffix}`, credential, options).getContainerClient(container),
      settings,
      pageFiles,
    );
  } catch (error) {
    // Its words may hold the string that it could not read.
    const words = connectionString === undefined ? messageOf(error) : "the connection string cannot be read";
    throw new MillraceError({ code: "MR3305", message: `azure: ${words}` });
  }
}

function fileOf(path: string, { contentLength, lastModified, etag }: Properties): StoredFile {
  const bare = etag?.replaceAll('"', "");
  return {
    path,
    sizeBytes: contentLength ?? null,
    modifiedMs: lastModified?.getTime() ?? null,
    identity: bare === undefined ? null : `etag:${bare}`,
    ...(etag === undefined ? {} : { version: etag.startsWith('"') ? etag : `"${etag}"` }),
  };
}
