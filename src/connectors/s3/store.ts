// A bucket as a store of files. Paths are `bucket/key`.
//   X1. A download is tied to the ETag (and version) that was listed: another one is MR3303, never a mixture.
import type { _Object, S3Client } from "@aws-sdk/client-s3";
import type { Readable } from "node:stream";
import { parseDurationMs } from "../../model/duration.ts";
import { MillraceError } from "../../model/errors.ts";
import { withAttempts } from "../../filestores/attempts.ts";
import type { StoreContext } from "../../filestores/connector.ts";
import type { DownloadRequest, FileStore, ListRequest, StoredFile, UploadRequest } from "../../filestores/store.ts";
import { clientFor, type Sdk } from "./client.ts";
import { s3Error } from "./errors.ts";
import { listPage, type Page } from "./list.ts";
import type { S3Settings } from "./settings.ts";
import { uploadFile, type Send } from "./upload.ts";
import { listVersions } from "./versions.ts";

const REQUEST_MS = 60_000;
/** A part of an upload may take so many times the time of a request. */
const PARTS_TIMES = 5;
/** Pages of one listing; 1000 files each. */
const PAGES_MAX = 10_000;
const ORIGIN = "s3://";

/** Nothing is asked before the first use. */
export async function openS3(settings: S3Settings, _context: StoreContext): Promise<FileStore> {
  const { sdk, client } = await clientFor(settings);
  return new S3Store(sdk, client, settings);
}

class S3Store implements FileStore {
  readonly origin = ORIGIN;
  readonly hasVersions?: true;
  private readonly sdk: Sdk;
  private readonly client: S3Client;
  private readonly settings: S3Settings;
  private readonly requestMs: number;

  constructor(sdk: Sdk, client: S3Client, settings: S3Settings) {
    this.sdk = sdk;
    this.client = client;
    this.settings = settings;
    this.requestMs = (settings.requestTimeout === undefined ? undefined : parseDurationMs(settings.requestTimeout)) ?? REQUEST_MS;
    if (settings.versions === "all") this.hasVersions = true;
  }

  async *list(request: ListRequest): AsyncGenerator<StoredFile> {
    const { bucket, key } = divide(request.prefix);
    if (this.isHistoric()) {
      const { settings, client, sdk } = this;
      yield* listVersions({ sdk, client, settings, bucket, prefix: key, abortSignal: () => this.limited(request.signal) });
      return;
    }
    // One level of folders only: the store need not list what lies below.
    const delimiter = request.depthMax === 0 ? { Delimiter: "/" } : {};
    let token: string | undefined;
    for (let page = 0; page < PAGES_MAX; page++) {
      const answer = await this.page(
        bucket,
        { Prefix: key, ...delimiter, ...(token === undefined ? {} : { ContinuationToken: token }) },
        request,
      );
      for (const object of answer.objects) {
        const file = fileOf(bucket, object, answer.EncodingType);
        if (file !== null) yield file;
      }
      if (answer.IsTruncated !== true) return;
      if (answer.NextContinuationToken === undefined || answer.NextContinuationToken === token) break;
      token = answer.NextContinuationToken;
    }
    throw new MillraceError({ code: "MR3309", message: `${ORIGIN}${request.prefix}…: the store's list has no end` });
  }

  look(path: string, signal: AbortSignal): Promise<StoredFile | null> {
    return withAttempts(`${ORIGIN}${path}`, signal, () => this.lookOnce(path, signal));
  }

  private async lookOnce(path: string, signal: AbortSignal): Promise<StoredFile | null> {
    const { bucket, key } = divide(path);
    if (key === "" || key.endsWith("/")) return null;
    if (this.isHistoric()) {
      for await (const file of this.list({ prefix: path, depthMax: Infinity, mayHold: () => true, signal }))
        if (file.path === path) return file;
      return null;
    }
    try {
      const head = await this.client.send(new this.sdk.HeadObjectCommand({ Bucket: bucket, Key: key }), {
        abortSignal: this.limited(signal),
      });
      const version = head.VersionId === undefined || head.VersionId === "null" ? {} : { version: head.VersionId };
      return {
        path,
        sizeBytes: head.ContentLength ?? null,
        modifiedMs: head.LastModified?.getTime() ?? null,
        identity: head.ETag === undefined ? null : `etag:${head.ETag}`,
        ...version,
      };
    } catch (error) {
      signal.throwIfAborted();
      const failure = s3Error(error, `${ORIGIN}${path}`);
      if (failure.code !== "MR3302") throw failure;
      // A missing bucket answers a HEAD like a missing file does; its list tells.
      await this.page(bucket, { Prefix: key, MaxKeys: 1 }, { signal });
      return null;
    }
  }

  async *download(file: StoredFile, { fromByte, signal }: DownloadRequest): AsyncGenerator<Uint8Array> {
    const { bucket, key } = divide(file.path);
    const what = `${ORIGIN}${file.path}${file.label ?? ""}`;
    const etag = file.identity?.startsWith("etag:") === true ? file.identity.slice("etag:".length) : undefined;
    let body: Readable | undefined;
    try {
      const answer = await this.client.send(
        new this.sdk.GetObjectCommand({
          Bucket: bucket,
          Key: key,
          ...(etag === undefined ? {} : { IfMatch: etag }),
          ...(file.version === undefined ? {} : { VersionId: file.version }),
          ...(fromByte === 0 ? {} : { Range: `bytes=${fromByte}-` }),
        }),
        { abortSignal: signal },
      );
      body = answer.Body as Readable;
      if (etag !== undefined && answer.ETag !== undefined && answer.ETag !== etag) {
        throw new MillraceError({ code: "MR3303", message: `${what} changed while it was fetched`, retryable: true });
      }
      // A store that knows no ranges sends everything again.
      let skip = answer.ContentRange === undefined ? fromByte : fromByte - rangeStart(answer.ContentRange, what);
      for await (const piece of body as AsyncIterable<Uint8Array>) {
        const rest = piece.subarray(Math.min(skip, piece.length));
        skip -= piece.length - rest.length;
        if (rest.length > 0) yield rest;
      }
    } catch (error) {
      signal.throwIfAborted();
      throw s3Error(error, what);
    } finally {
      body?.destroy();
    }
  }

  async upload(path: string, { from, sizeBytes, signal }: UploadRequest): Promise<void> {
    const { bucket, key } = divide(path);
    const what = `${ORIGIN}${path}`;
    const send: Send = (act, limitMs) =>
      withAttempts(what, signal, async () => {
        try {
          return await act(AbortSignal.any([signal, AbortSignal.timeout(limitMs ?? this.requestMs)]));
        } catch (error) {
          signal.throwIfAborted();
          throw s3Error(error, what);
        }
      });
    await uploadFile({ sdk: this.sdk, client: this.client, bucket, key, from, sizeBytes, partMs: this.requestMs * PARTS_TIMES, send });
    const there = await send((abortSignal) =>
      this.client.send(new this.sdk.HeadObjectCommand({ Bucket: bucket, Key: key }), { abortSignal }),
    );
    if (there.ContentLength !== sizeBytes) {
      const message = `${what}: ${sizeBytes} bytes were sent, ${there.ContentLength} are there`;
      throw new MillraceError({ code: "MR3307", message, retryable: true });
    }
  }

  async remove(path: string, signal: AbortSignal): Promise<void> {
    const { bucket, key } = divide(path);
    try {
      await this.client.send(new this.sdk.DeleteObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: this.limited(signal) });
    } catch (error) {
      throw s3Error(error, `${ORIGIN}${path}`);
    }
  }

  close(): Promise<void> {
    this.client.destroy();
    return Promise.resolve();
  }

  private async page(bucket: string, ask: object, { signal }: { readonly signal: AbortSignal }): Promise<Page> {
    const { sdk, client } = this;
    return withAttempts(`${ORIGIN}${bucket}/`, signal, async () => {
      try {
        return await listPage({ sdk, client, bucket, ask, abortSignal: this.limited(signal) });
      } catch (error) {
        signal.throwIfAborted();
        const failure = s3Error(error, `${ORIGIN}${bucket}/`);
        throw failure.code === "MR3302"
          ? new MillraceError({ code: "MR3306", message: `${ORIGIN}${bucket}: there is no such bucket` })
          : failure;
      }
    });
  }

  private isHistoric(): boolean {
    return this.settings.versions === "all" || this.settings.asOf !== undefined;
  }

  private limited(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, AbortSignal.timeout(this.requestMs)]);
  }
}

export function divide(path: string): { readonly bucket: string; readonly key: string } {
  const at = path.indexOf("/");
  return at === -1 ? { bucket: path, key: "" } : { bucket: path.slice(0, at), key: path.slice(at + 1) };
}

/** null for what only stands for a folder. */
function fileOf(
  bucket: string,
  object: Pick<_Object, "Key" | "Size" | "ETag" | "LastModified">,
  encoding: string | undefined,
): StoredFile | null {
  const key = decodeKey(object.Key ?? "", encoding);
  if (key === "" || key.endsWith("/")) return null;
  return {
    path: `${bucket}/${key}`,
    sizeBytes: object.Size ?? null,
    modifiedMs: object.LastModified?.getTime() ?? null,
    identity: object.ETag === undefined ? null : `etag:${object.ETag}`,
  };
}

export function decodeKey(key: string, encoding: string | undefined): string {
  return encoding === "url" ? decodeURIComponent(key.replaceAll("+", " ")) : key;
}

function rangeStart(range: string, what: string): number {
  const start = /^bytes (\d+)-/.exec(range)?.[1];
  if (start === undefined)
    throw new MillraceError({ code: "MR3304", message: `${what}: the store answers with the range ${range}`, retryable: true });
  return Number(start);
}
