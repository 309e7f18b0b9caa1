// The meaning of what gives rows without a condition: tables, functions, and set operations over whole queries.
import { STEADY_TABLE_FUNCTIONS } from "./functions.ts";
import { byHash, leafKey, made, type Part, raw, type Relation, rowsOf, shown, term } from "./terms.ts";
import { at, passedOn, withTable } from "../plan/columns.ts";
import { UnknownPlan } from "../plan/nodes.ts";
import type { SetOperation } from "../plan/operator.ts";
import type { Scan } from "../plan/scan.ts";

/** Rows of a table, or of a function: of its arguments alone, or beside those of the rows below it. */
export function scanned(scan: Scan, below: Relation | null, assetOf: (table: string) => string): Relation {
  if (scan.limited !== null) throw new UnknownPlan(scan.limited);
  const all = scan.from === undefined ? ofFunction(scan, below) : ofTable(scan, assetOf(scan.from));
  return { ...all, out: passedOn(all.out, scan.passed), tables: withTable(all.tables, scan.table, all.out) };
}

function ofTable({ names, types, columns }: Scan, asset: string): Relation {
  const out = columns.map((index) => {
    const name = names[index];
    // The place of a row in its table.
    if (name === undefined) return term(`${asset}.rowid`, ["place", asset], new Set([leafKey(asset, "order")]));
    return term(`${asset}.${name}`, ["column", asset, name, raw(types[index])], new Set([leafKey(asset, "column", name)]));
  });
  const source = term(asset, ["scan", asset], new Set([leafKey(asset, "rows")]));
  return made(source, [], { out, sequence: term("", ["as it lies", asset], new Set([leafKey(asset, "order")])) });
}

function ofFunction({ name, settings: given, columns, beside }: Scan, below: Relation | null): Relation {
  if (!STEADY_TABLE_FUNCTIONS.has(name)) throw new UnknownPlan(`the table function ${name}`);
  const settings: Part = [name, ...given.map(raw)];
  if (below === null) {
    const source = term(`${name}()`, ["function", settings]);
    return made(source, [], { out: columns.map((index) => term(`${name}()`, ["given", source, index])) });
  }
  const taken = below.out.filter((_, index) => !beside.includes(index));
  const source = term(`${name}(${taken.map(({ words }) => words).join(", ")})`, ["function", settings, rowsOf(below), taken]);
  const out = columns.map((index) => term(source.words, ["given", source, index]));
  return made(source, [below], { out: [...out, ...beside.map((index) => at(below.out, index))], tables: below.tables });
}

export function setOperation({ type, isAll: all, table }: SetOperation, sides: readonly Relation[]): Relation {
  const [first] = sides;
  if (first === undefined) throw new UnknownPlan(`${type} without inputs`);
  if (sides.some(({ out }) => out.length !== first.out.length)) throw new UnknownPlan(`${type} of unequal inputs`);
  const branches = sides.map((side) => ({ side, rows: rowsOf(side), whole: term("", ["branch", rowsOf(side), side.out]) }));
  const verb = `${type.replace(/^LOGICAL_/, "").toLowerCase()}${all ? " all" : ""}`;
  const words = branches.map(({ rows }) => rows.words).join(` ${verb} `);
  if (type !== "LOGICAL_UNION") {
    const source = term(words, [type, all, branches.map(({ whole }) => whole)]);
    return shown(made(source, sides, { out: [], tables: new Map() }), table, first.out);
  }
  const ordered = branches.toSorted((a, b) => byHash(a.rows, b.rows) || byHash(a.whole, b.whole));
  const source = term(words, [type, all, ordered.map(({ rows, whole }) => (all ? rows : whole))]);
  const columns = first.out.map((_, index) =>
    term(sides.map(({ out }) => out[index]!.words).join(" | "), ["united", source, ordered.map(({ side }) => side.out[index]!)]),
  );
  // Which branch comes first counts for what depends on the order.
  const sequence = term("", ["one after another", sides.map((side, index) => [side.sequence, branches[index]!.whole])]);
  return shown(made(source, sides, { out: [], tables: new Map(), sequence }), table, columns);
}
