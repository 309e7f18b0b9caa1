// Writes the county's two deliveries as the county would send them: five quarterly CSV files with a byte order mark, a preamble, spaces in
// the header of the price, `$730,000` and `$-`, CRLF and tails of empty records. The second delivery renames a column and changes a type,
// and corrects some prices of the first. Some records are broken; each with the reason that it must be quarantined for.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type County, dateOf, type Deed, secondDeliveryDay } from "./county.ts";
import { type Chance, chanceOf } from "./random.ts";

export const BROKEN_SALES = { price: 40, date: 35, deed: 25, ragged: 20, absurd: 30 } as const;
const BLANK_TAIL = 60;

export interface WrittenFile {
  readonly path: string;
  readonly records: number;
  readonly broken: number;
}

/** Writes the files of one delivery below `folder`. */
export function writeDelivery(county: County, delivery: 1 | 2, folder: string): readonly WrittenFile[] {
  mkdirSync(folder, { recursive: true });
  const quarters = delivery === 1 ? ["2025-01", "2025-04", "2025-07"] : ["2025-10", "2026-01"];
  return quarters.map((start, index) => {
    const chance = chanceOf(delivery * 100 + index);
    const records = recordsOf(county, delivery, start);
    const broken = index === 0 ? brokenRecords(delivery, records, chance) : [];
    const lines = scattered(
      records.flatMap(({ deed, price }) => repeat(line(deed, price, delivery), deed.duplicated)),
      broken,
      chance,
    );
    const path = join(folder, `sales_${start.slice(0, 4)}_q${Math.ceil(Number(start.slice(5)) / 3)}.csv`);
    const text = [...preamble(start, delivery), header(delivery), ...lines, ...Array.from({ length: BLANK_TAIL }, () => ",".repeat(11))];
    writeFileSync(path, `\uFEFF${text.join("\r\n")}\r\n`);
    return { path, records: lines.length, broken: broken.length };
  });
}

function recordsOf(county: County, delivery: 1 | 2, start: string): readonly { readonly deed: Deed; readonly price: number }[] {
  const months = [0, 1, 2].map((more) => `${start.slice(0, 5)}${String(Number(start.slice(5)) + more).padStart(2, "0")}`);
  const own = county.deeds.filter(({ day }) => months.includes(dateOf(day).slice(0, 7)));
  const sold = own.map((deed) => ({ deed, price: deed.firstPrice ?? deed.price }));
  // The second delivery opens with the corrections of the first.
  const corrections = county.deeds.filter(({ firstPrice, day }) => firstPrice !== undefined && day < secondDeliveryDay());
  return delivery === 2 && start === "2025-10" ? [...corrections.map((deed) => ({ deed, price: deed.price })), ...sold] : sold;
}

/** Two thirds of the broken records come with the first delivery, the rest with the second. */
function brokenRecords(delivery: 1 | 2, records: readonly { readonly deed: Deed }[], chance: Chance): readonly string[] {
  const share = (count: number): number => (delivery === 1 ? Math.ceil((count * 2) / 3) : count - Math.ceil((count * 2) / 3));
  let number = 0;
  const some = (count: number, change: (fields: string[]) => void): readonly string[] =>
    Array.from({ length: share(count) }, () => {
      const template = chance.pick(records).deed;
      number += 1;
      const fields = fieldsOf({ ...template, deed: `X${delivery}-${String(number).padStart(5, "0")}` }, 455_000, delivery);
      change(fields);
      return fields.map(quoted).join(",");
    });
  return [
    ...some(BROKEN_SALES.price, (fields) => fields.splice(10, 1, chance.pick(["see deed", "UNKNOWN", "4OO,000"]))),
    ...some(BROKEN_SALES.date, (fields) => fields.splice(11, 1, chance.pick(["2/30/2025", "13/13/2025", "pending"]))),
    ...some(BROKEN_SALES.deed, (fields) => fields.splice(9, 1, "")),
    ...some(BROKEN_SALES.ragged, (fields) => fields.splice(5, 0, "REAR BUILDING")),
    ...some(BROKEN_SALES.absurd, (fields) => fields.splice(10, 1, " $9,999,999,999 ")),
  ];
}

function preamble(start: string, delivery: 1 | 2): readonly string[] {
  return [
    `Weir County Rolling Sales File.  Quarter beginning ${start}${",".repeat(10)}, delivery ${delivery} ,`,
    `"For sales prior to the Final Roll, Neighborhood and Descriptive Data reflect the Final Roll.",,,,,,,,,,,`,
    `Note: a sale price of $- is a transfer of ownership without a cash consideration.${",".repeat(11)}`,
    ",".repeat(11),
  ];
}

function header(delivery: 1 | 2): string {
  return `DISTRICT,${delivery === 1 ? "NEIGHBORHOOD" : "NEIGHBORHOOD NAME"},BLOCK,LOT,ADDRESS,ZIP CODE,BUILDING CLASS,LAND AREA,YEAR BUILT,DEED NO, SALE PRICE ,SALE DATE`;
}

function line(deed: Deed, price: number, delivery: 1 | 2): string {
  return fieldsOf(deed, price, delivery).map(quoted).join(",");
}

function fieldsOf({ deed, home, day }: Deed, price: number, delivery: 1 | 2): string[] {
  const [year, month, date] = dateOf(day).split("-").map(Number);
  const address = [home.number, home.direction, home.street, home.suffix].filter((word) => word !== "").join(" ");
  return [
    String(home.district),
    home.neighborhood,
    String(home.block),
    String(home.lot),
    address.toUpperCase(),
    home.zip,
    `A${home.built % 7} `,
    delivery === 1 ? String(home.landArea) : `${home.landArea}.5`,
    String(home.built),
    deed,
    price === 0 ? " $-   " : ` $${price.toLocaleString("en-US")} `,
    `${month}/${date}/${year}`,
  ];
}

function quoted(field: string): string {
  return /[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

function repeat(text: string, twice: boolean): readonly string[] {
  return twice ? [text, text] : [text];
}

/** `broken` at chance places among `sound`, whose order stays. */
function scattered(sound: readonly string[], broken: readonly string[], chance: Chance): readonly string[] {
  const places = broken.map((text) => ({ text, at: chance.between(0, sound.length - 1) })).toSorted((a, b) => a.at - b.at);
  const lines: string[] = [];
  let next = 0;
  for (const [index, text] of sound.entries()) {
    for (; next < places.length && places[next]!.at === index; next += 1) lines.push(places[next]!.text);
    lines.push(text);
  }
  return lines;
}
