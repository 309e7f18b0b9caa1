// What DuckDB's errors mean for the warehouse: each cause a person can act on has its own code; the rest is passed on unchanged.
import { readFileSync } from "node:fs";
import { messageOf, MillraceError } from "../model/errors.ts";

/** Another transaction wrote the same row or catalogue entry: trying again helps. */
export function isConflict(thrown: unknown): boolean {
  return /Transaction conflict|write-write conflict|Conflict on (tuple|update|delete)|TransactionContext Error: Conflict/i.test(
    messageOf(thrown),
  );
}

/** After one of these the DuckDB instance does nothing any more. */
export function isFatal(thrown: unknown): boolean {
  return /FATAL Error|database has been invalidated/i.test(messageOf(thrown));
}

/** A DuckDB error while working with the open warehouse, as our error where a person can act on it; otherwise what was thrown. */
export function translateFailure(thrown: unknown, path: string): unknown {
  if (thrown instanceof MillraceError) return thrown;
  const text = messageOf(thrown);
  if (/No space left|disk (is )?full|not enough (free )?(disk )?space|max_temp_directory_size|ENOSPC/i.test(text)) {
    return new MillraceError({ code: "MR5005", message: `The disk is full: the transaction on ${path} was rolled back.`, cause: thrown });
  }
  if (/^Out of Memory Error/i.test(text)) {
    return new MillraceError({ code: "MR5008", message: `DuckDB reached its memory limit: ${firstLine(text)}`, cause: thrown });
  }
  if (isFatal(thrown)) {
    return new MillraceError({ code: "MR5009", message: `DuckDB gave up the warehouse ${path}: ${firstLine(text)}`, cause: thrown });
  }
  return thrown;
}

/** An error of opening the file. */
export function openingFailure(thrown: unknown, path: string): MillraceError {
  const text = messageOf(thrown);
  const held = /Conflicting lock is held in (.*?)\(PID (\d+)\)/.exec(text);
  if (held !== null) return heldBy(path, Number(held[2]), held[1]!.trim(), thrown);
  if (/Could not set lock|being used by another process/i.test(text)) return heldBy(path, null, "", thrown);
  if (/No space left/i.test(text)) {
    return new MillraceError({ code: "MR5005", message: `The disk of the warehouse ${path} is full.`, cause: thrown });
  }
  if (
    /Permission denied|Read-only file system|Is a directory|No such file or directory|Not a directory|read-only|EACCES|EROFS|ENOTDIR/i.test(
      text,
    )
  ) {
    return new MillraceError({ code: "MR5004", message: `The warehouse ${path} cannot be written: ${firstLine(text)}`, cause: thrown });
  }
  return new MillraceError({ code: "MR5003", message: `The warehouse ${path} cannot be read: ${firstLine(text)}`, cause: thrown });
}

function heldBy(path: string, pid: number | null, program: string, cause: unknown): MillraceError {
  const command = pid === null ? null : commandOf(pid);
  const who = pid === null ? "another process" : `process ${pid}${command === null ? ` (${program})` : ` (${command})`}`;
  return new MillraceError({
    code: "MR5001",
    message: `The warehouse ${path} is held by ${who}.`,
    hint: pid === null ? "Let the other process finish or stop it." : `Let it finish, or stop it: kill ${pid}`,
    retryable: true,
    cause,
  });
}

/** The command line of a process where the system tells it (Linux), shortened. */
function commandOf(pid: number): string | null {
  const lengthMax = 120;
  try {
    const text = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    return text === "" ? null : text.length > lengthMax ? `${text.slice(0, lengthMax)}…` : text;
  } catch {
    return null; // other systems, or the process is gone
  }
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]!;
}
