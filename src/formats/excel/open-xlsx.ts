// An .xlsx as sheets with rows: which part is which sheet, what the styles make of numbers, and the texts that cells share.
import { posix } from "node:path";
import { MillraceError } from "../../model/errors.ts";
import { builtinKind, kindOfFormat, NUMBER, type NumberKind } from "./dates.ts";
import { damaged, Package } from "./package.ts";
import { scanRows } from "./scan.ts";
import type { Merge, Sheet, Workbook } from "./sheets.ts";
import { richText } from "./xml-text.ts";

const PART_CHARACTERS_MAX = 256 << 20;
type Tag = { readonly name: string; readonly attributes: Readonly<Record<string, string>> };

/** Throws MR3264, MR3265, MR3111. */
export async function openXlsx(path: string, name: string): Promise<Workbook> {
  const parts = await Package.open(path, name);
  try {
    const rootPath = await workbookPath(parts);
    const workbook = await tagsOf(parts, rootPath, name);
    if (workbook === null) {
      const isOther = parts.has("content.xml") || parts.has("xl/workbook.bin");
      throw new MillraceError({
        code: "MR3264",
        message: `${name} is no sound workbook: ${rootPath} is missing`,
        ...(isOther ? { hint: "it is a spreadsheet of another kind; save it as .xlsx" } : {}),
      });
    }
    const folder = posix.dirname(rootPath);
    const relations = new Map(
      ((await tagsOf(parts, posix.join(folder, "_rels", `${posix.basename(rootPath)}.rels`), name)) ?? [])
        .filter((tag) => tag.name === "Relationship")
        .map(({ attributes }) => [attributes["Id"] ?? "", attributes] as const),
    );
    const partOf = (target: string): string => (target.startsWith("/") ? target.slice(1) : posix.join(folder, target));
    const byType = (ending: string): string | null => {
      const found = [...relations.values()].find((relation) => (relation["Type"] ?? "").endsWith(ending));
      return found === undefined ? null : partOf(found["Target"] ?? "");
    };
    const property = workbook.find((tag) => tag.name === "workbookPr")?.attributes["date1904"];
    const context = {
      strings: await sharedStrings(parts, byType("/sharedStrings") ?? posix.join(folder, "sharedStrings.xml")),
      kinds: kindsOf((await tagsOf(parts, byType("/styles") ?? posix.join(folder, "styles.xml"), name)) ?? []),
      is1904: property === "1" || property === "true",
    };
    const sheets = workbook.flatMap(({ name: tag, attributes }): Sheet[] => {
      if (tag !== "sheet") return [];
      const relation = relations.get(
        attributes["r:id"] ?? attributes["id"] ?? Object.entries(attributes).find(([key]) => key.endsWith(":id"))?.[1] ?? "",
      );
      // Charts and macros have tabs too.
      if (relation === undefined || !(relation["Type"] ?? "").endsWith("/worksheet")) return [];
      const part = partOf(relation["Target"] ?? "");
      return [
        {
          name: attributes["name"] ?? "",
          isHidden: attributes["state"] === "hidden" || attributes["state"] === "veryHidden",
          rows: async (onRow) => {
            try {
              return await scanRows(parts.pieces(part), context, onRow);
            } catch (error) {
              throw damaged(error, name);
            }
          },
          merges: () => mergesOf(parts, part),
        },
      ];
    });
    return { sheets, close: () => parts.close() };
  } catch (error) {
    parts.close();
    throw damaged(error, name);
  }
}

async function workbookPath(parts: Package): Promise<string> {
  const xml = (await parts.text("_rels/.rels")) ?? "";
  for (const [relation] of xml.matchAll(/<[^>]*Relationship\s[^>]*>/g)) {
    if (/Type="[^"]*\/officeDocument"/.test(relation)) return (/Target="([^"]+)"/.exec(relation)?.[1] ?? "").replace(/^\//, "");
  }
  return "xl/workbook.xml";
}

/** All elements of a small part, names without prefix; null when there is no such part. */
async function tagsOf(parts: Package, path: string, name: string): Promise<readonly Tag[] | null> {
  const xml = await parts.text(path);
  if (xml === null) return null;
  const { SaxesParser } = await import("saxes");
  const parser = new SaxesParser({ fileName: name });
  const tags: Tag[] = [];
  parser.on("error", (error) => {
    throw damaged(new Error(`${path}: ${error.message}`), name);
  });
  parser.on("doctype", () => {
    throw damaged(new Error(`${path} has a document type`), name);
  });
  parser.on("opentag", (tag) => {
    tags.push({ name: tag.name.slice(tag.name.indexOf(":") + 1), attributes: tag.attributes as Readonly<Record<string, string>> });
  });
  // A parser of elements below `cellXfs` only would be shorter by its styles; the part is small.
  parser.on("closetag", (tag) => {
    if (/(^|:)(cellXfs|cellStyleXfs)$/.test(tag.name)) tags.push({ name: `/${tag.name.slice(tag.name.indexOf(":") + 1)}`, attributes: {} });
  });
  parser.write(xml).close();
  return tags;
}

function kindsOf(tags: readonly Tag[]): readonly NumberKind[] {
  const own = new Map<number, NumberKind>();
  const kinds: NumberKind[] = [];
  let isWithin = false;
  for (const { name, attributes } of tags) {
    if (name === "numFmt") own.set(Number(attributes["numFmtId"]), kindOfFormat(attributes["formatCode"] ?? ""));
    else if (name === "cellXfs") isWithin = true;
    else if (name === "/cellXfs") isWithin = false;
    else if (name === "xf" && isWithin) {
      const id = Number(attributes["numFmtId"] ?? 0);
      kinds.push(own.get(id) ?? builtinKind(id) ?? NUMBER);
    }
  }
  return kinds;
}

async function sharedStrings(parts: Package, path: string): Promise<readonly string[]> {
  if (!parts.has(path)) return [];
  const strings: string[] = [];
  let rest = "";
  for await (const piece of parts.pieces(path)) {
    rest += piece.toString("latin1");
    const end = rest.lastIndexOf("si>");
    if (end === -1) {
      if (rest.length > PART_CHARACTERS_MAX) throw new Error("a text is too large");
      continue;
    }
    takeStrings(rest.slice(0, end + 3), strings);
    // An item that began behind the last end waits for its own.
    rest = rest.slice(end + 3);
  }
  takeStrings(rest, strings);
  return strings;
}

function takeStrings(xml: string, strings: string[]): void {
  for (const [, inner] of xml.matchAll(/<(?:\w+:)?si(?:\s[^>]*)?(?:\/>|>([\s\S]*?)<\/(?:\w+:)?si>)/g))
    strings.push(inner === undefined ? "" : richText(inner));
}

async function mergesOf(parts: Package, path: string): Promise<readonly Merge[]> {
  const merges: Merge[] = [];
  let rest = "";
  for await (const piece of parts.pieces(path)) {
    rest += piece.toString("latin1");
    const from = rest.lastIndexOf("<");
    for (const [, first, top, last, bottom] of rest
      .slice(0, from)
      .matchAll(/<(?:\w+:)?mergeCell\s[^>]*ref="\$?([A-Z]+)\$?(\d+):\$?([A-Z]+)\$?(\d+)"/g))
      merges.push({ firstRow: Number(top), lastRow: Number(bottom), firstColumn: letters(first), lastColumn: letters(last) });
    rest = rest.slice(from);
  }
  return merges;
}

function letters(text = ""): number {
  let column = 0;
  for (const letter of text) column = column * 26 + letter.charCodeAt(0) - 64;
  return column - 1;
}
