// A document that is wrong anywhere gives no row at all: it is set aside whole, as one record, or refused.
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { MillraceError, type ErrorCode } from "../../model/errors.ts";
import { hashFile } from "../../platform/files.ts";
import { isUtf8 } from "node:buffer";
import type { StagedFile, StageRequest } from "../format.ts";
import { createEmpty } from "../json/load.ts";
import { RAW_BYTES_MAX, rawText } from "../json/raw.ts";
import { loadRejects, Rejects } from "./rejects.ts";

export interface WrongDocument {
  readonly format: string;
  /** What the document should be: "no valid XML". */
  readonly is: string;
  readonly rule: string;
  readonly line: number;
  readonly lines: number;
  readonly reason: string;
  /** Of the error when the document is refused. */
  readonly code: ErrorCode;
  readonly invalid: "quarantine" | "fail";
}

/** Throws the error of the document when it is refused, or too large to be kept as a record. */
export async function setAside(request: StageRequest, wrong: WrongDocument, temp: string): Promise<StagedFile> {
  const { size } = await stat(request.path);
  const isTooLarge = size > RAW_BYTES_MAX;
  if (isTooLarge || wrong.invalid === "fail") {
    throw new MillraceError({
      code: wrong.code,
      message: `${request.name} is ${wrong.is}: line ${wrong.line}: ${wrong.reason}`,
      location: { file: request.name, line: wrong.line, column: 1 },
      ...(isTooLarge ? { hint: `a document of more than ${RAW_BYTES_MAX >> 20} MB cannot be set aside as a record` } : {}),
    });
  }
  const bytes = await readFile(request.path);
  const rejects = new Rejects(join(temp, "aside.ndjson"));
  const raw = rawText(bytes, 0, bytes.length, isUtf8(bytes) ? "utf8" : "bytes");
  rejects.add({ kind: "quarantined", line: wrong.line, lines: wrong.lines, rule: wrong.rule, reason: wrong.reason, raw });
  await createEmpty(request.connection, request.into);
  await loadRejects(request.connection, request.rejectedInto, rejects.close().path);
  return {
    rows: 0,
    columns: [],
    origins: [],
    hasRejected: true,
    records: { read: 1, quarantined: 1, repaired: 0 },
    lines: null,
    sizeBytes: size,
    hash: await hashFile(request.path),
    understood: {
      format: wrong.format,
      compression: "none",
      confidence: 1,
      doubts: [`line ${wrong.line}: ${wrong.reason}`],
      warnings: [`the document is ${wrong.is} and was set aside whole`],
      road: "none",
    },
  };
}
