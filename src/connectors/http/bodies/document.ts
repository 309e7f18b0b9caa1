// From the bytes of an answer to a JSON document, or to an error that says what came in its place.
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { MillraceError } from "../../../model/errors.ts";
import type { Answer } from "../wire/exchange.ts";
import { parseExact } from "./json.ts";
import { firstWords, withoutSecrets } from "../wire/redact.ts";

const JSON_TYPE = /^(application|text)\/([\w.+-]*\+)?json$|^$|^text\/(plain|javascript)$|^application\/(octet-stream|javascript)$/;
const LINES_TYPE = /^application\/(x-)?(ndjson|jsonl|jsonlines|json-lines|json-seq)$/;

export interface Document {
  readonly body: unknown;
  /** A sentence for the log when the server said one thing and sent another. */
  readonly warning: string | undefined;
}

/** How a body is to be read. */
export interface Reading {
  readonly format: string | undefined;
  readonly formatOptions: Readonly<Record<string, unknown>>;
  readonly pageBytesMax: number;
  readonly secrets: readonly string[];
  readonly tempDir?: string;
}

/** @throws MillraceError MR3505 (empty or cut), MR3506 (HTML or another type), MR3516 (malformed). */
export async function documentOf(received: Answer, shown: string, reading: Reading): Promise<Document> {
  if (received.status === 204) return { body: [], warning: undefined };
  const answer = { ...received, body: await unpacked(received.body, reading.pageBytesMax, shown) };
  if (reading.format === undefined || reading.format === "json" || reading.format === "ndjson") return jsonDocument(answer, shown, reading);
  refuseMarkup(answer, shown, reading);
  const { rowsOfBytes } = await import("./formatted.ts");
  return { body: await rowsOfBytes(answer.body, { ...reading, format: reading.format, shown }), warning: undefined };
}

/** A file that is sent packed, and not only on the way. */
async function unpacked(body: Buffer, bytesMax: number, shown: string): Promise<Buffer> {
  if (body[0] !== 0x1f || body[1] !== 0x8b) return body;
  try {
    return await promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip)(body, { maxOutputLength: bytesMax });
  } catch (cause) {
    if ((cause as { readonly code?: string }).code === "ERR_BUFFER_TOO_LARGE")
      throw new MillraceError({ code: "MR3510", message: `a page of ${shown} is larger than ${bytesMax / 1e6} MB when it is unpacked` });
    throw new MillraceError({ code: "MR3505", message: `the gzip of ${shown} is cut or damaged`, retryable: true, cause });
  }
}

/** A page of a website where data was asked for: a login, an error of a proxy. */
function refuseMarkup(answer: Answer, shown: string, { format, secrets }: Reading): void {
  const text = answer.body.subarray(0, 20_000).toString("utf8").trimStart();
  if (format !== "html" && /^(<!doctype html|<html)/i.test(text)) throw notJson(shown, "HTML", text, secrets, format);
}

function jsonDocument(answer: Answer, shown: string, { secrets, format }: Reading): Document {
  const type = (answer.headers["content-type"] ?? "").split(";")[0]!.trim().toLowerCase();
  const text = textOf(answer, shown);
  const trimmed = text.trimStart();
  if (trimmed === "") throw new MillraceError({ code: "MR3505", message: `the answer of ${shown} is empty`, retryable: true });
  const known = JSON_TYPE.test(type) || LINES_TYPE.test(type);
  if (trimmed.startsWith("<")) throw notJson(shown, /^<\?xml|^<rss|xml/i.test(trimmed.slice(0, 60)) ? "XML" : "HTML", trimmed, secrets);
  if (!known && !/^[[{]/.test(trimmed)) throw notJson(shown, `"${type}"`, trimmed, secrets);
  if (!known && !type.startsWith("text/")) throw notJson(shown, `"${type}"`, trimmed, secrets);
  const body =
    format === "ndjson" || (format === undefined && LINES_TYPE.test(type))
      ? text
          .split("\n")
          .filter((line) => line.trim() !== "")
          .map((line) => parsed(line, shown))
      : parsed(text, shown);
  return { body, warning: known ? undefined : `${shown} calls its JSON "${type}"; it was read as JSON` };
}

function parsed(text: string, shown: string): unknown {
  try {
    return parseExact(text);
  } catch (cause) {
    const message = (cause as Error).message;
    const cut = /end of JSON|Unterminated|end of data/i.test(message) || isAtEnd(message, text);
    if (cut) {
      throw new MillraceError({
        code: "MR3505",
        message: `the JSON of ${shown} ends in the middle, after ${text.length} characters`,
        retryable: true,
        cause,
      });
    }
    throw new MillraceError({ code: "MR3516", message: `the JSON of ${shown} is malformed: ${message}`, cause });
  }
}

function isAtEnd(message: string, text: string): boolean {
  const position = /position (\d+)/.exec(message)?.[1];
  return position !== undefined && Number(position) >= text.trimEnd().length;
}

function textOf(answer: Answer, shown: string): string {
  const charset = (/charset\s*=\s*"?([^";\s]+)/i.exec(answer.headers["content-type"] ?? "")?.[1] ?? "utf-8").toLowerCase();
  // Node's TextDecoder mangles the single-byte sets of Windows; Buffer's latin1 is exact for ISO 8859-1.
  if (charset === "iso-8859-1" || charset === "latin1") return answer.body.toString("latin1");
  const name = charset === "us-ascii" || charset === "utf8" ? "utf-8" : charset;
  if (!/^utf-(8|16(le|be)?)$/.test(name)) {
    throw new MillraceError({
      code: "MR3516",
      message: `${shown} writes its JSON in "${charset}"; UTF-8, UTF-16 and ISO 8859-1 are understood`,
    });
  }
  try {
    return new TextDecoder(name, { fatal: true }).decode(answer.body);
  } catch (cause) {
    throw new MillraceError({ code: "MR3516", message: `the answer of ${shown} is not valid ${name.toUpperCase()}`, cause });
  }
}

function notJson(shown: string, what: string, text: string, secrets: readonly string[], asked = "JSON"): MillraceError {
  return new MillraceError({
    code: "MR3506",
    message: `${shown} answers ${what}, not ${asked}: "${firstWords(withoutSecrets(text.slice(0, 20_000), secrets))}"`,
    hint: "is `url` the address of the API and not of the website, and is `auth` right? Bodies of other kinds need `format`: csv, xml …",
  });
}
