// The known answers of the demo, computed from the county's objects: another path than files, service, loader and SQL.
import { type County, dateOf, type Deed, type Home, secondDeliveryDay } from "./county.ts";
import { BROKEN_SALES } from "./deliveries.ts";
import { BROKEN_LISTINGS } from "./service.ts";

/** A deed with less is a gift or a formality. */
const USABLE_PRICE = 10_000;

interface SourceTruth {
  readonly read: number;
  readonly loaded: number;
  readonly quarantined: number;
  readonly filtered: number;
}

interface MarketRow {
  readonly neighborhood: string;
  readonly month: string;
  readonly sales: number;
  readonly medianPrice: number;
}

export interface Truth {
  /** Per load of the county: after the first delivery, then the second. */
  readonly sales: readonly [SourceTruth, SourceTruth];
  readonly listings: SourceTruth;
  /** Rows of raw.county_sales in the end, and the sum of their prices. */
  readonly deeds: { readonly rows: number; readonly withPrice: number; readonly priceSum: number };
  readonly homes: number;
  readonly matched: { readonly parcel: number; readonly address: number; readonly none: number };
  /** Listings whose home was sold for a usable price on or after the day it was listed. */
  readonly soldListings: number;
  /** Median of sale price ÷ asking price of those. */
  readonly medianRatio: number;
  readonly market: readonly MarketRow[];
}

export function truthOf(county: County): Truth {
  const second = secondDeliveryDay();
  const duplicates = (from: number, to: number): number =>
    county.deeds.filter(({ duplicated, day }) => duplicated && day >= from && day < to).length;
  const deedsBefore = county.deeds.filter(({ day }) => day < second).length;
  const corrections = county.deeds.filter(({ firstPrice }) => firstPrice !== undefined).length;
  const brokenTotal = sum(Object.values(BROKEN_SALES));
  const brokenFirst = sum(Object.values(BROKEN_SALES).map((count) => Math.ceil((count * 2) / 3)));
  const homes = new Set(county.deeds.map(({ home }) => home));
  const sold = soldPairs(county);
  const known = county.listings.map(({ home, parcel, parcelIsWrong }) => {
    if (home === undefined || !homes.has(home)) return "none";
    return parcel !== null && !parcelIsWrong ? "parcel" : "address";
  });
  const stale = county.listings.filter(({ staleAsking }) => staleAsking !== undefined).length;
  return {
    sales: [
      account(deedsBefore, duplicates(0, second), brokenFirst),
      account(county.deeds.length - deedsBefore + corrections, duplicates(second, Infinity), brokenTotal - brokenFirst),
    ],
    listings: account(county.listings.length, stale, sum(Object.values(BROKEN_LISTINGS))),
    deeds: {
      rows: county.deeds.length,
      withPrice: county.deeds.filter(({ price }) => price >= USABLE_PRICE).length,
      priceSum: sum(county.deeds.map(({ price }) => price)),
    },
    homes: homes.size,
    matched: { parcel: count(known, "parcel"), address: count(known, "address"), none: count(known, "none") },
    soldListings: sold.length,
    medianRatio: median(sold.map(({ asking, price }) => price / asking)),
    market: marketOf(county.deeds),
  };
}

function account(loaded: number, filtered: number, quarantined: number): SourceTruth {
  return { read: loaded + filtered + quarantined, loaded, quarantined, filtered };
}

function soldPairs(county: County): readonly { readonly asking: number; readonly price: number }[] {
  const sales = new Map<Home, Deed[]>();
  for (const deed of county.deeds) {
    if (deed.price < USABLE_PRICE) continue;
    const list = sales.get(deed.home) ?? [];
    sales.set(deed.home, list);
    list.push(deed);
  }
  return county.listings.flatMap(({ home, day, asking }) => {
    // Deeds stand in the order of their days, so the first that fits is the next sale.
    const next = home === undefined ? undefined : sales.get(home)?.find((deed) => deed.day >= day);
    return next === undefined ? [] : [{ asking, price: next.price }];
  });
}

function marketOf(deeds: readonly Deed[]): readonly MarketRow[] {
  const groups = new Map<string, number[]>();
  for (const { home, day, price } of deeds) {
    if (price < USABLE_PRICE) continue;
    const key = `${home.neighborhood}|${dateOf(day).slice(0, 7)}`;
    const prices = groups.get(key) ?? [];
    groups.set(key, prices);
    prices.push(price);
  }
  return [...groups]
    .map(([key, prices]) => {
      const [neighborhood, month] = key.split("|") as [string, string];
      return { neighborhood, month, sales: prices.length, medianPrice: median(prices) };
    })
    .toSorted((a, b) => (a.neighborhood === b.neighborhood ? compare(a.month, b.month) : compare(a.neighborhood, b.neighborhood)));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function count<T>(list: readonly T[], wanted: T): number {
  return list.filter((item) => item === wanted).length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
