// One pass through an XML document: its records, one by one, in bounded memory.
//   X1. Nothing is resolved: a document that declares entities is refused, what it names outside is never fetched.
//   X2. Depth, size of a record and size of a name are limited.
import { createReadStream } from "node:fs";
import { SaxesParser } from "saxes";
import { MillraceError } from "../../model/errors.ts";
import { decoderOf, type Encoding } from "../delimited/encoding.ts";

const DEPTH_MAX = 256;
export const RECORD_CHARACTERS_MAX = 64 << 20;
const READ_BYTES = 1 << 18;

export interface XmlNode {
  readonly name: string;
  /** Name and value, without declarations of namespaces. */
  readonly attributes: readonly (readonly [string, string])[];
  readonly children: XmlNode[];
  text: string;
  readonly isNil: boolean;
}

/** Thrown within this folder: the document is wrong here. */
export class WrongXml {
  readonly line: number;
  readonly reason: string;
  constructor(line: number, reason: string) {
    this.line = line;
    this.reason = reason;
  }
}

export interface Walk {
  readonly path: string;
  readonly name: string;
  readonly encoding: Encoding;
  readonly prefixes: "drop" | "keep";
}

export interface WalkHandlers {
  /** Each element that opens, with its way from the root; return "record" to collect it. */
  open(way: readonly string[]): "record" | "pass";
  record(node: XmlNode, line: number): "goOn" | "stop";
}

/** Returns the number of lines. Throws WrongXml and MR3258, MR3259. */
export async function walkXml({ path, name, encoding, prefixes }: Walk, handlers: WalkHandlers): Promise<number> {
  const parser = new SaxesParser({ fileName: name });
  const way: string[] = [];
  const open: XmlNode[] = [];
  let recordLine = 0;
  let recordCharacters = 0;
  let isStopped = false;
  const plain = (given: string): string => (prefixes === "keep" ? given : given.slice(given.indexOf(":") + 1));
  const grow = (characters: number): void => {
    recordCharacters += characters;
    if (recordCharacters > RECORD_CHARACTERS_MAX)
      throw new MillraceError({
        code: "MR3259",
        message: `${name}: the record at line ${recordLine} is larger than ${RECORD_CHARACTERS_MAX >> 20} MB`,
        hint: "name the records with `rows: /root/items/item`",
      });
  };
  parser.on("error", (error) => {
    throw new WrongXml(parser.line, error.message.replace(/^.*?\d+:\d+: /, ""));
  });
  parser.on("doctype", (doctype) => {
    if (/<!ENTITY/i.test(doctype))
      throw new MillraceError({ code: "MR3258", message: `${name}: line ${parser.line}: the document declares entities` });
  });
  parser.on("opentag", (tag) => {
    way.push(plain(tag.name));
    if (way.length > DEPTH_MAX) throw new WrongXml(parser.line, `elements are nested more than ${DEPTH_MAX} deep`);
    const parent = open.at(-1);
    if (parent === undefined) {
      if (handlers.open(way) === "pass") return;
      recordLine = parser.line;
      recordCharacters = 0;
    }
    const node = nodeOf(tag.name, tag.attributes as Readonly<Record<string, string>>, plain);
    grow(tag.name.length + 32 + node.attributes.reduce((sum, [key, value]) => sum + key.length + value.length, 0));
    parent?.children.push(node);
    open.push(node);
  });
  const onText = (text: string): void => {
    const node = open.at(-1);
    if (node === undefined) return;
    grow(text.length);
    node.text += text;
  };
  parser.on("text", onText);
  parser.on("cdata", onText);
  parser.on("closetag", () => {
    way.pop();
    const node = open.pop();
    if (node !== undefined && open.length === 0 && !isStopped) isStopped = handlers.record(node, recordLine) === "stop";
  });
  await feed(path, name, encoding, parser, () => isStopped);
  return parser.line;
}

async function feed(path: string, name: string, encoding: Encoding, parser: SaxesParser, isStopped: () => boolean): Promise<void> {
  const decoder = decoderOf(encoding.name, name);
  let isFirst = true;
  const write = (text: string): void => {
    if (text === "") return;
    parser.write(isFirst && text.startsWith("\ufeff") ? text.slice(1) : text);
    isFirst = false;
  };
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>) {
      write(decoder.decode(chunk));
      if (isStopped()) return;
    }
    write(decoder.end());
    parser.close();
  } catch (error) {
    if (error instanceof TypeError) throw new WrongXml(parser.line, `bytes that are not ${encoding.name}`);
    if (error instanceof MillraceError && error.code === "MR3004") throw new WrongXml(parser.line, error.message);
    throw error;
  }
}

function nodeOf(name: string, given: Readonly<Record<string, string>>, plain: (name: string) => string): XmlNode {
  const attributes: (readonly [string, string])[] = [];
  let isNil = false;
  for (const [key, value] of Object.entries(given)) {
    if (key === "xmlns" || key.startsWith("xmlns:") || /^xsi:(schemaLocation|noNamespaceSchemaLocation)$/.test(key)) continue;
    if (key === "xsi:nil") isNil = value === "true" || value === "1";
    else attributes.push([plain(key), value]);
  }
  return { name: plain(name), attributes, children: [], text: "", isNil };
}
