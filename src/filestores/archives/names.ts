// Names around archives: which endings stand for one, how `a.zip!dir/*.csv` divides, and which names of members are refused.
import { MillraceError } from "../../model/errors.ts";
import { joinInside } from "../../platform/paths.ts";

const ARCHIVE_ENDING = /\.(?:zip|tar|tgz|taz|tbz2?|tzst|txz|tar\.(?:gz|gzip|zst|zstd|bz2|bzip2|xz))$/i;
/** What systems put into archives beside the files that were meant. */
const CLUTTER = /(?:^|\/)(?:__MACOSX\/|\.DS_Store$|Thumbs\.db$|desktop\.ini$)/i;

/** Does the name say that this file holds others? (A spreadsheet is a zip too, but not one to look into.) */
export function isArchiveName(name: string): boolean {
  return ARCHIVE_ENDING.test(name);
}

export function isClutter(path: string): boolean {
  return CLUTTER.test(path);
}

/** `data/a.zip!x/*.csv` → the path outside, then a pattern for each archive within. A `!` of a plain name divides nothing. */
export function splitMembers(path: string): { readonly outer: string; readonly inner: readonly string[] } {
  const pieces = path.split("!");
  const parts: string[] = [];
  let part = pieces[0] ?? "";
  for (const piece of pieces.slice(1)) {
    if (piece !== "" && (isArchiveName(part.replace(/\?.*$/s, "")) || /[*\]}]$/.test(part))) {
      parts.push(part);
      part = piece;
    } else part = `${part}!${piece}`;
  }
  parts.push(part);
  const [outer = "", ...inner] = parts;
  return { outer, inner };
}

/** The path of a member as we use it. Throws MR3404 for one that leads out of the archive. */
export function memberPath(archive: string, written: string): string {
  const path = written.replace(/^(?:\.\/+)+/, "").replaceAll(/\/+/g, "/");
  try {
    joinInside("/archive", path);
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^.*may not be used below \/archive: /s, "") : "it is unsafe";
    throw new MillraceError({
      code: "MR3404",
      message: `${archive} has a member named ${JSON.stringify(written.slice(0, 200))}: ${why}; nothing of the archive is read`,
      cause: error,
    });
  }
  return path;
}
