// How the partitions of many assets stand in the ledger, told by the warehouse as bits along an axis, so that millions of them are never rows here.
//   L1. A partition is as it would be built when what it was made of is what it would be made of now. Here that is known for assets that read others whole,
//       or the partition of the same key; `readsPlainly` says of which.
import { isSameCode } from "../../model/code-hash.ts";
import { type Dimension, PART_SEPARATOR } from "../../model/partition.ts";
import type { Space } from "../../plan/partitions/space.ts";
import type { PartitionedAsset, PartitionWorld } from "../../plan/partitions/status.ts";
import type { Input } from "../../plan/partitions/tokens.ts";
import type { Session } from "../../sql/session.ts";
import { literal } from "../../sql/text.ts";

/** Others are read partition by partition. */
const SAME_KEY_MAX = 3;
/** In no part of a key. */
const BETWEEN = "\u0001";

export interface LedgerAsked {
  readonly asset: PartitionedAsset;
  /** In the ledger. */
  readonly key: string;
  /** Places of the axis that it has partitions at: from, and up to but not. */
  readonly from: number;
  readonly to: number;
}

export interface LedgerAxis {
  /** Of the parts of a key the one that lies along the axis. */
  readonly along: number;
  /** Parts of keys in their order. */
  readonly parts: readonly string[];
}

export type StandingAs = "present" | "stale" | "quarantined";

/** Some partitions of an asset that stand alike. */
export interface Standing {
  readonly asset: string;
  /** Their key, `*` at the place of the axis. */
  readonly row: string;
  readonly as: StandingAs;
  /** A `1` for each place of the axis where one of them is. */
  readonly bits: string;
}

export interface LedgerRead {
  readonly standing: readonly Standing[];
  /** Assets with partitions that lie outside of what their definition says now. */
  readonly strays: ReadonlySet<string>;
}

export interface Plain {
  readonly whole: readonly Input[];
  readonly same: readonly Input[];
}

/** L1. Undefined for an asset that reads in another way. */
export function readsPlainly(
  { space, inputs }: PartitionedAsset,
  dimensionsOf: (asset: string) => readonly Dimension[],
): Plain | undefined {
  const whole = inputs.filter((input) => input.space === undefined || input.mapping === "all");
  const same = inputs.filter((input) => !whole.includes(input));
  const own = JSON.stringify(axesOf(space, dimensionsOf(space.asset)));
  const isPlain = (input: Input): boolean =>
    input.mapping === undefined && JSON.stringify(axesOf(input.space!, dimensionsOf(input.asset))) === own;
  return same.length <= SAME_KEY_MAX && same.every(isPlain) ? { whole, same } : undefined;
}

/** Spaces of equal axes have equal keys for equal partitions. */
function axesOf({ domains }: Space, dimensions: readonly Dimension[]): unknown {
  return domains.map((domain, index) => {
    const dimension = dimensions[index]!;
    if (domain.kind === "list") return [domain.name, domain.values];
    const step = dimension.kind === "time" ? dimension.unit : dimension.kind === "cron" ? dimension.cron : null;
    return [domain.isNamed ? domain.name : null, step, domain.steps.timezone];
  });
}

export interface LedgerRequest {
  readonly world: PartitionWorld;
  readonly axis: LedgerAxis;
  readonly asked: readonly (LedgerAsked & { readonly plain: Plain })[];
  /** Of any asset that is read. */
  readonly keyOf: (asset: string) => string;
}

export async function readStanding(session: Session, { world, axis, asked, keyOf }: LedgerRequest): Promise<LedgerRead> {
  const standing: Standing[] = [];
  const strays = new Set<string>();
  for (let same = 0; same <= SAME_KEY_MAX; same++) {
    const group = asked.filter(({ plain }) => plain.same.length === same);
    if (group.length === 0) continue;
    const rows = await session.rows<{ n: number; row: string; code: string; aside: boolean; fresh: boolean; stray: boolean; bits: string }>(
      standingSql({ world, axis, asked: group, keyOf }, same),
    );
    for (const { n, row, code, aside, fresh, stray, bits } of rows) {
      const { asset } = group[n]!;
      if (stray) strays.add(asset.id);
      else standing.push({ asset: asset.id, row, as: standsAs(fresh && isSameCode(code, asset.codeHash), aside), bits });
    }
  }
  return { standing, strays };
}

function standsAs(isFresh: boolean, isAside: boolean): StandingAs {
  if (!isFresh) return "stale";
  return isAside ? "quarantined" : "present";
}

function standingSql({ world, axis, asked, keyOf }: LedgerRequest, same: number): string {
  const numbers = Array.from({ length: same }, (_, number) => number);
  const values = asked.map(({ key, from, to, plain }, n) => {
    const needs = plain.same.flatMap(({ asset: need }) =>
      [keyOf(need), pathOf(need), world.whole(need), JSON.stringify(need)].map(literal),
    );
    return `(${[n, literal(key), from, to, wholesOf(world, plain), ...needs].join(", ")})`;
  });
  const columns = numbers.map((each) => `, key${each}, path${each}, whole${each}, name${each}`).join("");
  const joins = numbers.map(
    (each) => `left join _millrace.partitions u${each} on u${each}.asset = a.key${each} and u${each}.partition = l.partition`,
  );
  const hasWholes = asked.some(({ plain }) => plain.whole.length > 0);
  const tokens = numbers.map((each) => `coalesce(l.partition || '=' || u${each}.version, a.whole${each})`);
  const isFresh = [
    ...(hasWholes
      ? [`coalesce(list_bool_and(list_transform(a.wholes, w -> json_extract_string(l.inputs, w.path) is not distinct from w.token)), true)`]
      : []),
    ...numbers.map((each) => `json_extract_string(l.inputs, a.path${each}) is not distinct from ${tokens[each]}`),
  ].join(" and ");
  // The same text is read in no other way; most are, where few are read.
  const text = `'{' || ${numbers.map((each) => `a.name${each} || ':"' || ${tokens[each]} || '"'`).join(" || ',' || ")} || '}'`;
  const fresh = isFresh === "" ? "true" : hasWholes ? isFresh : `case when l.inputs::varchar = ${text} then true else ${isFresh} end`;
  const parts = `string_split(l.partition, ${literal(PART_SEPARATOR)})`;
  const dimensions = asked[0]!.asset.space.domains.length;
  const along = dimensions === 1 ? "l.partition" : `${parts}[${axis.along + 1}]`;
  const row =
    dimensions === 1
      ? "'*'"
      : `array_to_string(list_transform(${parts}, (part, at) -> case when at = ${axis.along + 1} then '*' else part end), ${literal(PART_SEPARATOR)})`;
  return `with axis as (select unnest(parts) as part, generate_subscripts(parts, 1) - 1 as place from (select string_split(${literal(axis.parts.join(BETWEEN))}, chr(${BETWEEN.charCodeAt(0)})) as parts)),
    asked(n, key, low, high, wholes${columns}) as (values ${values.join(", ")}),
    found as (
      select a.n, ${row} as "row", l.code_hash as code, coalesce(l.quarantined, 0) > 0 as aside, ${fresh} as fresh,
        x.place is null or x.place < a.low or x.place >= a.high as stray, x.place::integer as place
      from _millrace.partitions l join asked a on a.key = l.asset left join axis x on x.part = ${along} ${joins.join(" ")}
    )
    select n, "row", code, aside, fresh, stray, bitstring_agg(place, 0, ${Math.max(1, axis.parts.length - 1)})::varchar as bits
    from found group by all`;
}

function pathOf(need: string): string {
  return `$.${JSON.stringify(need)}`;
}

function wholesOf(world: PartitionWorld, { whole }: Plain): string {
  const tokens = whole.map(({ asset }) => `{'path': ${literal(pathOf(asset))}, 'token': ${literal(world.whole(asset))}}`);
  return `[${tokens.join(", ")}]::struct(path varchar, token varchar)[]`;
}
