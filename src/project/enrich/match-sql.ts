// Records of one or two assets that mean the same thing, as one query: candidates share a block, a pair's score is the weighted mean of its similarities
// over the values that both have, a person's decision overrules the score.
//   X1. A pair stands once; within one asset the smaller id is the left one.
//   X2. Without enough evidence on both sides (`evidence`) a pair has no score and is none.
//   X3. A decision that is written down holds, whatever the score.
import type { MatchSpec } from "../../model/definitions/enrich.ts";
import { ident, literal, qualified } from "../../sql/text.ts";

export interface MatchDecision {
  readonly left: string;
  readonly right: string;
  readonly decision: "match" | "distinct";
}

const EVIDENCE_DEFAULT = 0.5;

type Comparison = MatchSpec["compare"][number];

/** Columns: left_id, right_id, score, status (`match`, `review`), decided (true: by a person), similarities (a list in the order of `compare`). */
export function matchSql(spec: MatchSpec, decisions: readonly MatchDecision[]): string {
  const { left, right = left, prepare = {}, block, threshold, review = threshold, evidence = EVIDENCE_DEFAULT } = spec;
  const ids = pairOf(spec.id);
  const isWithin = spec.right === undefined;
  const weights = spec.compare.map((comparison) => comparison.weight ?? 1);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const similarities = spec.compare.map((comparison) => `(${similarity(comparison)})::double`);
  const weighted = weights.map((weight, index) => `coalesce(_s[${index + 1}], 0) * ${weight}`).join(" + ");
  const present = weights.map((weight, index) => `case when _s[${index + 1}] is null then 0 else ${weight} end`).join(" + ");
  const order = isWithin ? "l._id < r._id" : "true";
  const candidates = block.map(
    (_, index) => `select l._id as _l, r._id as _r from _left l join _right r on l._b${index} = r._b${index} and ${order}`,
  );
  const decided = decisions.map((each) => `(${literal(each.left)}, ${literal(each.right)}, ${literal(each.decision)})`).join(", ");
  const decidedRows =
    decisions.length === 0
      ? "select null::varchar as _l, null::varchar as _r, null::varchar as _d where false"
      : `select * from (values ${decided}) as d(_l, _r, _d)`;
  const best = (own: string, other: string): string =>
    `row_number() over (partition by ${own} order by decided desc, score desc nulls last, ${other}) = 1`;
  const one = spec.oneToOne === true ? `qualify ${best("left_id", "right_id")} and ${best("right_id", "left_id")}\n` : "";
  return `with _left as materialized (
  ${records(left, ids.left, { prepare, block })}
), _right as materialized (
  ${records(right, ids.right, { prepare, block })}
), _decided as (
  ${decidedRows}
), _candidates as (
  select distinct _l, _r from (
    ${candidates.join("\n    union all ")}
    union all select d._l, d._r from _decided d where d._d = 'match'
  )
), _compared as (
  select c._l, c._r, [${similarities.join(", ")}] as _s
  from _candidates c join _left l on l._id = c._l join _right r on r._id = c._r
), _scored as (
  select _l, _r, _s, case when (${present}) >= ${evidence * total} then round((${weighted}) / (${present}), 6) end as _score from _compared
)
select s._l as left_id, s._r as right_id, s._score as score,
  case when d._d = 'match' then 'match' when s._score >= ${threshold} then 'match' else 'review' end as status,
  d._d is not null as decided, s._s as similarities
from _scored s left join _decided d on d._l = s._l and d._r = s._r
where d._d is distinct from 'distinct' and (d._d = 'match' or s._score >= ${Math.min(review, threshold)})
${one}order by left_id, right_id
`;
}

/** A prepared column takes the place of one of its name; blocks are worked out behind it. */
function records(
  asset: string,
  id: string,
  { prepare, block }: { readonly prepare: Readonly<Record<string, string>>; readonly block: readonly string[] },
): string {
  const table = qualified(...nameParts(asset));
  const own = `${ident(id)}::varchar as _id`;
  const prepared = Object.entries(prepare).map(([name, sql]) => `(${sql}) as ${ident(name)}`);
  if (prepared.length === 0) return `select *, ${own}, ${blocks(block)} from ${table}`;
  const names = Object.keys(prepare).map((name) => literal(name.toLowerCase()));
  const others = `columns(_c -> not list_contains([${names.join(", ")}], lower(_c)))`;
  return `select *, ${blocks(block)} from (select ${others}, ${prepared.join(", ")}, ${own} from ${table})`;
}

function blocks(block: readonly string[]): string {
  return block.map((sql, index) => `nullif((${sql})::varchar, '') as _b${index}`).join(", ");
}

/** Empty text says nothing; letters are compared without case, accents and doubled spaces. */
function plain(side: "l" | "r", column: string): string {
  return `nullif(trim(regexp_replace(strip_accents(lower(${side}.${ident(column)}::varchar)), '\\s+', ' ', 'g')), '')`;
}

function similarity({ column, sql, by = "jaroWinkler", scale = 1 }: Comparison): string {
  if (sql !== undefined) return sql;
  const names = pairOf(column ?? "");
  const [a, b] = [plain("l", names.left), plain("r", names.right)];
  const bothThere = (expression: string): string => `case when ${a} is null or ${b} is null then null else ${expression} end`;
  const [left, right] = [`l.${ident(names.left)}`, `r.${ident(names.right)}`];
  const near = (difference: string): string => `greatest(0, 1 - abs(${difference}) / ${scale}::double)`;
  switch (by) {
    case "exact":
      return bothThere(`case when ${a} = ${b} then 1 else 0 end`);
    case "jaroWinkler":
      return bothThere(`jaro_winkler_similarity(${a}, ${b})`);
    case "levenshtein":
      return bothThere(`1 - damerau_levenshtein(${a}, ${b}) / greatest(length(${a}), length(${b}))::double`);
    case "words":
      return bothThere(wordsAlike(a, b));
    case "letters":
      return bothThere(`jaccard(${a}, ${b})`);
    case "number":
      return near(`${left}::double - ${right}::double`);
    case "days":
      return near(`date_diff('day', ${left}::date, ${right}::date)`);
    default:
      return by satisfies never;
  }
}

/** Share of the words of both (Jaccard of word sets). */
function wordsAlike(a: string, b: string): string {
  const words = (text: string): string => `list_distinct(string_split(regexp_replace(${text}, '[^\\p{L}\\p{N} ]', '', 'g'), ' '))`;
  return `len(list_intersect(${words(a)}, ${words(b)})) / greatest(1, len(list_distinct(list_concat(${words(a)}, ${words(b)}))))::double`;
}

function pairOf(column: string | { readonly left: string; readonly right: string }): { readonly left: string; readonly right: string } {
  return typeof column === "string" ? { left: column, right: column } : column;
}

/** `raw.people` → its schema and name. */
export function nameParts(asset: string): [string, string] {
  const dot = asset.indexOf(".");
  return dot < 0 ? ["main", asset] : [asset.slice(0, dot), asset.slice(dot + 1)];
}
