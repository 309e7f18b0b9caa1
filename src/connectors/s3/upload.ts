// A file into a bucket, whole or not at all: small ones in one request, large ones in parts that become a file only when all of them are there.
import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import type { CompletedPart, S3Client } from "@aws-sdk/client-s3";
import { MillraceError } from "../../model/errors.ts";
import type { Sdk } from "./client.ts";

/** Files up to this size go in one request. */
const WHOLE_BYTES_MAX = 16 << 20;
const PART_BYTES_MIN = 8 << 20;
/** S3 takes 10,000 parts. */
const PARTS_MAX = 9_000;
const PARTS_AT_ONCE = 4;
const ABORT_MS = 10_000;

export interface UploadFileRequest {
  readonly sdk: Sdk;
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  readonly from: string;
  readonly sizeBytes: number;
  /** Longest time of one part. */
  readonly partMs: number;
  readonly send: Send;
}

/** One act on the store, with a limit in time, tried again where that may help. Throws MillraceError. */
export type Send = <Result>(act: (abortSignal: AbortSignal) => Promise<Result>, limitMs?: number) => Promise<Result>;

/** Throws what `send` throws; then what was there is as it was, and no part stays. */
export async function uploadFile(request: UploadFileRequest): Promise<void> {
  const { sdk, client, bucket, key, sizeBytes, partMs, send } = request;
  const file = await open(request.from, "r");
  try {
    if (sizeBytes > WHOLE_BYTES_MAX) return await uploadParts(file, request);
    const body = await pieceOf(file, 0, sizeBytes);
    const whole = { Bucket: bucket, Key: key, Body: body, ContentLength: sizeBytes, ContentMD5: md5(body) };
    await send((abortSignal) => client.send(new sdk.PutObjectCommand(whole), { abortSignal }), partMs);
  } finally {
    await file.close();
  }
}

async function uploadParts(file: FileHandle, { sdk, client, bucket, key, sizeBytes, partMs, send }: UploadFileRequest): Promise<void> {
  const place = { Bucket: bucket, Key: key };
  const { UploadId } = await send((abortSignal) => client.send(new sdk.CreateMultipartUploadCommand(place), { abortSignal }));
  const partBytes = Math.max(PART_BYTES_MIN, Math.ceil(sizeBytes / PARTS_MAX));
  const count = Math.ceil(sizeBytes / partBytes);
  const parts: CompletedPart[] = [];
  const sums: string[] = [];
  let next = 0;
  const failed = { yes: false };
  const work = async (): Promise<void> => {
    for (let index = next++; index < count && !failed.yes; index = next++) {
      const body = await pieceOf(file, index * partBytes, Math.min(partBytes, sizeBytes - index * partBytes));
      const PartNumber = index + 1;
      const part = { ...place, UploadId, PartNumber, Body: body, ContentLength: body.length, ContentMD5: md5(body) };
      const { ETag } = await send((abortSignal) => client.send(new sdk.UploadPartCommand(part), { abortSignal }), partMs);
      parts[index] = { PartNumber, ETag };
      sums[index] = part.ContentMD5;
    }
  };
  const workers = Array.from({ length: Math.min(PARTS_AT_ONCE, count) }, () =>
    work().catch((error: unknown) => {
      failed.yes = true;
      throw error;
    }),
  );
  const done = await Promise.allSettled(workers);
  const failure = done.find((one) => one.status === "rejected");
  try {
    if (failure !== undefined) throw failure.reason;
    const all = { ...place, UploadId, MultipartUpload: { Parts: parts } };
    await send((abortSignal) => client.send(new sdk.CompleteMultipartUploadCommand(all), { abortSignal }), partMs).catch(
      async (error: unknown) => {
        // The answer to an earlier try may have been lost: then the upload is done, and what is there has the ETag of our parts.
        if (!(error instanceof MillraceError) || error.code !== "MR3307") throw error;
        const { ETag } = await send((abortSignal) => client.send(new sdk.HeadObjectCommand(place), { abortSignal }));
        if (ETag?.replaceAll('"', "") !== etagOf(sums)) throw error;
      },
    );
  } catch (error) {
    // Parts that stay cost money and show nowhere; the bucket's own rules remove what cannot be removed now.
    const abortSignal = AbortSignal.timeout(ABORT_MS);
    await client.send(new sdk.AbortMultipartUploadCommand({ ...place, UploadId }), { abortSignal }).catch(() => undefined);
    throw error;
  }
}

async function pieceOf(file: FileHandle, from: number, bytes: number): Promise<Buffer> {
  const piece = Buffer.alloc(bytes);
  for (let at = 0; at < bytes;) {
    const { bytesRead } = await file.read(piece, at, bytes - at, from + at);
    if (bytesRead === 0) throw new Error("the file to send became shorter");
    at += bytesRead;
  }
  return piece;
}

/** What S3 makes of parts: the MD5 of their MD5s, and how many they were. */
function etagOf(sums: readonly string[]): string {
  const all = Buffer.concat(sums.map((sum) => Buffer.from(sum, "base64")));
  return `${createHash("md5").update(all).digest("hex")}-${sums.length}`;
}

function md5(body: Buffer): string {
  return createHash("md5").update(body).digest("base64");
}
