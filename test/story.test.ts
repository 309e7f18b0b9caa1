// One project from end to end by the command line alone: two sources that know nothing of each other are pulled, checked, merged, transformed and shared; a column
// comes, a broken record is repaired, a price changes. What must come out is worked out here from the objects that the sources were written from.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sendJson, startServer, type TestServer } from "./http-server.ts";
import { type Finished, project, rows } from "./millrace.ts";
import { millrace } from "./warm.ts";

const PARCELS = 60;
const PAGE_ROWS = 7;
/** Parcels whose record the county writes wrongly. */
const BROKEN: ReadonlySet<number> = new Set([13, 31]);

interface Home {
  readonly parcel: string;
  readonly number: number;
  readonly street: string;
  readonly sold: number;
  /** What the listing service says of it; every third home is not for sale. */
  readonly listing?: { readonly id: number; asking: number; updated: string };
}

const STREETS = [
  ["West Main Street", "W. Main St."],
  ["North Oak Avenue", "N Oak Ave"],
  ["Cedar Road", "CEDAR RD"],
  ["East Hill Drive", "e hill dr"],
] as const;
const homes: readonly Home[] = Array.from({ length: PARCELS }, (_, n) => ({
  parcel: String(n + 1).padStart(5, "0"),
  number: 100 + n * 7,
  street: String(n % STREETS.length),
  sold: 150_000 + n * 2_345,
  ...(n % 3 === 2
    ? {}
    : {
        listing: { id: 9_000 - n, asking: n === 4 ? 1 : 200_000 + n * 1_111, updated: `2026-03-${String((n % 20) + 1).padStart(2, "0")}` },
      }),
}));
const county = homes.slice(0, 50);
const street = (home: Home, spelling: 0 | 1): string => `${home.number} ${STREETS[Number(home.street)]![spelling]}`;

/** Deeds as the county writes them; a second delivery has ZIP codes. */
function deeds(of: readonly Home[], zip: boolean): string {
  const price = (home: Home): string => (BROKEN.has(Number(home.parcel)) ? `${home.sold} USD?` : `"$${home.sold.toLocaleString("en-US")}"`);
  const lines = of.map((home) => `${home.parcel},"${street(home, 0).toUpperCase()}",${price(home)}${zip ? ",00501" : ""}`);
  return `Parcel,Address,Sale Price${zip ? ",Zip" : ""}\n${lines.join("\n")}\n`;
}

const files = {
  "sources/county.yaml": `from: { files: { path: "inbox/deeds_*.csv" } }
primaryKey: parcel
load: merge
columns: { parcel: { type: text }, sale_price: { type: "decimal(12,2)", parse: money } }
`,
  "sources/listings.yaml": `from: { http: { connection: broker, url: /listings, rows: items, pagination: { cursor: { param: after, from: next } }, since: since } }
primaryKey: id
cursor: updated
load: merge
columns: { asking: { type: "decimal(12,2)" }, updated: { type: date } }
checks: [ { range: { column: asking, min: 1000, onFail: quarantine } } ]
`,
  "models/clean/same_home.yaml": `match:
  left: raw.county
  right: raw.listings
  id: { left: parcel, right: id }
  prepare: { place: millrace.normal_address(address) }
  block: [place]
  compare: [ { column: place, by: exact } ]
  threshold: 1
  oneToOne: true
`,
  "models/final/homes.sql": `/*---
materialize: table
checks: [ { unique: [parcel] }, { notNull: [parcel, sold] } ]
---*/
select c.parcel, c.sale_price as sold, l.id as listing, l.asking, l.asking - c.sale_price as gain
from raw.county c
left join clean.same_home m on m.left_id = c.parcel and m.status = 'match'
left join raw.listings l on l.id::varchar = m.right_id::varchar
`,
  "exports/homes.yaml": "select: final.homes\nto: { files: { path: out/homes.csv } }\n",
  "exports/shop.yaml":
    "select: final.homes\nto: { sqlite: { path: shop.sqlite, table: homes, primaryKey: parcel } }\nload: merge\nkey: parcel\n",
};

const { dir, write, remove } = project(files);
let broker: TestServer;
const repaired = new Set<string>();
let delivered: readonly Home[] = county;

/** What analysts must see. */
function expected(): readonly (readonly [string, number, number | null, number | null])[] {
  return delivered
    .filter(({ parcel }) => !BROKEN.has(Number(parcel)) || repaired.has(parcel))
    .map(({ parcel, sold, listing }) => {
      const offered = listing !== undefined && listing.asking >= 1000 ? listing : undefined;
      return [parcel, sold, offered?.id ?? null, offered?.asking ?? null] as const;
    });
}

/** The same from both places that it is shared in, and from the warehouse. */
async function expectShared(): Promise<void> {
  const wanted = expected();
  const numbers = (list: readonly (readonly unknown[])[]): unknown[][] =>
    list.map(([parcel, ...rest]) => [parcel, ...rest.map((each) => (each === null || each === "" ? null : Number(each)))]);
  expect(numbers(await rows(dir, "select parcel, sold, listing, asking from final.homes order by parcel"))).toEqual(wanted);
  const gains = await rows(dir, "select sum(gain) from final.homes");
  expect(Number(gains[0]![0])).toBe(wanted.reduce((sum, [, sold, , asking]) => sum + (asking === null ? 0 : asking - sold), 0));
  const [header, ...lines] = readFileSync(join(dir, "out/homes.csv"), "utf8").trimEnd().split(/\r?\n/);
  expect(header).toBe("parcel,sold,listing,asking,gain");
  const written = lines.map((line) => line.split(",").slice(0, 4)).toSorted(([a], [b]) => (a! < b! ? -1 : 1));
  expect(numbers(written)).toEqual(wanted);
  const shop = new DatabaseSync(join(dir, "shop.sqlite"), { readOnly: true });
  const stored = shop.prepare("select parcel, sold, listing, asking from homes order by parcel").all() as Record<string, unknown>[];
  shop.close();
  expect(numbers(stored.map((row) => [row["parcel"], row["sold"], row["listing"], row["asking"]]))).toEqual(wanted);
}

async function run(...args: readonly string[]): Promise<Finished> {
  const finished = await millrace(["run", ...args, "--json"], dir);
  expect(finished.exitCode, finished.stderr + finished.stdout).toBe(0);
  return finished;
}

const countsOf = (finished: Finished, asset: string): unknown => finished.lines().find((line) => line["asset"] === asset)?.["rows"];

beforeAll(async () => {
  broker = await startServer(({ url, raw }, response) => {
    if (raw.headers.authorization !== "Bearer story-key") return response.writeHead(401).end();
    const since = url.searchParams.get("since") ?? "";
    const items = homes
      .flatMap((home) => (home.listing === undefined ? [] : [{ ...home.listing, address: street(home, 1) }]))
      .filter(({ updated }) => updated >= since.slice(0, 10));
    const from = Number(url.searchParams.get("after") ?? 0);
    const next = from + PAGE_ROWS < items.length ? String(from + PAGE_ROWS) : null;
    return sendJson(response, { items: items.slice(from, from + PAGE_ROWS), next });
  });
  write(
    "millrace.yaml",
    `name: story\nconnections: { broker: { http: { url: "${broker.url}", auth: { bearer: "\${secret:BROKER}" } } } }\n`,
  );
  write("secrets.env", "BROKER=story-key\n");
  write("inbox/deeds_1.csv", deeds(county, false));
});
afterAll(async () => {
  await broker.close();
  remove();
});

describe("county deeds and listings", () => {
  it("are pulled, checked, matched, transformed and shared", async () => {
    const first = await run();
    const offered = homes.filter(({ listing }) => listing !== undefined).length;
    expect(countsOf(first, "raw.county")).toEqual({
      read: county.length,
      loaded: county.length - BROKEN.size,
      quarantined: BROKEN.size,
      filtered: 0,
    });
    expect(countsOf(first, "raw.listings")).toEqual({ read: offered, loaded: offered - 1, quarantined: 1, filtered: 0 });
    expect(expected().filter(([, , listing]) => listing !== null).length).toBeGreaterThan(25);
    await expectShared();
  });

  it("are not asked for twice, nor shared twice, when nothing is new", async () => {
    const again = await run();
    expect(again.lines().at(-1)).toMatchObject({ status: "succeeded", nodes: { failed: 0 }, rows: { quarantined: 0 } });
    await expectShared();
  });

  it("have a broken record repaired, and what stands on it follows", async () => {
    const listed = (await millrace(["quarantine", "list", "raw.county", "--json"], dir)).lines()[0]!["items"] as Record<string, any>[];
    expect(listed.map(({ file, line }) => [file, line])).toEqual([...BROKEN].map((parcel) => ["inbox/deeds_1.csv", parcel + 1]));
    const fix = [
      "quarantine",
      "fix",
      "raw.county",
      "--set",
      "sale_price = replace(sale_price, ' USD?', '')",
      "--where",
      "parcel = '00013'",
    ];
    expect((await millrace([...fix, "--json"], dir)).exitCode, "a preview changes nothing").toBe(0);
    await expectShared();
    const fixed = await millrace([...fix, "--yes", "--why", "a slip of the pen", "--json"], dir);
    expect(fixed.exitCode, fixed.stderr).toBe(0);
    expect(fixed.lines().find((line) => line["asset"] === "raw.county")).not.toMatchObject({
      reason: expect.stringContaining("--full-refresh"),
    });
    const plan = (await millrace(["plan", "--json"], dir)).lines()[0]!["nodes"] as Record<string, unknown>[];
    const stale = plan.filter(({ action }) => action === "build").map(({ asset }) => asset);
    expect(stale).toEqual(expect.arrayContaining(["clean.same_home", "final.homes", "out.homes", "out.shop"]));
    repaired.add("00013");
    await run();
    await expectShared();
    const history = (await millrace(["history", "raw.county", "--json"], dir)).stdout;
    expect(history).toContain("a slip of the pen");
  });

  it("take a column that is new, and keep what came before", async () => {
    write("inbox/deeds_2.csv", deeds(homes.slice(50), true));
    delivered = homes;
    const planned = (await millrace(["plan"], dir)).stdout;
    expect(planned).toContain("zip");
    const more = await run();
    expect(countsOf(more, "raw.county")).toEqual({ read: 10, loaded: 10, quarantined: 0, filtered: 0 });
    expect(await rows(dir, "select zip, count(*) from raw.county group by zip order by all")).toEqual([
      ["00501", 10],
      [null, 49],
    ]);
    const schema = (await millrace(["history", "raw.county", "--schema"], dir)).stdout;
    expect(schema).toContain("zip");
    await expectShared();
  });

  it("follow a price that changed by the cursor alone", async () => {
    const home = homes[0]!;
    home.listing!.asking = 555_555;
    home.listing!.updated = "2026-04-01";
    const asked = broker.asked.length;
    const update = await run();
    expect(broker.asked.slice(asked).every((url) => url.includes("since=2026-03-2"))).toBe(true);
    expect(countsOf(update, "raw.listings")).toMatchObject({ quarantined: 0 });
    await expectShared();
  });

  it("leave nothing of the secret in what was written", async () => {
    for (const table of ["_millrace.loads", "_millrace.files", "_millrace.quarantine", "_millrace.raw"])
      expect(JSON.stringify(await rows(dir, `select * from ${table}`))).not.toContain("story-key");
  });
});
