// The meaning of what gives rows without a condition: tables, functions, and set operations over whole queries.
import { raw } from "./expressions.ts";
import { STEADY_TABLE_FUNCTIONS } from "./functions.ts";
import { at, only, shown } from "./nodes.ts";
import { byHash, leafKey, made, type Part, type Relation, rowsOf, term, UnknownMeaning } from "./terms.ts";
import { numbersOf, type PlanNode, stringsOf } from "../lineage/plan.ts";
import { textOf } from "../syntax/tree.ts";

export function tableScan(node: PlanNode, asset: string, indexes: readonly number[]): Relation {
  const [names, types] = [stringsOf(node["names"]), Array.isArray(node["returned_types"]) ? node["returned_types"] : []];
  const out = indexes.map((index) => {
    const name = names[index];
    // The place of a row in its table.
    if (name === undefined) return term(`${asset}.rowid`, ["place", asset], new Set([leafKey(asset, "order")]));
    return term(`${asset}.${name}`, ["column", asset, name, raw(types[index])], new Set([leafKey(asset, "column", name)]));
  });
  const source = term(asset, ["scan", asset], new Set([leafKey(asset, "rows")]));
  return made(source, [], { out, sequence: term("", ["as it lies", asset], new Set([leafKey(asset, "order")])) });
}

/** Rows of a function: of its arguments alone, or beside those of the rows below it. */
export function tableFunction(node: PlanNode, below: Relation | null, indexes: readonly number[]): Relation {
  const name = textOf(node["name"]);
  if (!STEADY_TABLE_FUNCTIONS.has(name)) throw new UnknownMeaning(`the table function ${name}`);
  const settings: Part = [
    name,
    raw(node["named_parameters"]),
    raw(node["parameters"]),
    raw(node["function_data"] ?? null),
    String(node["ordinality_idx"]),
  ];
  if (below === null) {
    const source = term(`${name}()`, ["function", settings]);
    return made(source, [], { out: indexes.map((index) => term(`${name}()`, ["given", source, index])) });
  }
  const passed = numbersOf(node["projected_input"]);
  const given = below.out.filter((_, index) => !passed.includes(index));
  const source = term(`${name}(${given.map(({ words }) => words).join(", ")})`, ["function", settings, rowsOf(below), given]);
  const out = indexes.map((index) => term(source.words, ["given", source, index]));
  return made(source, [below], { out: [...out, ...passed.map((index) => at(below.out, index))], tables: below.tables });
}

export function setOperation(node: PlanNode, sides: readonly Relation[]): Relation {
  only(node, ["table_index", "column_count", "setop_all", "allow_out_of_order"]);
  const all = node["setop_all"] === true;
  const type = textOf(node["type"]);
  const [first] = sides;
  if (first === undefined) throw new UnknownMeaning(`${type} without inputs`);
  if (sides.some(({ out }) => out.length !== first.out.length)) throw new UnknownMeaning(`${type} of unequal inputs`);
  const branches = sides.map((side) => ({ side, rows: rowsOf(side), whole: term("", ["branch", rowsOf(side), side.out]) }));
  const verb = `${type.replace(/^LOGICAL_/, "").toLowerCase()}${all ? " all" : ""}`;
  const words = branches.map(({ rows }) => rows.words).join(` ${verb} `);
  if (type !== "LOGICAL_UNION") {
    const source = term(words, [type, all, branches.map(({ whole }) => whole)]);
    return shown(made(source, sides, { out: [], tables: new Map() }), node["table_index"], first.out);
  }
  const ordered = branches.toSorted((a, b) => byHash(a.rows, b.rows) || byHash(a.whole, b.whole));
  const source = term(words, [type, all, ordered.map(({ rows, whole }) => (all ? rows : whole))]);
  const columns = first.out.map((_, index) =>
    term(sides.map(({ out }) => out[index]!.words).join(" | "), ["united", source, ordered.map(({ side }) => side.out[index]!)]),
  );
  // Which branch comes first counts for what depends on the order.
  const sequence = term("", ["one after another", sides.map((side, index) => [side.sequence, branches[index]!.whole])]);
  return shown(made(source, sides, { out: [], tables: new Map(), sequence }), node["table_index"], columns);
}
