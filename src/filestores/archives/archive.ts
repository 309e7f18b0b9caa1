// What an archive is once it is open: a list of members in the order they stand in, and a way to write the bytes of one into a file.

export interface Member {
  /** Path within the archive: no `./` at its beginning, no `..`, no backslash. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number | null;
  /** null: a plain file. Otherwise why its contents cannot be had: "is encrypted", "is a link". */
  readonly refusal: { readonly code: "MR3402" | "MR3403" | "MR3407"; readonly why: string } | null;
}

export interface ExtractRequest {
  readonly path: string;
  /** As the user knows the member, for messages: `a.zip!b.csv`. */
  readonly name: string;
  readonly into: string;
  readonly tempDir: string;
  readonly expandedBytesMax: number | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface Archive {
  readonly members: readonly Member[];
  /** Throws MR3110 for damage, MR3111 beyond the limit, MR3141 for a full disk. */
  extract(request: ExtractRequest): Promise<void>;
  close(): Promise<void>;
}
