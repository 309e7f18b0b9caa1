// How the rows of two relations differ.
//   C1. Equal hashes of all rows mean equal rows: two scans, whatever the size. Only where they differ anything is joined.
//   C2. With a key, rows are matched by it; NULL is a value like others. Of large relations only the parts whose hashes differ are joined.
//   C3. Without a key, or where it is not unique, rows are counted as they are: a row that changed is one removed and one added.
import type { DiffAnswer } from "../../model/diff-answers.ts";
import type { JsonValue } from "../../model/json.ts";
import type { Session } from "../../sql/session.ts";
import { ident } from "../../sql/text.ts";
import { type RelationColumn, sharedColumns, type SharedColumn } from "./columns.ts";

export interface Relation {
  /** What stands behind FROM. */
  readonly from: string;
  readonly columns: readonly RelationColumn[];
}

export interface CompareRequest {
  readonly before: Relation;
  readonly after: Relation;
  /** Columns of both, or null. */
  readonly key: readonly string[] | null;
  /** Rows of each kind that are shown. */
  readonly samples: number;
}

export type Comparison = Pick<DiffAnswer, "isSame" | "by" | "key" | "schema" | "rows" | "columns" | "samples" | "notes"> & {
  readonly counts: { readonly before: number; readonly after: number };
};

/** Rows from which on the parts of a relation are hashed before anything is joined. */
const PARTS_FROM_ROWS = 200_000;
const PARTS = 512;

const NO_SAMPLES: DiffAnswer["samples"] = { added: [], removed: [], changed: [] };

export async function compareRelations(session: Session, { before, after, key, samples }: CompareRequest): Promise<Comparison> {
  const { shared, schema } = sharedColumns(before.columns, after.columns);
  const sides = { before, after, shared };
  const [old, now] = [await wholeHash(session, sides, "before"), await wholeHash(session, sides, "after")];
  const counts = { before: old.rows, after: now.rows };
  const common = { schema, counts, key };
  const isSchemaSame = schema.added.length === 0 && schema.removed.length === 0 && schema.retyped.length === 0;
  if (old.rows === now.rows && old.hash === now.hash) {
    const rows = { added: 0, removed: 0, changed: 0, same: now.rows };
    return { ...common, isSame: isSchemaSame, by: "hash", rows, columns: [], samples: NO_SAMPLES, notes: [] };
  }
  if (shared.length === 0) {
    const rows = { added: now.rows, removed: old.rows, changed: null, same: null };
    return { ...common, isSame: false, by: "rows", rows, columns: [], samples: NO_SAMPLES, notes: ["they have no column in common"] };
  }
  const twice = key === null ? null : await duplicates(session, sides, key);
  if (key !== null && twice !== null && twice.before + twice.after === 0) {
    const where = Math.max(old.rows, now.rows) < PARTS_FROM_ROWS ? "" : await differingParts(session, sides, key);
    return { ...common, isSame: false, by: "key", ...(await byKey(session, sides, { key, where, samples, total: now.rows })), notes: [] };
  }
  const notes =
    twice === null
      ? []
      : [
          `the key ${key!.join(", ")} is not unique (${twice.before} rows too many before, ${twice.after} after): rows are counted as they are`,
        ];
  return { ...common, isSame: false, by: "rows", ...(await byRows(session, sides, samples)), notes };
}

interface Sides {
  readonly before: Relation;
  readonly after: Relation;
  readonly shared: readonly SharedColumn[];
}

type Side = "before" | "after";

function hashOf(columns: readonly SharedColumn[], side: Side): string {
  return columns.length === 0 ? "0::ubigint" : `hash(${columns.map((column) => column[side]).join(", ")})`;
}

/** Of all rows, however they are sorted; a row that is there twice counts twice. */
function digestOf(columns: readonly SharedColumn[], side: Side): string {
  const hash = hashOf(columns, side);
  return `coalesce(sum(${hash}::hugeint), 0)::varchar || ' ' || coalesce(bit_xor(hash(${hash}, 7)), 0)::varchar`;
}

async function wholeHash(session: Session, sides: Sides, side: Side): Promise<{ readonly rows: number; readonly hash: string }> {
  const row = await session.row<{ rows: number; hash: string }>(
    `select count(*) as "rows", ${digestOf(sides.shared, side)} as hash from ${sides[side].from}`,
  );
  return row!;
}

function keyColumns({ shared }: Sides, key: readonly string[]): readonly SharedColumn[] {
  return key.map((name) => shared.find((column) => column.name.toLowerCase() === name.toLowerCase())!);
}

/** Rows beyond the first of each key. */
async function duplicates(
  session: Session,
  sides: Sides,
  key: readonly string[],
): Promise<{ readonly before: number; readonly after: number }> {
  const own = keyColumns(sides, key);
  const extra = async (side: Side): Promise<number> => {
    const keys = own.map((column) => column[side]).join(", ");
    const row = await session.row<{ n: number }>(
      `select coalesce(sum(n - 1), 0)::bigint as n from (select count(*) as n from ${sides[side].from} group by ${keys} having count(*) > 1)`,
    );
    return row!.n;
  };
  return { before: await extra("before"), after: await extra("after") };
}

/** C2: a condition over both sides' `__part`. */
async function differingParts(session: Session, sides: Sides, key: readonly string[]): Promise<string> {
  const own = keyColumns(sides, key);
  const parts = (side: Side): string =>
    `select ${hashOf(own, side)} % ${PARTS} as part, count(*) as n, ${digestOf(sides.shared, side)} as hash from ${sides[side].from} group by all`;
  const rows = await session.rows<{ part: number }>(
    `select coalesce(b.part, a.part)::integer as part from (${parts("before")}) b full join (${parts("after")}) a on a.part = b.part
     where b.hash is distinct from a.hash or b.n is distinct from a.n`,
  );
  return rows.length === PARTS ? "" : `__part in (${rows.map(({ part }) => part).join(", ")})`;
}

interface ByKey {
  readonly key: readonly string[];
  readonly where: string;
  readonly samples: number;
  readonly total: number;
}

async function byKey(session: Session, sides: Sides, request: ByKey): Promise<Pick<Comparison, "rows" | "columns" | "samples">> {
  const { key, samples, total } = request;
  const own = keyColumns(sides, key);
  const others = sides.shared.filter((column) => !own.includes(column));
  const join = joinOf(sides, { own, others, where: request.where });
  const differs = (index: number): string => `b.v${index} is distinct from a.v${index}`;
  const isChanged = others.length === 0 ? "false" : others.map((_, index) => differs(index)).join(" or ");
  const both = "b.__in and a.__in";
  const cells = others.map((_, index) => `, count(*) filter (${both} and ${differs(index)}) as c${index}`).join("");
  const counted = await session.row<Record<string, number>>(
    `select count(*) filter (b.__in is null) as added, count(*) filter (a.__in is null) as removed,
       count(*) filter (${both} and (${isChanged})) as changed${cells} from ${join}`,
  );
  const { added = 0, removed = 0, changed = 0 } = counted!;
  const columns = others
    .map(({ name }, index) => ({ column: name, changed: counted![`c${index}`] ?? 0 }))
    .filter((each) => each.changed > 0)
    .toSorted((x, y) => y.changed - x.changed);
  const keysOf = (side: "a" | "b"): string => own.map((_, index) => `${side}.k${index}`).join(", ");
  const rowsOf = async (side: "a" | "b", condition: string): Promise<readonly Readonly<Record<string, JsonValue>>[]> => {
    const values = [
      ...own.map(({ name }, index) => `${side}.k${index} as ${ident(name)}`),
      ...others.map(({ name }, index) => `${side}.v${index} as ${ident(name)}`),
    ];
    return session.rows(`select ${values.join(", ")} from ${join} where ${condition} order by ${keysOf(side)} limit ${samples}`);
  };
  const pairs = others.map((_, index) => `, b.v${index} as b${index}, a.v${index} as a${index}, ${differs(index)} as d${index}`).join("");
  const found =
    changed === 0 || samples === 0
      ? []
      : await session.rows<Record<string, JsonValue>>(
          `select ${own.map((_, index) => `a.k${index} as k${index}`).join(", ")}${pairs} from ${join}
           where ${both} and (${isChanged}) order by ${keysOf("a")} limit ${samples}`,
        );
  return {
    rows: { added, removed, changed, same: total - added - changed },
    columns,
    samples: {
      added: added === 0 || samples === 0 ? [] : await rowsOf("a", "b.__in is null"),
      removed: removed === 0 || samples === 0 ? [] : await rowsOf("b", "a.__in is null"),
      changed: found.map((row) => ({
        key: Object.fromEntries(own.map(({ name }, index) => [name, row[`k${index}`] ?? null])),
        cells: others.flatMap(({ name }, index) =>
          row[`d${index}`] === true ? [{ column: name, before: row[`b${index}`] ?? null, after: row[`a${index}`] ?? null }] : [],
        ),
      })),
    },
  };
}

interface Joining {
  readonly own: readonly SharedColumn[];
  readonly others: readonly SharedColumn[];
  readonly where: string;
}

/** Both sides beside each other: keys as `k0…`, other values as `v0…`. */
function joinOf(sides: Sides, { own, others, where }: Joining): string {
  const side = (name: Side): string => {
    const columns = [
      "true as __in",
      ...own.map((column, index) => `${column[name]} as k${index}`),
      ...others.map((column, index) => `${column[name]} as v${index}`),
    ];
    const part = where === "" ? "" : `, ${hashOf(own, name)} % ${PARTS} as __part`;
    const rows = `select ${columns.join(", ")}${part} from ${sides[name].from}`;
    return where === "" ? `(${rows})` : `(select * exclude (__part) from (${rows}) where ${where})`;
  };
  const on = own.map((_, index) => `b.k${index} is not distinct from a.k${index}`).join(" and ");
  return `${side("before")} b full join ${side("after")} a on ${on}`;
}

/** C3. */
async function byRows(session: Session, sides: Sides, samples: number): Promise<Pick<Comparison, "rows" | "columns" | "samples">> {
  const rowsOf = (side: Side): string =>
    `select ${sides.shared.map((column) => `${column[side]} as ${ident(column.name)}`).join(", ")} from ${sides[side].from}`;
  const only = (side: Side, other: Side): string => `(${rowsOf(side)} except all ${rowsOf(other)})`;
  const count = async (from: string): Promise<number> => (await session.row<{ n: number }>(`select count(*) as n from ${from}`))!.n;
  const some = async (from: string, n: number): Promise<readonly Readonly<Record<string, JsonValue>>[]> =>
    n === 0 || samples === 0 ? [] : session.rows(`select * from ${from} order by all limit ${samples}`);
  const [added, removed] = [only("after", "before"), only("before", "after")];
  const counts = { added: await count(added), removed: await count(removed) };
  return {
    rows: { ...counts, changed: null, same: null },
    columns: [],
    samples: { added: await some(added, counts.added), removed: await some(removed, counts.removed), changed: [] },
  };
}
