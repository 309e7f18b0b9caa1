// A file to be loaded, wherever it lies: on this machine, in a store, or within an archive. Opened, its bytes are a file of this machine.

export interface OpenRequest {
  readonly tempDir: string;
  readonly signal?: AbortSignal | undefined;
}

export interface OpenFile {
  /** On this machine; not to be written to. */
  readonly path: string;
  readonly sizeBytes: number;
  /** SHA-256 of the bytes, where getting them told it. */
  readonly hash: string | null;
  /** Throws a retryable error when the file is another one by now (where that can be). */
  verify(): Promise<void>;
  /** Takes away what was made to open it. Never throws. */
  close(): Promise<void>;
}

export interface SourceFile {
  /** As the user knows it: what stands in messages, `_file` and `_millrace.files`. */
  readonly name: string;
  /** The name without what may follow a path (`?versionId=…`): its ending tells format and compression. */
  readonly plainName: string;
  readonly sizeBytes: number | null;
  readonly modifiedMs: number | null;
  /** Another one whenever the contents are others; null when only the bytes can tell. */
  readonly identity: string | null;
  /** The identity rests on a clock, and the file may change once more within its present tick: it does not prove that the contents are the same. */
  readonly isFresh?: true;
  /** Throws MillraceError. */
  open(request: OpenRequest): Promise<OpenFile>;
}
