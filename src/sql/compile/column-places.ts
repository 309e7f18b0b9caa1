// Where the columns of a query are made: the place in its text of the item of the select list that each comes from. A star is followed into the
// query's own `with` part; what comes from elsewhere stands at the star.
import type { DuckDBConnection } from "@duckdb/node-api";
import { childrenOf, isNode, parseSql, textOf, type TreeNode } from "../syntax/tree.ts";

/** A place in a text, in characters from its start. */
export interface TextPlace {
  readonly offset: number;
  readonly length: number;
}

/** Per text: column in lower case → place. `*` is the place of columns that no item names. A text that cannot be read has none. */
export async function columnPlaces(
  connection: DuckDBConnection,
  texts: readonly string[],
): Promise<readonly ReadonlyMap<string, TextPlace>[]> {
  const parsed = await parseSql(connection, texts);
  return parsed.map((each, index) => {
    const places = new Map<string, TextPlace>();
    const node = each.ok ? each.statements[0]?.["node"] : undefined;
    if (!isNode(node)) return places;
    const bytes = Buffer.from(texts[index]!);
    collect(node, new Map(), (name, at) => {
      if (at < 0 || places.has(name)) return;
      const offset = bytes.subarray(0, at).toString().length;
      places.set(name, { offset, length: /^(?:"[^"\n]*"|\*|[\w$.]+)/.exec(texts[index]!.slice(offset))?.[0].length ?? 1 });
    });
    return places;
  });
}

type Queries = ReadonlyMap<string, TreeNode>;

function collect(node: TreeNode, outer: Queries, tell: (name: string, at: number) => void): void {
  const queries = withQueries(node, outer);
  if (isNode(node["left"])) return collect(node["left"], queries, tell);
  for (const item of childrenOf(node["select_list"])) {
    if (item["class"] !== "STAR") {
      tell(nameOf(item).toLowerCase(), firstPlace(item));
      continue;
    }
    for (const [name, at] of replaced(item)) tell(name, at);
    const from = node["from_table"];
    const query = isNode(from) && from["type"] === "BASE_TABLE" ? queries.get(textOf(from["table_name"]).toLowerCase()) : undefined;
    if (query !== undefined) collect(query, outer, tell);
    tell("*", firstPlace(item));
  }
}

function withQueries(node: TreeNode, outer: Queries): Queries {
  const map = isNode(node["cte_map"]) ? childrenOf(node["cte_map"]["map"]) : [];
  const own = map.flatMap((entry): [string, TreeNode][] => {
    const query = isNode(entry["value"]) && isNode(entry["value"]["query"]) ? entry["value"]["query"]["node"] : undefined;
    return isNode(query) ? [[textOf(entry["key"]).toLowerCase(), query]] : [];
  });
  return new Map([...outer, ...own]);
}

/** `* replace (a + 1 as a)`. */
function replaced(star: TreeNode): readonly (readonly [string, number])[] {
  return childrenOf(star["replace_list"]).flatMap((entry) => {
    const name = textOf(entry["key"]);
    return name === "" ? [] : [[name.toLowerCase(), firstPlace(entry["value"])] as const];
  });
}

function nameOf(item: TreeNode): string {
  const alias = textOf(item["alias"]);
  if (alias !== "") return alias;
  const names = item["column_names"];
  const last: unknown = Array.isArray(names) ? names.at(-1) : undefined;
  return textOf(last);
}

/** The smallest place in an expression; -1 where it has none. */
function firstPlace(value: unknown): number {
  if (Array.isArray(value)) return smallest(value.map(firstPlace));
  if (!isNode(value)) return -1;
  const own = typeof value["query_location"] === "number" ? value["query_location"] : -1;
  return smallest([own, ...Object.values(value).map((inner) => (typeof inner === "object" ? firstPlace(inner) : -1))]);
}

function smallest(places: readonly number[]): number {
  return places.reduce((least, place) => (place >= 0 && (least < 0 || place < least) ? place : least), -1);
}
