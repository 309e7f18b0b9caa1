// A look at the beginning (and a few other places) of a file: names and likely types in milliseconds. A hypothesis; only staging proves anything.
import type { FileUnderstanding, Format, StagedColumn } from "../format.ts";
import { inferType } from "../types/infer.ts";
import { decoderOf } from "./encoding.ts";
import { detect } from "./detect.ts";
import { delimitedOptions } from "./options.ts";
import { headOf, sampleBlocks } from "./sample.ts";
import { encodingOf } from "./source.ts";
import { guessForms } from "./stage.ts";
import { understandingOf } from "./understanding.ts";

type PeekRequest = Parameters<NonNullable<Format["peek"]>>[0];

export interface Peek {
  readonly columns: readonly StagedColumn[];
  readonly understood: FileUnderstanding;
}

/** Names and likely types. */
export async function peek(request: PeekRequest): Promise<readonly StagedColumn[]> {
  return (await peekFile(request))?.columns ?? [];
}

/** The same with the reasons; null for an empty file. */
export async function peekFile(request: Pick<PeekRequest, "path" | "name" | "options">): Promise<Peek | null> {
  const options = delimitedOptions.parse(request.options);
  const encoding = await encodingOf(request.path, request.name, options.encoding);
  const blocks =
    encoding.name === "utf-8"
      ? await sampleBlocks(request.path, encoding.markBytes)
      : [await decodedHead(request.path, request.name, encoding.name)];
  if ((blocks[0]?.length ?? 0) === 0) return null;
  const found = detect(blocks, options);
  const forms = guessForms(found, { textColumns: [], nulls: options.nulls ?? [] });
  const columns = found.columns.map(({ name, label }, index): StagedColumn => {
    const { type, exactText, why } = inferType(forms, index);
    return { name, label, type, exactText, why };
  });
  return { columns, understood: understandingOf({ found, encoding, head: blocks[0], audit: null, road: "samples only" }) };
}

/** What was cut off inside a character is left out. */
async function decodedHead(path: string, name: string, encoding: string): Promise<Buffer> {
  const { bytes } = await headOf(path);
  const text = decoderOf(encoding, name).decode(bytes);
  return Buffer.from(text.startsWith("\ufeff") ? text.slice(1) : text);
}
