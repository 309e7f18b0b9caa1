// Text of workbook parts as byte strings: entities, Excel's own escapes, and the runs of rich text.

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** The characters that stand between tags, as bytes. */
export function unescaped(bytes: string): string {
  let text = bytes;
  if (text.includes("<![CDATA["))
    text = text.replaceAll(/<!\[CDATA\[([\s\S]*?)\]\]>/g, (_, inner: string) => inner.replaceAll("&", "&amp;").replaceAll("<", "&lt;"));
  if (text.includes("&"))
    text = text.replaceAll(/&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|([a-z]+));/g, (whole, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return ENTITIES[name] ?? whole;
      return character(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)) ?? whole;
    });
  // Excel writes characters that XML cannot hold as _x000D_, and an underscore that would look like it as _x005F_.
  if (text.includes("_x"))
    text = text.replaceAll(/_x([0-9a-fA-F]{4})_/g, (whole, hex: string) => character(Number.parseInt(hex, 16)) ?? whole);
  return text;
}

/** All texts of an `si` or `is` element but those that say how to pronounce it. */
export function richText(xml: string): string {
  // Nearly all of them: one text, nothing else.
  const from = xml.startsWith("<is>") ? 4 : 0;
  if (xml.startsWith("<t", from)) {
    const open = xml.indexOf(">", from);
    const close = xml.indexOf("<", open);
    const isAlone = close !== -1 && xml.startsWith("</t>", close) && xml.length === close + (from === 4 ? 9 : 4);
    if (isAlone && xml.charCodeAt(open - 1) !== 47) return unescaped(xml.slice(open + 1, close));
  }
  const plain = xml.includes("rPh") ? xml.replaceAll(/<(?:\w+:)?rPh[\s>][\s\S]*?<\/(?:\w+:)?rPh>/g, "") : xml;
  let text = "";
  for (const [, inner = ""] of plain.matchAll(/<(?:\w+:)?t(?:\s[^>]*[^/>]|\s)?>([\s\S]*?)<\/(?:\w+:)?t>/g)) text += unescaped(inner);
  return text;
}

function character(code: number): string | null {
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return null;
  return code < 128 ? String.fromCharCode(code) : Buffer.from(String.fromCodePoint(code)).toString("latin1");
}
