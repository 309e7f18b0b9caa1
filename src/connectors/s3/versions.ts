// Older versions of files: all of them, or those that stood at a time.
import type { ListObjectVersionsOutput, S3Client } from "@aws-sdk/client-s3";
import type { StoredFile } from "../../filestores/store.ts";
import { MillraceError } from "../../model/errors.ts";
import type { Sdk } from "./client.ts";
import { s3Error } from "./errors.ts";
import type { S3Settings } from "./settings.ts";

const PAGES_MAX = 10_000;

export interface VersionsRequest {
  readonly sdk: Sdk;
  readonly client: S3Client;
  readonly settings: S3Settings;
  readonly bucket: string;
  readonly prefix: string;
  readonly abortSignal: () => AbortSignal;
}

interface Version {
  readonly key: string;
  readonly id: string;
  readonly atMs: number;
  readonly isLatest: boolean;
  /** null: the file was deleted then. */
  readonly file: StoredFile | null;
}

/** `versions: all`: every version that is no deletion. `asOf`: of each key the newest one then, unless that was a deletion. */
export async function* listVersions(request: VersionsRequest): AsyncGenerator<StoredFile> {
  const { asOf, versions } = request.settings;
  const asOfMs = asOf === undefined ? Infinity : Date.parse(asOf);
  let key: string | undefined;
  let ofKey: Version[] = [];
  // A key's versions come together, newest first, but a deletion and a version of one page come in two lists.
  for await (const version of allVersions(request)) {
    if (version.key !== key) {
      yield* chosen(ofKey, versions, asOfMs);
      key = version.key;
      ofKey = [];
    }
    ofKey.push(version);
  }
  yield* chosen(ofKey, versions, asOfMs);
}

function chosen(ofKey: readonly Version[], versions: S3Settings["versions"], asOfMs: number): readonly StoredFile[] {
  const then = ofKey.filter(({ atMs }) => atMs <= asOfMs).toSorted((a, b) => b.atMs - a.atMs || Number(b.isLatest) - Number(a.isLatest));
  if (versions === "all") return then.flatMap(({ file, id }) => (file === null ? [] : [{ ...file, label: `?versionId=${id}` }]));
  const [newest] = then;
  return newest?.file == null ? [] : [newest.file];
}

async function* allVersions({ sdk, client, bucket, prefix, abortSignal }: VersionsRequest): AsyncGenerator<Version> {
  let marker: { readonly KeyMarker?: string; readonly VersionIdMarker?: string } = {};
  let waiting: Version[] = [];
  for (let page = 0; page < PAGES_MAX; page++) {
    let answer: ListObjectVersionsOutput;
    try {
      answer = await client.send(new sdk.ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix, ...marker }), {
        abortSignal: abortSignal(),
      });
    } catch (error) {
      throw s3Error(error, `s3://${bucket}/`);
    }
    waiting = [...waiting, ...versionsOf(bucket, answer)].toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    // The last key of a page may go on in the next one.
    const last = answer.IsTruncated === true ? waiting.at(-1)?.key : undefined;
    for (const version of waiting) if (version.key !== last) yield version;
    waiting = waiting.filter(({ key }) => key === last);
    if (answer.IsTruncated !== true) return;
    if (answer.NextKeyMarker === undefined) break;
    marker = {
      KeyMarker: answer.NextKeyMarker,
      ...(answer.NextVersionIdMarker === undefined ? {} : { VersionIdMarker: answer.NextVersionIdMarker }),
    };
  }
  throw new MillraceError({ code: "MR3309", message: `s3://${bucket}/${prefix}…: the store's list of versions has no end` });
}

function versionsOf(bucket: string, answer: ListObjectVersionsOutput): readonly Version[] {
  const there = (answer.Versions ?? []).map((one): Version => {
    const id = one.VersionId ?? "null";
    return {
      key: one.Key ?? "",
      id,
      atMs: one.LastModified?.getTime() ?? 0,
      isLatest: one.IsLatest === true,
      file: {
        path: `${bucket}/${one.Key ?? ""}`,
        sizeBytes: one.Size ?? null,
        modifiedMs: one.LastModified?.getTime() ?? null,
        identity: `etag:${one.ETag ?? id}`,
        version: id,
      },
    };
  });
  const gone = (answer.DeleteMarkers ?? []).map((one): Version => {
    return {
      key: one.Key ?? "",
      id: one.VersionId ?? "null",
      atMs: one.LastModified?.getTime() ?? 0,
      isLatest: one.IsLatest === true,
      file: null,
    };
  });
  return [...there, ...gone].filter(({ key }) => key !== "" && !key.endsWith("/"));
}
