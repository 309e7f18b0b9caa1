// What changed in an asset between two of its versions: found in the ledger, never by guessing.
//   H1. Loads and builds that changed a table in place are known by `_load` of the rows that they brought and by the table of those that they took out.
//   H2. A table that was made anew is compared with the one before, while that is kept.
//   H3. Otherwise it is not known, and the reason says why; who asks then takes everything.
import { type AssetVersions, readVersions } from "../../load/versions.ts";
import { splitLedgerAsset } from "../../model/environment.ts";
import { physicalTable } from "../../sql/ledger/publish.ts";
import type { Session } from "../../sql/session.ts";
import { ident, literal } from "../../sql/text.ts";

type Columns = readonly { readonly name: string; readonly type: string }[];

export type Changes =
  /** Rows that came or went, as SELECTs over the asset's columns. */
  | { readonly kind: "rows"; readonly selects: readonly string[] }
  /** Two tables, qualified and quoted, and the columns that both have. */
  | { readonly kind: "tables"; readonly before: string; readonly after: string; readonly columns: readonly string[] }
  | { readonly kind: "unknown"; readonly reason: string };

/** What changed of a table on the way from one version to another. `key`: of the ledger; what an environment has of its own may follow a version of prod's. */
export async function changesOf(
  session: Session,
  key: string,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<Changes> {
  const known = await readVersions(session, key);
  const { asset } = splitLedgerAsset(key);
  const inProd = asset === key ? [] : (await readVersions(session, asset)).versions;
  const byId = new Map([...inProd, ...known.versions].map((version) => [version.version, version]));
  const [before, after] = [byId.get(from), byId.get(to)];
  if (after?.physical == null) return { kind: "unknown", reason: `${asset} has no table` };
  const stepped = stepsBetween(known, from, to);
  if (stepped !== null && after.hidden.includes("_load")) return rowsOf(after.physical, after.columns, stepped);
  if (before === undefined) return { kind: "unknown", reason: `${asset} was changed in place, and which rows changed is not kept` };
  if (before.physical === null || !known.tables.has(before.physical))
    return { kind: "unknown", reason: `the version of ${asset} that it was built from is no longer kept` };
  const names = new Set(after.columns.map(({ name }) => name));
  const columns = before.columns.map(({ name }) => name).filter((name) => names.has(name));
  return { kind: "tables", before: physicalTable(before.physical), after: physicalTable(after.physical), columns };
}

interface Stepped {
  readonly loads: readonly string[];
  readonly undos: readonly string[];
  /** Moments at which rows of a snapshot were closed. */
  readonly closings: readonly string[];
}

/** H1; null where one of the steps is not of this kind. */
function stepsBetween({ steps, tables }: AssetVersions, from: string, to: string): Stepped | null {
  const [loads, undos, closings]: [string[], string[], string[]] = [[], [], []];
  const seen = new Set<string>();
  for (let at: string | null = to; at !== from;) {
    if (at === null || seen.has(at)) return null;
    seen.add(at);
    const step = steps.get(at);
    if (step === undefined || !step.continues || !step.inPlace || step.load === null) return null;
    if (step.undo !== null && !tables.has(step.undo)) return null;
    loads.push(step.load);
    if (step.undo !== null) undos.push(step.undo);
    if (step.closedAt !== null) closings.push(step.closedAt);
    at = step.previous;
  }
  return { loads, undos, closings };
}

function rowsOf(physical: string, columns: Columns, { loads, undos, closings }: Stepped): Changes {
  const listed = columns.map(({ name }) => ident(name)).join(", ");
  const brought = loads.length === 0 ? "false" : `_load in (${loads.map(literal).join(", ")})`;
  const closed = closings.map((moment) => ` or valid_to = ${literal(moment)}::timestamp`).join("");
  return {
    kind: "rows",
    // What was taken out may have had columns of another shape: those that both have by name, the others are NULL.
    selects: [
      `select ${listed} from ${physicalTable(physical)} where ${brought}${closed}`,
      ...undos.map((undo) => `from (select * exclude (_load, _file, _line) from ${physicalTable(undo)})`),
    ],
  };
}

/** SELECT of the distinct values that `expressions` have in the rows that changed. Tables are compared value by value. */
export function valuesChanged(changes: Exclude<Changes, { readonly kind: "unknown" }>, expressions: readonly string[]): string {
  const named = expressions.map((expression, index) => `${expression} as v${index}`).join(", ");
  if (changes.kind === "rows") return changes.selects.map((rows) => `select distinct ${named} from (${rows})`).join(" union ");
  const cells = changes.columns.map((name) => ident(name)).join(", ");
  const list = expressions.map((_, index) => `v${index}`).join(", ");
  const digest = (table: string): string =>
    `select ${named}, count(*) as n, sum(hash(${cells})::hugeint) as a, bit_xor(hash(1, ${cells})) as b from ${table} group by all`;
  const both = `select *, 1 as side from (${digest(changes.before)}) union all select *, 2 as side from (${digest(changes.after)})`;
  return `select ${list} from (${both}) group by ${list} having count(*) <> 2 or count(distinct n) > 1 or count(distinct a) > 1 or count(distinct b) > 1`;
}

/** The same of rows of another table that meet a row that changed: `theirs` of it is a value of `changed`, or both are NULL. */
export function valuesMet(
  changed: string,
  { relation, theirs }: { readonly relation: string; readonly theirs: string },
  expressions: readonly string[],
): string {
  const named = expressions.map((expression, index) => `${expression} as v${index}`).join(", ");
  return `select distinct ${named} from (select r.* exclude (_millrace_met) from (select *, ${theirs} as _millrace_met from ${relation}) r
    semi join (${changed}) c on r._millrace_met is not distinct from c.v0)`;
}
