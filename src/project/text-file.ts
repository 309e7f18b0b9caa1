// Reads a definition's file as text, or says why not: missing, a folder, too large, not UTF-8, a NUL byte. Nothing else leaves here.
import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { MillraceError, messageOf } from "../model/errors.ts";
import { placesIn } from "./document.ts";

/** Definitions are small; what is larger is data in the wrong folder. */
const FILE_BYTES_MAX = 4_000_000;

/** The text without a byte order mark. `file` is the name in messages. Throws MR1003, MR1004, MR1006, MR1007. */
export function readText(path: string, file: string): string {
  const start = { file, line: 1, column: 1 };
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw cannotRead(error, file);
  }
  if (bytes.length > FILE_BYTES_MAX) {
    const message = `${file} has ${bytes.length} bytes; a definition has at most ${FILE_BYTES_MAX}`;
    throw new MillraceError({ code: "MR1007", message, location: start, hint: "is it data? Keep data outside this folder" });
  }
  const utf16 = bytes.length >= 2 && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff));
  if (utf16 || !isUtf8(bytes)) {
    const line = utf16 ? 1 : lineOfBadByte(bytes);
    const message = `${file} is ${utf16 ? "UTF-16" : "not UTF-8"} text${utf16 ? "" : ` (the first wrong byte is in line ${line})`}`;
    throw new MillraceError({ code: "MR1004", message, location: { file, line, column: 1 }, hint: "save the file as UTF-8" });
  }
  const decoded = bytes.toString("utf8");
  const text = decoded.startsWith("\uFEFF") ? decoded.slice(1) : decoded;
  const nul = text.indexOf("\0");
  if (nul >= 0) throw new MillraceError({ code: "MR1004", message: `${file} has a NUL byte in it`, location: placesIn(file, text)(nul) });
  return text;
}

/** What the operating system said about a file or folder of the project. */
export function cannotRead(error: unknown, file: string): MillraceError {
  const code = (error as NodeJS.ErrnoException).code;
  const location = { file, line: 1, column: 1 };
  if (code === "EISDIR") return new MillraceError({ code: "MR1006", message: `${file} is a folder; a file is expected`, location });
  if (code === "ENOTDIR") return new MillraceError({ code: "MR1006", message: `${file} is a file; a folder is expected`, location });
  const why =
    code === "ENOENT"
      ? "it is missing, or a symbolic link that leads nowhere"
      : code === "EACCES" || code === "EPERM"
        ? "this user may not read it"
        : code === "ELOOP"
          ? "its symbolic links run in a circle"
          : messageOf(error);
  return new MillraceError({ code: "MR1003", message: `${file} cannot be read: ${why}`, location, cause: error });
}

function lineOfBadByte(bytes: Buffer): number {
  let line = 1;
  let start = 0;
  for (let at = 0; at <= bytes.length; at++) {
    if (at < bytes.length && bytes[at] !== 0x0a) continue;
    if (!isUtf8(bytes.subarray(start, at))) return line;
    line++;
    start = at + 1;
  }
  return 1;
}
