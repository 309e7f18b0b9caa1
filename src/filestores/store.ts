// What a store of files is: the same few acts for S3, GCS, Azure, SFTP, FTP, HTTP and mailboxes. It knows nothing of formats, archives and loads.
//   P1. `list` and `look` read no contents. A file is never listed twice (of one path with versions: each version once); order and paging are the store's own affair.
//   P2. `download` gives the bytes of exactly the version it is asked for, from `fromByte` on, or throws MR3303 (changed) or MR3302 (gone).
//       It need not try again: who reads goes on at the byte where a broken download ended (fetch.ts).
//   P3. `upload` shows the whole file at `path` or leaves what was there; nothing of a failed one stays.
//   P4. Errors are MillraceErrors with `retryable`; no name, address or message holds a secret.

export interface StoredFile {
  /** Path in the store, parts divided by `/`, no slash at the beginning. What `download` is asked for. */
  readonly path: string;
  /** null: the store cannot tell before the download. */
  readonly sizeBytes: number | null;
  /** null: the store does not tell. */
  readonly modifiedMs: number | null;
  /** Another one whenever the contents are others: "etag:…", "version:…", "crc32c:…". null: only size and time can tell. */
  readonly identity: string | null;
  /** What the store needs to find this version again; opaque to all others. */
  readonly version?: string;
  /** Stands behind the path in the name of a file where one path has several: "?versionId=…". */
  readonly label?: string;
}

export interface ListRequest {
  /** Only files whose path begins so are wanted; it may end within a name. */
  readonly prefix: string;
  /** Folders below the last `/` of the prefix that may be gone into; 0: files of that folder only; Infinity: all. */
  readonly depthMax: number;
  /** Can a wanted file lie somewhere below this folder (no slash at its end)? For stores that walk folder by folder. */
  mayHold(folder: string): boolean;
  readonly signal: AbortSignal;
}

export interface DownloadRequest {
  readonly fromByte: number;
  readonly signal: AbortSignal;
}

export interface UploadRequest {
  /** A file of this machine that does not change meanwhile. */
  readonly from: string;
  readonly sizeBytes: number;
  readonly signal: AbortSignal;
}

export interface FileStore {
  /** Before the path it makes the name of a file in messages and `_millrace.files`: "s3://lake/", "sftp://host/". No user, no password. */
  readonly origin: string;
  /** One path may be listed several times, told apart by their labels; `look` would find one of them only. */
  readonly hasVersions?: true;
  list(request: ListRequest): AsyncIterable<StoredFile>;
  /** One file, or null when there is none of this path (a folder is none). */
  look(path: string, signal: AbortSignal): Promise<StoredFile | null>;
  download(file: StoredFile, request: DownloadRequest): AsyncIterable<Uint8Array>;
  /** Absent: the store cannot be written to. */
  upload?(path: string, request: UploadRequest): Promise<void>;
  /** Removes a file; one that is not there is no error. */
  remove?(path: string, signal: AbortSignal): Promise<void>;
  /** Called once, also after errors; never throws. */
  close(): Promise<void>;
}
