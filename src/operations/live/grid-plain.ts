// Rows of assets whose partitions the warehouse tells as bits, told again when what they are made of changed.
import type { NodeId } from "../../model/graph.ts";
import { parseKey, partOf, partsIn } from "../../plan/partitions/space.ts";
import type { PartitionWorld } from "../../plan/partitions/status.ts";
import type { Session } from "../../sql/session.ts";
import { type GridKept, type KeptRows, ledgerPrints, placesSignature, signatureOf } from "./grid-kept.ts";
import { type Laid, NUMBERS, rangeOf, rowKey } from "./grid-lay.ts";
import { type LedgerAsked, readStanding, type Standing } from "./grid-ledger.ts";

export interface Telling {
  readonly world: PartitionWorld;
  readonly laid: readonly Laid[];
  readonly keyOf: (id: NodeId) => string;
  readonly kept: GridKept;
}

type PlainLaid = Laid & { readonly plain: NonNullable<Laid["plain"]> };

/** Fills the rows of assets that bits can tell; answers those that they could not. */
export async function tellPlain(session: Session, { world, laid, keyOf: ledgerKey, kept }: Telling): Promise<Set<NodeId>> {
  const strays = new Set<NodeId>();
  if (laid.length === 0) return strays;
  const prints = await ledgerPrints(session); // before the rows: what is written meanwhile is told again
  const groups = new Map<string, PlainLaid[]>();
  for (const each of laid as readonly PlainLaid[]) {
    const form = JSON.stringify([each.axis.number, each.along, each.asset.space.domains.length]);
    const group = groups.get(form);
    if (group === undefined) groups.set(form, [each]);
    else group.push(each);
  }
  for (const group of groups.values()) {
    const { axis, along } = group[0]!;
    const signatures = new Map(group.map((each) => [each, madeOf(each, { world, prints, ledgerKey })]));
    const places = countedOnce((count) => placesSignature(axis.places, count));
    const changed = group.filter((each) => !takeKept(each, kept.get(each.asset.id), { signature: signatures.get(each)!, places }));
    if (changed.length === 0) continue;
    const asked = changed.map((each): LedgerAsked & { readonly plain: PlainLaid["plain"] } => {
      const range = rangeOf(each);
      fillMissing(each, range);
      return { asset: each.asset, key: ledgerKey(each.asset.id), plain: each.plain, ...range };
    });
    const parts = axis.places.map((place) => partOf(axis.domain, place));
    const read = await readStanding(session, { world, axis: { along, parts }, asked, keyOf: ledgerKey });
    const own = new Set(read.strays);
    const byId = new Map(changed.map((each) => [each.asset.id, each]));
    for (const standing of read.standing) if (!mark(byId.get(standing.asset)!.rows, standing)) own.add(standing.asset);
    for (const each of changed) {
      const { id } = each.asset;
      if (own.has(id)) kept.delete(id);
      else {
        const count = axis.places.length;
        kept.set(id, { signature: signatures.get(each)!, places: places(count), count, ...rangeOf(each), rows: new Map(each.rows) });
      }
    }
    for (const stray of own) strays.add(stray);
  }
  return strays;
}

interface Making {
  readonly world: PartitionWorld;
  readonly prints: ReadonlyMap<string, string>;
  readonly ledgerKey: (id: NodeId) => string;
}

/** K1 (grid-kept.ts). */
function madeOf({ asset, axis, along, slice, plain }: PlainLaid, { world, prints, ledgerKey }: Making): string {
  const others = slice?.filter((_, index) => index !== along) ?? null;
  const whole = plain.whole.map((input) => [input.asset, world.whole(input.asset)]);
  const same = plain.same.map((input) => [input.asset, world.whole(input.asset), prints.get(ledgerKey(input.asset)) ?? null]);
  return signatureOf([asset.codeHash, axis.identity, along, others, prints.get(ledgerKey(asset.id)) ?? null, whole, same]);
}

function countedOnce(of: (count: number) => string): (count: number) => string {
  const known = new Map<number, string>();
  return (count) => {
    const found = known.get(count) ?? of(count);
    known.set(count, found);
    return found;
  };
}

/** False: they are of something else. */
function takeKept(
  each: Laid,
  kept: KeptRows | undefined,
  { signature, places }: { readonly signature: string; readonly places: (count: number) => string },
): boolean {
  const { axis, rows } = each;
  const { from, to } = rangeOf(each);
  if (kept === undefined || kept.signature !== signature || kept.from !== from || kept.to > to) return false;
  if (kept.count > axis.places.length || kept.places !== places(kept.count)) return false;
  for (const [key, numbers] of kept.rows) {
    if (kept.count === axis.places.length && kept.to === to) rows.set(key, numbers);
    else {
      const longer = new Uint8Array(axis.places.length);
      longer.set(numbers);
      rows.set(key, longer.fill(NUMBERS.missing, kept.to, to));
    }
  }
  return true;
}

/** G3 (grid.ts). False: one of them lies outside of the definition. */
export function layOutcomes({ asset, axis, along, rows }: Laid): boolean {
  const own = new Set<string>();
  for (const [name, outcome] of asset.outcomes) {
    const parts = parseKey(asset.space, name);
    const key = parts === undefined ? "" : rowKey(asset, along, parts);
    const place = parts === undefined ? undefined : axis.positions.get(parts[along]!);
    const numbers = rows.get(key);
    if (place === undefined || numbers === undefined || numbers[place] === 0) return false;
    const copy = own.has(key) ? numbers : numbers.slice(); // what is kept stays as it was told
    copy[place] = NUMBERS[outcome];
    rows.set(key, copy);
    own.add(key);
  }
  return true;
}

function fillMissing({ asset, axis, along, slice, rows }: Laid, { from, to }: { readonly from: number; readonly to: number }): void {
  if (slice === null || to <= from) return;
  const { space } = asset;
  const others = { asset: asset.id, domains: space.domains.filter((_, index) => index !== along) };
  for (const parts of partsIn(
    others,
    slice.filter((_, index) => index !== along),
  ))
    rows.set(rowKey(asset, along, parts.toSpliced(along, 0, "")), new Uint8Array(axis.places.length).fill(NUMBERS.missing, from, to));
}

/** False: there is no such row. */
function mark(rows: ReadonlyMap<string, Uint8Array>, { row, as, bits }: Standing): boolean {
  const numbers = rows.get(row);
  if (numbers === undefined) return false;
  const number = NUMBERS[as];
  for (let place = bits.indexOf("1"); place >= 0; place = bits.indexOf("1", place + 1)) numbers[place] = number;
  return true;
}
