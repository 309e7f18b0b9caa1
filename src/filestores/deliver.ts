// Files as deliveries of a load; an archive is delivered by its members. And the token that tells whether anything may be new.
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { formatByEnding } from "../formats/index.ts";
import type { FileDelivery, KeptFile } from "../load/connector.ts";
import { isArchiveName } from "./archives/names.ts";
import { membersOf } from "./archives/members.ts";
import { checkOptions, type FileOptions } from "./options.ts";
import { Shelf } from "./shelf.ts";
import type { OpenFile, SourceFile } from "./source-file.ts";
import { hashOf, pathOf, stageFile, type Reading } from "./stage.ts";

/** A file that was found; `inner` names members of it, archive by archive. */
export interface FoundSource {
  readonly file: SourceFile;
  readonly inner: readonly string[];
}

export interface DeliverRequest {
  readonly options: FileOptions;
  readonly tempDir: string;
  readonly signal: AbortSignal;
}

/** In the order given; a file that two patterns name is delivered once. Throws MR3105, MR34xx. */
export async function* deliver(found: readonly FoundSource[], request: DeliverRequest): AsyncGenerator<FileDelivery> {
  const { options, tempDir, signal } = request;
  const shelf = new Shelf<OpenFile>();
  const reading: Reading = { options, tempDir, shelf };
  const names = new Set<string>();
  checkOptions(
    found.filter((one) => !isArchive(one)).map(({ file }) => file),
    options,
  );
  try {
    for (const one of found) {
      for await (const file of filesOf(one, request)) {
        signal.throwIfAborted();
        if (names.has(file.name)) continue;
        names.add(file.name);
        yield delivery(file, reading, signal);
      }
    }
  } finally {
    await shelf.close();
  }
}

/** The file itself, or the members of an archive. */
export async function* filesOf({ file, inner }: FoundSource, { options, tempDir, signal }: DeliverRequest): AsyncGenerator<SourceFile> {
  if (!isArchive({ file, inner })) {
    yield file;
    return;
  }
  const { expandedMax, optional = false } = options;
  for await (const member of membersOf({ archive: file, inner, expandedMax, optional, depth: 0, tempDir, signal })) {
    checkOptions([member], options);
    yield member;
  }
}

/** By what a listing tells alone; null when the listing cannot tell. */
export function stateOf(found: readonly FoundSource[]): string | null {
  const hash = createHash("sha256");
  for (const { file, inner } of found) {
    if (file.identity === null) return null;
    hash.update(`${JSON.stringify([file.name, file.identity, ...inner])}\n`);
  }
  return hash.digest("hex");
}

function isArchive({ file, inner }: FoundSource): boolean {
  return inner.length > 0 || isArchiveName(file.plainName);
}

function delivery(file: SourceFile, reading: Reading, signal: AbortSignal): FileDelivery {
  const { options } = reading;
  const said = options.format === undefined || options.format === "auto" ? undefined : options.format;
  return {
    kind: "file",
    name: file.name,
    sizeBytes: file.sizeBytes,
    modifiedMs: file.modifiedMs,
    ...(file.identity === null || file.isFresh === true ? {} : { identity: file.identity }),
    format: said ?? formatByEnding(file.plainName)?.name ?? "auto",
    stage: (request) => stageFile(file, reading, request),
    hash: () => hashOf(file, reading, signal),
    original: () => pathOf(file, reading, signal),
  };
}

/** The delivery of a file whose bytes were kept, without the place that it came from. */
export function keptDelivery(options: FileOptions, kept: KeptFile, context: Pick<DeliverRequest, "tempDir" | "signal">): FileDelivery {
  const { name, sizeBytes, modifiedMs, path } = kept;
  const file: SourceFile = {
    name,
    plainName: name.replace(/[?#].*$/s, ""),
    sizeBytes,
    modifiedMs,
    identity: null,
    async open() {
      const { size } = await stat(path);
      return { path, sizeBytes: size, hash: null, verify: () => Promise.resolve(), close: () => Promise.resolve() };
    },
  };
  return delivery(file, { options, tempDir: context.tempDir, shelf: new Shelf() }, context.signal);
}
