// The file that `millrace types` writes: a type per asset, from nothing but names, columns and descriptions, so that the same project gives the same text.
import type { NodeId } from "../../model/graph.ts";
import { propertyName, type RowForm, valueType } from "./value-types.ts";

export interface TypedColumn {
  readonly name: string;
  /** As DuckDB spells it. */
  readonly type: string;
  readonly required: boolean;
  readonly description: string | null;
  /** `asset.column` that the description was written at, where that is another. */
  readonly from: string | null;
}

export interface TypedAsset {
  readonly asset: NodeId;
  readonly description: string | null;
  /** Empty: not known yet. */
  readonly columns: readonly TypedColumn[];
}

const OWN_NAMES = ["Row", "Rows", "JsonRows"];

export interface TypesText {
  readonly text: string;
  /** What the text says of each asset. */
  readonly parts: ReadonlyMap<NodeId, string>;
}

export function typesText(project: string, assets: readonly TypedAsset[]): TypesText {
  const sorted = assets.toSorted((a, b) => (a.asset < b.asset ? -1 : 1));
  const names = typeNames(sorted.map(({ asset }) => asset));
  const types = sorted.map((asset) => assetTypes(asset, names.get(asset.asset)!));
  const table = (form: RowForm): string =>
    types.map(({ asset, code, json }) => `  readonly ${JSON.stringify(asset)}: ${form === "code" ? code : json};`).join("\n");
  const text = `// Rows of the assets of ${oneLine(project)}. Written by \`millrace types\`: do not edit, \`millrace types --check\` says whether it is current.
import type { Row } from "millrace";

${types.map(({ text }) => text).join("\n")}
/** Rows by asset, as \`read()\` in pipelines gives them. */
export interface Rows {
${table("code")}
}

/** Rows by asset, as \`millrace query --format json\` and the API give them. */
export interface JsonRows {
${table("json")}
}

declare module "millrace" {
  interface AssetRows extends Rows {}
}
`;
  return { text, parts: new Map(types.map((each) => [each.asset, each.text])) };
}

interface AssetTypes {
  readonly asset: NodeId;
  readonly code: string;
  readonly json: string;
  readonly text: string;
}

function assetTypes({ asset, description, columns }: TypedAsset, name: string): AssetTypes {
  if (columns.length === 0) {
    const unknown = comment([description, `The columns of ${asset} are not known before its first run.`], "");
    return { asset, code: name, json: name, text: `${unknown}export type ${name} = Row;\n` };
  }
  const [code, json] = [rowType(columns, "code"), rowType(columns, "json")];
  const isSame = columns.every(({ type }) => valueType(type, "code") === valueType(type, "json"));
  const head = comment([description, asset], "");
  const text = `${head}export type ${name} = ${code};\n`;
  if (isSame) return { asset, code: name, json: name, text };
  return {
    asset,
    code: name,
    json: `${name}Json`,
    text: `${text}\n/** ${oneLine(asset)} as JSON. */\nexport type ${name}Json = ${json};\n`,
  };
}

function rowType(columns: readonly TypedColumn[], form: RowForm): string {
  const lines = columns.map((column) => {
    const own = valueType(column.type, form);
    const type = column.required || own === "unknown" || own === "null" ? own : `${own} | null`;
    const from = column.from === null ? null : `From ${column.from}.`;
    // What people read stands once; the type of the other form has it by name.
    const told = form === "code" ? comment([column.description, from, column.type], "  ") : "";
    return `${told}  readonly ${propertyName(column.name)}: ${type};`;
  });
  return `{\n${lines.join("\n")}\n}`;
}

/** `raw.county_sales` → RawCountySales; names that would be the same get a number. */
function typeNames(assets: readonly NodeId[]): ReadonlyMap<NodeId, string> {
  const taken = new Set(OWN_NAMES);
  return new Map(
    assets.map((asset) => {
      const words = asset.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");
      const joined = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
      const plain = /^\p{L}/u.test(joined) ? joined : `Asset${joined}`;
      let name = plain;
      for (let number = 2; taken.has(name) || taken.has(`${name}Json`); number++) name = `${plain}${number}`;
      taken.add(name).add(`${name}Json`);
      return [asset, name];
    }),
  );
}

function comment(lines: readonly (string | null)[], indent: string): string {
  const told = lines.filter((line) => line !== null && line.trim() !== "").map((line) => oneLine(line!));
  if (told.length === 0) return "";
  if (told.length === 1) return `${indent}/** ${told[0]} */\n`;
  return `${indent}/**\n${told.map((line) => `${indent} * ${line}\n`).join("")}${indent} */\n`;
}

/** Nothing in a name or a description ends a comment or a line. */
function oneLine(text: string): string {
  return text.trim().replaceAll(/\s+/g, " ").replaceAll("*/", "*\\/");
}
