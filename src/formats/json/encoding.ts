// JSON is UTF-8. A file that says by its first bytes that it is UTF-16 is copied into UTF-8; anything else is read as it is.
import { createReadStream, createWriteStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { MillraceError } from "../../model/errors.ts";

export interface Utf8File {
  readonly path: string;
  readonly encoding: { readonly name: string; readonly why: string; readonly confidence: number };
  readonly isCopy: boolean;
}

/** The file as UTF-8; a copy is written to `copy`. */
export async function asUtf8(path: string, copy: string): Promise<Utf8File> {
  const name = await utf16Name(path);
  if (name === null) return { path, encoding: { name: "utf-8", why: "JSON is UTF-8", confidence: 1 }, isCopy: false };
  // A broken unit is an error of the whole file: JSON has no room for half a character.
  const decoder = new TextDecoder(name, { fatal: true });
  try {
    await pipeline(
      createReadStream(path),
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true });
        yield decoder.decode();
      },
      createWriteStream(copy),
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_ENCODING_INVALID_ENCODED_DATA") throw error;
    throw new MillraceError({ code: "MR3120", message: `${path} begins like ${name} but is none`, cause: error });
  }
  return { path: copy, encoding: { name, why: "the file begins with its byte order mark", confidence: 1 }, isCopy: true };
}

async function utf16Name(path: string): Promise<"utf-16le" | "utf-16be" | null> {
  const file = await open(path, "r");
  try {
    const head = Buffer.alloc(2);
    await file.read(head, 0, 2, 0);
    if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
    return head[0] === 0xfe && head[1] === 0xff ? "utf-16be" : null;
  } finally {
    await file.close();
  }
}
