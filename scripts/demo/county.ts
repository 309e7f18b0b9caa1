// The truth of the demo: a made-up county with its homes, deeds and listings, as objects. The files and the service are written from it;
// the known answers are computed from it (truth.ts), never from the files.
import { chanceOf, type Chance } from "./random.ts";

export const SEED = 20_260_331;
const HOMES = 47_000;
const DEEDS = 60_000;
const LISTINGS = 15_000;
const CORRECTIONS = 300;
const DUPLICATES = 120;
export const FIRST_DAY = "2025-01-01";
const DAYS = 455; // up to 2026-03-31

const DISTRICTS: readonly { readonly name: string; readonly level: number; readonly neighborhoods: readonly string[] }[] = [
  {
    name: "Harbor",
    level: 980,
    neighborhoods: ["Cannery Row", "Lighthouse Point", "Old Docks", "Saltmarsh", "Ferry Hill", "Gull Terrace"],
  },
  {
    name: "Mill Quarter",
    level: 720,
    neighborhoods: ["Weir Bank", "Spindle Works", "Race Bridge", "Tailwater", "Granary", "Upper Sluice"],
  },
  { name: "Northgate", level: 540, neighborhoods: ["Orchard Rise", "Beacon", "Larkfield", "St Brannock", "Quarry Edge", "Fallow Green"] },
  {
    name: "Eastfield",
    level: 430,
    neighborhoods: ["Brickyard", "Willow Park", "Tanners Lea", "Long Meadow", "Station Road", "Cold Spring"],
  },
  { name: "Summit", level: 610, neighborhoods: ["Ridgeway", "Pine Hollow", "Observatory", "Stonecrop", "High Pasture", "Cedar Saddle"] },
];
const STREETS =
  "Maple Chestnut Hawthorn Juniper Alder Birch Magnolia Sycamore Walnut Laurel Franklin Mercer Hudson Lafayette Monroe Prospect Union Harbor Mill Granite Copper Slate Foundry Miller Tanner Cooper Fletcher Sawyer Mason Wheeler 2nd 3rd 5th 7th 11th 12th 21st 33rd 42nd 60th".split(
    " ",
  );
const SUFFIXES = ["Street", "Avenue", "Road", "Lane", "Place", "Court", "Boulevard"] as const;
const DIRECTIONS = ["", "East", "West", "North", "South"] as const;

export interface Home {
  readonly district: number;
  readonly neighborhood: string;
  readonly block: number;
  readonly lot: number;
  readonly number: number;
  readonly direction: (typeof DIRECTIONS)[number];
  readonly street: string;
  readonly suffix: (typeof SUFFIXES)[number];
  readonly zip: string;
  readonly landArea: number;
  readonly built: number;
  readonly worth: number;
}

export interface Deed {
  readonly deed: string;
  readonly home: Home;
  /** Days after FIRST_DAY. */
  readonly day: number;
  /** What the county settled on in the end; 0: handed over without a price. */
  readonly price: number;
  /** The price of the first delivery, where the second one corrects it. */
  readonly firstPrice: number | undefined;
  /** Stands twice in its file. */
  readonly duplicated: boolean;
}

export interface Listing {
  readonly id: bigint;
  /** Undefined: a place that the county does not know. */
  readonly home: Home | undefined;
  readonly address: string;
  readonly parcel: string | null;
  /** The parcel number is there but names no home. */
  readonly parcelIsWrong: boolean;
  readonly asking: number;
  readonly day: number;
  readonly beds: number;
  /** Seconds after FIRST_DAY at which the service last changed it. */
  readonly updatedSecond: number;
  /** Served a second time, with a newer state; this is the asking price of the older one. */
  readonly staleAsking: number | undefined;
}

export interface County {
  readonly homes: readonly Home[];
  readonly deeds: readonly Deed[];
  readonly listings: readonly Listing[];
}

/** The whole county of a seed. */
export function makeCounty(seed: number = SEED): County {
  const chance = chanceOf(seed);
  const homes = makeHomes(chance);
  const deeds = makeDeeds(homes, chance);
  return { homes, deeds, listings: makeListings(homes, deeds, chance) };
}

function makeHomes(chance: Chance): readonly Home[] {
  const streets = chance.shuffled(
    STREETS.flatMap((street) => SUFFIXES.flatMap((suffix) => DIRECTIONS.map((direction) => ({ street, suffix, direction })))),
  );
  const neighborhoods = DISTRICTS.flatMap(({ neighborhoods, level }, index) =>
    neighborhoods.map((name) => ({ district: index + 1, name, level })),
  );
  const perStreet = Math.ceil(HOMES / 450);
  return Array.from({ length: HOMES }, (_, index): Home => {
    const block = Math.floor(index / perStreet);
    const lot = index % perStreet;
    const place = neighborhoods[block % neighborhoods.length]!;
    const level = place.level * (0.82 + 0.06 * (Math.floor(block % neighborhoods.length) % 6));
    return {
      district: place.district,
      neighborhood: place.name,
      block: 100 + block,
      lot: lot + 1,
      number: 1 + lot * 2 + (block % 2),
      ...streets[block]!,
      zip: `0${7010 + (block % neighborhoods.length)}`,
      landArea: chance.between(900, 9_000),
      built: chance.between(1885, 2022),
      worth: Math.max(90, level * (1 + 0.32 * chance.bell())) * 1_000,
    };
  });
}

function makeDeeds(homes: readonly Home[], chance: Chance): readonly Deed[] {
  const days = new Map<Home, Set<number>>();
  const made = Array.from({ length: DEEDS }, () => {
    const home = chance.pick(homes);
    const taken = days.get(home) ?? new Set();
    days.set(home, taken);
    // One home changes hands at most once a day, and more often in spring and summer.
    let day = chance.between(0, DAYS - 1);
    while (taken.has(day) || chance.next() > 0.72 + 0.28 * Math.sin(((day - 80) / 365) * 2 * Math.PI)) day = chance.between(0, DAYS - 1);
    taken.add(day);
    return { home, day, price: priceOf(home, day, chance) };
  });
  made.sort((a, b) => a.day - b.day || a.home.block - b.home.block || a.home.lot - b.home.lot);
  const firstDelivery = made.flatMap(({ day, price }, index) => (day < secondDeliveryDay() && price > 10_000 ? [index] : []));
  const corrected = new Set(chance.shuffled(firstDelivery).slice(0, CORRECTIONS));
  const duplicated = new Set(chance.shuffled(made.map((_, index) => index).filter((index) => !corrected.has(index))).slice(0, DUPLICATES));
  return made.map(({ home, day, price }, index) => ({
    deed: `D${2025 + Math.floor(day / 365)}-${String(index + 1).padStart(6, "0")}`,
    home,
    day,
    price,
    firstPrice: corrected.has(index) ? price * 10 : undefined,
    duplicated: duplicated.has(index),
  }));
}

/** First day of the second delivery: 1 October 2025. */
export function secondDeliveryDay(): number {
  return dayOf("2025-10-01");
}

function priceOf(home: Home, day: number, chance: Chance): number {
  const kind = chance.next();
  if (kind < 0.22) return 0;
  if (kind < 0.235) return chance.between(1, 10);
  const trend = 1 + 0.07 * (day / DAYS) + 0.035 * Math.sin(((day - 100) / 365) * 2 * Math.PI);
  return Math.max(60_000, Math.round((home.worth * trend * (1 + 0.07 * chance.bell())) / 1_000) * 1_000);
}

function makeListings(homes: readonly Home[], deeds: readonly Deed[], chance: Chance): readonly Listing[] {
  const sold = chance.shuffled(deeds.filter(({ price, day }) => price >= 10_000 && day > 130)).slice(0, 9_000);
  const drafts = [
    ...sold.map(({ home, day, price }) => ({ home, day: day - chance.between(14, 120), asking: price * (1.035 + 0.045 * chance.bell()) })),
    ...Array.from({ length: 5_250 }, () => {
      const home = chance.pick(homes);
      return { home, day: chance.between(0, DAYS - 1), asking: home.worth * (1.08 + 0.08 * chance.bell()) };
    }),
    ...Array.from({ length: LISTINGS - 9_000 - 5_250 }, () => ({ home: undefined, day: chance.between(0, DAYS - 1), asking: 450_000 })),
  ];
  const stale = new Set(chance.shuffled(drafts.map((_, index) => index)).slice(0, 60));
  return chance.shuffled(drafts).map(({ home, day, asking }, index): Listing => {
    const parcelKind = chance.next();
    const parcelIsWrong = home !== undefined && parcelKind < 0.015;
    return {
      // Beyond 2^53: a reader that takes JSON numbers for doubles merges neighbours into one.
      id: 90_071_992_547_409_930n + BigInt(index),
      home,
      address: home === undefined ? `${chance.between(1, 900)} Nowhere ${chance.pick(SUFFIXES)}` : addressOfAgent(home, chance),
      parcel:
        home === undefined || parcelKind > 0.68
          ? null
          : parcelOfAgent(parcelIsWrong ? { ...home, block: home.block + 90_000 } : home, chance),
      parcelIsWrong,
      asking: Math.round(asking / 1_000) * 1_000,
      day,
      beds: chance.between(1, 5),
      updatedSecond: day * 86_400 + 30_000 + index,
      staleAsking: stale.has(index) ? Math.round(asking / 1_000) * 1_000 + 25_000 : undefined,
    };
  });
}

/** As agents write it: short or long words, any case, stray dots and spaces. */
function addressOfAgent({ number, direction, street, suffix }: Home, chance: Chance): string {
  const short = { Street: "St", Avenue: "Ave", Road: "Rd", Lane: "Ln", Place: "Pl", Court: "Ct", Boulevard: "Blvd" }[suffix];
  const words = [
    String(number),
    chance.next() < 0.5 ? direction : direction.slice(0, 1) + (chance.next() < 0.5 && direction !== "" ? "." : ""),
    street,
    chance.next() < 0.3 ? suffix : chance.next() < 0.5 ? short : `${short}.`,
  ].filter((word) => word !== "");
  const text = words.join(chance.next() < 0.05 ? "  " : " ");
  const style = chance.next();
  return style < 0.15 ? text.toUpperCase() : style < 0.25 ? text.toLowerCase() : style < 0.3 ? ` ${text}` : text;
}

function parcelOfAgent({ district, block, lot }: Home, chance: Chance): string {
  const style = chance.next();
  if (style < 0.4) return `${district}-${String(block).padStart(5, "0")}-${String(lot).padStart(4, "0")}`;
  return style < 0.7 ? `${district}/${block}/${lot}` : `${district} ${block} ${lot}`;
}

/** `2025-01-01` and so on; days after FIRST_DAY. */
export function dateOf(day: number): string {
  return new Date(Date.parse(FIRST_DAY) + day * 86_400_000).toISOString().slice(0, 10);
}

function dayOf(date: string): number {
  return (Date.parse(date) - Date.parse(FIRST_DAY)) / 86_400_000;
}
