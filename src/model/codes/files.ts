// Error codes of this area: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const filesCodes = {
  MR3001: {
    title: "A delimited file cannot be read without loss",
    why: "DuckDB's result and an independent count of rows, cells and bytes differ on every road: the original, a patched copy and a rewritten one.",
    fix: "Pin what the file is under `files:` (delimiter, quote, escape, header, encoding). If it still fails, send us the first lines.",
  },
  MR3002: {
    title: "A file has no delimiter that holds",
    why: "No delimiter gives the lines one width, yet most lines hold one. Taking the file as one column would hide what is in it.",
    fix: 'Say `delimiter: ";"` (or whichever) under `files:`, or `delimiter: none` when it is one column.',
  },
  MR3003: {
    title: "An encoding is unknown",
    why: "The name under `encoding:` is none that this system can decode.",
    fix: "Use utf-8, utf-16le, utf-16be, latin-1, windows-1252 or another name of the WHATWG list such as shift_jis.",
  },
  MR3004: {
    title: "A file is not in its encoding",
    why: "There are bytes that mean nothing in the encoding that was named, or that the byte order mark tells.",
    fix: "Correct or remove `encoding:`; a file that was cut off in the middle has to be delivered again.",
  },
  MR3006: {
    title: "A binary file was taken for a delimited one",
    why: "Its beginning holds many NUL bytes or control characters and is no UTF-16: an archive, a spreadsheet or an image.",
    fix: "Name the right `format:`, or unpack the file first.",
  },
  MR3007: {
    title: "The warehouse does not keep the order of rows",
    why: "`preserve_insertion_order` is off, so the line of a row cannot be told from its place in the table.",
    fix: "Remove `SET preserve_insertion_order = false` from the connection.",
  },
  MR3050: {
    title: "A way to parse a column is unknown",
    why: "`parse:` is money, percent, boolean, decimalComma, epoch, epochMs, json, or a strptime pattern with a % in it.",
    fix: "Correct the word, or write a pattern such as %d/%m/%Y.",
  },
  MR3100: {
    title: "A file that a path names does not exist",
    why: "The path in `files: { path }` leads to nothing. Paths are relative to the project's folder.",
    fix: "Correct the path; the message lists the nearest names that exist.",
  },
  MR3101: {
    title: "A pattern matches no file",
    why: "No file has a name of this pattern. An empty match is an error, so that a moved folder does not empty a table in silence.",
    fix: "Correct the pattern, or write `optional: true` in `files` when it may match nothing.",
  },
  MR3102: {
    title: "A path is a folder where a file is needed",
    why: "Files are read and written one by one; a folder has no contents of its own.",
    fix: "Name the files in it by a pattern such as `folder/*.csv`; for an export, add the file's name.",
  },
  MR3103: {
    title: "A file or folder may not be read",
    why: "The operating system refused to open it: permissions, a broken disk, or a file that vanished while it was read.",
    fix: "Give the user that runs Millrace the right to read it, then run again.",
  },
  MR3104: {
    title: "The format of a file is not known",
    why: "Neither the ending nor the contents tell which reader to use.",
    fix: "Say it: `files: { path, format: csv }` (csv, json, ndjson or parquet).",
  },
  MR3105: {
    title: "An option does not belong to the format",
    why: "A key under `files` has no meaning for any of the files that were matched, and a key is never ignored.",
    fix: "Remove the key, or set `format:` to the format it belongs to.",
  },
  MR3106: {
    title: "A file changed while it was read",
    why: "Size or modification time differ before and after. What was read is of two versions, so nothing of it is loaded.",
    fix: "Run again when the writer is done; writers should write beside and rename.",
  },
  MR3107: {
    title: "No record of a file can be read",
    why: "Every record of the file was set aside: it is damaged, or of another format than it seems.",
    fix: "Look at it with `millrace inspect FILE`; say its format and dialect if they were found wrongly.",
  },
  MR3110: {
    title: "A compressed file is damaged",
    why: "The gzip or Zstandard data ends early, has a wrong checksum, or is followed by something else. No part of it is loaded.",
    fix: "Get the file again; `gzip -t FILE` or `zstd -t FILE` tests it.",
  },
  MR3111: {
    title: "A compressed file expands beyond the limit",
    why: "The contents are out of proportion to the file (a compression bomb), or would fill the temporary folder.",
    fix: "If the file is sound, raise `expandedMax` under `files`, or make room in the temporary folder.",
  },
  MR3120: {
    title: "A JSON document is invalid",
    why: "The document is no JSON by the letter of RFC 8259. A part of a document is never loaded.",
    fix: "Correct the document at the line that is named, or leave `invalid: quarantine` so that the other files are loaded.",
  },
  MR3121: {
    title: "A record is larger than the limit",
    why: "One JSON record must fit into memory; the limit protects the process.",
    fix: "Say where the list of records lies with `rows:`, or split the file.",
  },
  MR3122: {
    title: "The path of the rows leads nowhere",
    why: "`rows:` names the list of records in a JSON document, and this document has no list there.",
    fix: "Correct `rows:`; the message names the keys that are there.",
  },
  MR3123: {
    title: "The rows of a file do not reconcile",
    why: "What DuckDB loaded differs from an independent count of the file. Nothing of it is loaded.",
    fix: "Report the file: this is a fault of Millrace or of DuckDB, not of yours.",
  },
  MR3130: {
    title: "A Parquet file is broken",
    why: "Footer, page headers, levels or pages contradict each other, or the file was cut off.",
    fix: "Get the file again, or have its writer write it again.",
  },
  MR3131: {
    title: "A Parquet file uses something that cannot be read",
    why: "A compression, encoding or schema that DuckDB does not read.",
    fix: "Write the file with snappy, gzip, zstd, brotli or lz4_raw and standard encodings.",
  },
  MR3132: {
    title: "A page of a Parquet file has a wrong checksum",
    why: "The bytes of the page are not those that were written. DuckDB would load them without a word.",
    fix: "Get the file again.",
  },
  MR3133: {
    title: "A Parquet file is encrypted",
    why: "Columns or footer are encrypted, and there is no key.",
    fix: "Write it without Parquet encryption.",
  },
  MR3140: {
    title: "An output cannot be written",
    why: "The folder is read-only, a part of its path is a file, or permissions forbid it. The old file is as it was.",
    fix: "Choose another path in `to: { files: { path } }`, or give the right to write.",
  },
  MR3141: {
    title: "The disk is full",
    why: "There is no room for the file. What was begun is removed and the old file is as it was.",
    fix: "Make room, then run again.",
  },
  MR3142: {
    title: "A format cannot be written that way",
    why: "Parquet and JSON files have an end that cannot be written past; a file has no key to merge by; some formats are read only.",
    fix: "Use `load: replace`, or write CSV or NDJSON for `append`.",
  },
  MR3143: {
    title: "The columns of a file to append to differ",
    why: "The header of the file is not the header of the new rows; below it they would stand in the wrong columns.",
    fix: "Give the query the columns of the file, or use `load: replace`.",
  },
  MR3150: {
    title: "A name leads out of its folder",
    why: "A name that came from data, an archive, a server or a parameter is absolute, has `..` in it, or passes through a link.",
    fix: "Correct the name where it comes from. Paths in the project's own files may lead anywhere.",
  },
} as const satisfies Record<string, CodeEntry>;
