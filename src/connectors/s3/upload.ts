// A file into a bucket, whole or not at all: small ones in one request, large ones in parts that become a file only when all of them are there.
import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import type { CompletedPart, S3Client } from "@aws-sdk/client-s3";
import type { Sdk } from "./client.ts";

/** Files up to this size go in one request. */
const WHOLE_BYTES_MAX = 16 << 20;
const PART_BYTES_MIN = 8 << 20;
/** S3 takes 10,000 parts. */
const PARTS_MAX = 9_000;
const PARTS_AT_ONCE = 4;

export interface UploadFileRequest {
  readonly sdk: Sdk;
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  readonly from: string;
  readonly sizeBytes: number;
  readonly signal: AbortSignal;
}

/** Throws what the SDK throws; then no part stays. */
export async function uploadFile(request: UploadFileRequest): Promise<void> {
  const { sdk, client, bucket, key, sizeBytes, signal } = request;
  const file = await open(request.from, "r");
  try {
    if (sizeBytes > WHOLE_BYTES_MAX) return await uploadParts(file, request);
    const body = await pieceOf(file, 0, sizeBytes);
    const command = new sdk.PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentLength: sizeBytes, ContentMD5: md5(body) });
    await client.send(command, { abortSignal: signal });
  } finally {
    await file.close();
  }
}

async function uploadParts(file: FileHandle, { sdk, client, bucket, key, sizeBytes, signal }: UploadFileRequest): Promise<void> {
  const place = { Bucket: bucket, Key: key };
  const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(place), { abortSignal: signal });
  const partBytes = Math.max(PART_BYTES_MIN, Math.ceil(sizeBytes / PARTS_MAX));
  const count = Math.ceil(sizeBytes / partBytes);
  const parts: CompletedPart[] = [];
  const failed = new AbortController();
  const abortSignal = AbortSignal.any([signal, failed.signal]);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const body = await pieceOf(file, index * partBytes, Math.min(partBytes, sizeBytes - index * partBytes));
      const PartNumber = index + 1;
      const command = new sdk.UploadPartCommand({
        ...place,
        UploadId,
        PartNumber,
        Body: body,
        ContentLength: body.length,
        ContentMD5: md5(body),
      });
      const { ETag } = await client.send(command, { abortSignal });
      parts[index] = { PartNumber, ETag };
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(PARTS_AT_ONCE, count) }, work));
    await client.send(new sdk.CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts: parts } }), { abortSignal });
  } catch (error) {
    failed.abort();
    // Parts that stay cost money and show nowhere; the bucket's own rules remove what cannot be removed now.
    await client.send(new sdk.AbortMultipartUploadCommand({ ...place, UploadId })).catch(() => undefined);
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

function md5(body: Buffer): string {
  return createHash("md5").update(body).digest("base64");
}
