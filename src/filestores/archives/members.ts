// The members of an archive that a pattern names, as files to be loaded: `a.zip!dir/b.csv`. An archive among them is gone into as well.
import { mkdtemp, mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { parseSizeBytes } from "../../model/duration.ts";
import { MillraceError } from "../../model/errors.ts";
import { pathPatterns } from "../pattern.ts";
import { Shelf } from "../shelf.ts";
import type { OpenFile, OpenRequest, SourceFile } from "../source-file.ts";
import type { Archive, Member } from "./archive.ts";
import { NESTING_MAX } from "./limits.ts";
import { isArchiveName, isClutter } from "./names.ts";
import { openArchive } from "./open.ts";

const NAMES_SHOWN_MAX = 5;

export interface MembersRequest extends OpenRequest {
  readonly archive: SourceFile;
  /** A pattern for this archive, then for those within it; empty: everything. */
  readonly inner: readonly string[];
  readonly expandedMax: string | undefined;
  readonly optional: boolean;
  /** How many archives this one lies within. */
  readonly depth: number;
}

/** In the order of the archive. Only while the generator runs is the archive kept open; later it is opened again. Throws MR3400–MR3408. */
export async function* membersOf(request: MembersRequest): AsyncGenerator<SourceFile> {
  const { archive, inner, depth } = request;
  if (depth >= NESTING_MAX)
    throw new MillraceError({ code: "MR3405", message: `${archive.name}: archives within archives, ${NESTING_MAX} deep` });
  const [pattern = "**", ...deeper] = inner;
  const patterns = pathPatterns(pattern);
  const held = new Shelf<OpenedArchive>();
  const openIt = (again: OpenRequest) => (): Promise<OpenedArchive> => open(request, again);
  try {
    const members = await held.use(archive, openIt(request), (opened) => Promise.resolve(opened.archive.members));
    const wanted = members.filter(({ path }) => !isClutter(path) && patterns.some((one) => one.matches(path)));
    if (wanted.length === 0 && !request.optional) throw noMatch(archive.name, pattern, members);
    for (const member of wanted) {
      const file = memberFile(archive, member, (again, use) => held.use(archive, openIt(again), use), request.expandedMax);
      if (deeper.length === 0 && !isArchiveName(member.path)) yield file;
      else yield* membersOf({ ...request, archive: file, inner: deeper, depth: depth + 1 });
    }
  } finally {
    await held.close();
  }
}

interface OpenedArchive {
  readonly archive: Archive;
  verify(): Promise<void>;
  close(): Promise<void>;
}

type Use = <Result>(request: OpenRequest, use: (opened: OpenedArchive) => Promise<Result>) => Promise<Result>;

async function open({ archive: file, expandedMax }: MembersRequest, request: OpenRequest): Promise<OpenedArchive> {
  const temp = await tempFolder(request.tempDir);
  let opened: OpenFile | undefined;
  const close = async (): Promise<void> => {
    await opened?.close();
    await rm(temp, { recursive: true, force: true });
  };
  try {
    opened = await file.open(request);
    await opened.verify();
    const own = opened;
    const { path, sizeBytes } = own;
    const expandedBytesMax = expandedMax === undefined ? undefined : parseSizeBytes(expandedMax);
    const archive = await openArchive({ path, name: file.name, sizeBytes, tempDir: temp, expandedBytesMax, signal: request.signal });
    return {
      archive,
      verify: () => own.verify(),
      async close() {
        await archive.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function memberFile(archive: SourceFile, member: Member, use: Use, expandedMax: string | undefined): SourceFile {
  const name = `${archive.name}!${member.path}`;
  return {
    name,
    plainName: name,
    sizeBytes: member.sizeBytes,
    modifiedMs: member.modifiedMs,
    identity: archive.identity,
    ...(archive.isFresh === true ? { isFresh: true } : {}),
    open: (request) =>
      use(request, async (opened) => {
        if (member.refusal !== null) throw new MillraceError({ code: member.refusal.code, message: `${name} ${member.refusal.why}` });
        const temp = await tempFolder(request.tempDir);
        const close = (): Promise<void> => rm(temp, { recursive: true, force: true });
        try {
          const path = join(temp, "member");
          const expandedBytesMax = expandedMax === undefined ? undefined : parseSizeBytes(expandedMax);
          await opened.archive.extract({ path: member.path, name, into: path, tempDir: temp, expandedBytesMax, signal: request.signal });
          await opened.verify();
          const { size } = await stat(path);
          return { path, sizeBytes: size, hash: null, verify: () => Promise.resolve(), close };
        } catch (error) {
          await close();
          throw error;
        }
      }),
  };
}

async function tempFolder(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  return mkdtemp(join(parent, "a-"));
}

function noMatch(name: string, pattern: string, members: readonly Member[]): MillraceError {
  const shown = members.slice(0, NAMES_SHOWN_MAX).map(({ path }) => path);
  const hint =
    members.length === 0
      ? "the archive is empty"
      : `it has ${members.length} members: ${shown.join(", ")}${members.length > shown.length ? ", …" : ""}`;
  return new MillraceError({ code: "MR3408", message: `no member of ${name} matches ${pattern}`, hint });
}
