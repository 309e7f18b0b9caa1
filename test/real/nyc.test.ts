// New York's property sales and Airbnb listings through a project of the flagship's shape. The expected figures are those published with the data,
// counted there by other programs.
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { millrace, project, rows } from "../millrace.ts";
import { realData } from "../real-data.ts";

const folder = realData("nyc-real-estate");

const sales = (year: number): string => `
description: Sales recorded by the city in ${year}
from: { files: { path: "${folder}/sales-${year}/rollingsales_*.csv" } }
columns:
  sale_price: { from: "SALE PRICE", type: "decimal(18,2)", parse: money }
  sale_date: { from: "SALE DATE", type: date, parse: "%m/%d/%Y" }
  zip_code: { type: text }
`;

if (folder !== undefined) {
  describe("New York real estate", () => {
    const city = project({
      "millrace.yaml": "name: nyc\n",
      "sources/sales_2018.yaml": sales(2018),
      "sources/sales_2020.yaml": sales(2020),
      "sources/listings.yaml": `from: { files: { path: "${folder}/listings/airbnb_nyc_2019.csv" } }\n`,
      "models/clean/sales.sql":
        "/*---\nmaterialize: table\nchecks:\n  - notNull: [block, lot]\n  - acceptedValues: { column: borough, values: [1, 2, 3, 4, 5] }\n---*/\n" +
        "select borough, trim(neighborhood) as neighborhood, block, lot, zip_code, sale_price, sale_date from raw.sales_2018\n",
      "models/final/listings.sql":
        "/*---\nmaterialize: table\n---*/\n" +
        "with areas as (select distinct case borough when 1 then 'Manhattan' when 2 then 'Bronx' when 3 then 'Brooklyn' when 4 then 'Queens' else 'Staten Island' end as borough, upper(neighborhood) as area from clean.sales)\n" +
        "select listing.*, areas.area is not null as matched from raw.listings as listing left join areas on areas.borough = listing.neighbourhood_group and areas.area = upper(listing.neighbourhood)\n",
      "exports/listings.yaml": "select: final.listings\nto: { files: { path: out/listings.parquet } }\n",
    });
    let summary: Record<string, any> = {};
    beforeAll(async () => {
      const run = await millrace(["run", "--json"], city.dir);
      expect(run.exitCode, run.stdout + run.stderr).toBe(0);
      summary = run.lines().at(-1)!;
    });
    afterAll(() => city.remove());

    it("loads the 81,721 rows of 2018, each borough whole", async () => {
      expect(await rows(city.dir, "select borough, count(*) from raw.sales_2018 group by 1 order by 1")).toEqual([
        [1, 16772],
        [2, 7589],
        [3, 23207],
        [4, 25903],
        [5, 8250],
      ]);
    });

    it("reads prices, ZIPs and parcels as the city counts them", async () => {
      expect(
        await rows(
          city.dir,
          "select count(*), count(*) filter (where coalesce(sale_price, 0) = 0), count(*) filter (where sale_price between 1 and 9999), count(*) filter (where coalesce(zip_code, '0') = '0'), count(distinct (borough, block, lot)), count(distinct trim(neighborhood)) from raw.sales_2018",
        ),
      ).toEqual([[81721, 24357, 1273, 426, 65343, 252]]);
    });

    it("keeps exact duplicate rows: 606 of them", async () => {
      expect(
        await rows(
          city.dir,
          "select (select count(*) from raw.sales_2018) - (select count(*) from (select distinct * from raw.sales_2018))",
        ),
      ).toEqual([[606]]);
    });

    it("loads the 66,927 rows of 2020 from under marks, preambles and blank tails", async () => {
      expect(await rows(city.dir, "select count(*), count(*) filter (where coalesce(sale_price, 0) = 0) from raw.sales_2020")).toEqual([
        [66927, 21405],
      ]);
    });

    it("accounts for every line of every file", async () => {
      const files = await rows(
        city.dir,
        "select asset, file, lines, lines_header + lines_preamble + lines_blank, rows_read from _millrace.files where asset like 'raw.sales%' order by all",
      );
      expect(files).toHaveLength(10);
      for (const [, file, lines, aside, read] of files) {
        const ends = execFileSync("wc", ["-l", String(file)], { encoding: "utf8" });
        const open = execFileSync("tail", ["-c", "1", String(file)]).toString() === "\n" ? 0 : 1;
        expect([file, lines]).toEqual([file, Number.parseInt(ends, 10) + open]);
        expect([file, aside + read]).toEqual([file, lines]);
      }
    });

    it("matches 22,631 of 48,895 listings and drops none of the rest", async () => {
      expect(await rows(city.dir, "select count(*), count(*) filter (where matched) from final.listings")).toEqual([[48895, 22631]]);
      expect(await rows(city.dir, `select count(*) from '${city.dir}/out/listings.parquet'`)).toEqual([[48895]]);
    });

    it("reconciles: read = loaded + quarantined + filtered", () => {
      const { read, loaded, quarantined, filtered } = summary["rows"];
      expect(read).toBe(loaded + quarantined + filtered);
      expect(read).toBeGreaterThanOrEqual(81721 + 66927 + 48895);
    });

    it("does nothing when nothing changed", async () => {
      const again = (await millrace(["run", "--json"], city.dir)).lines().at(-1)!;
      expect(again).toMatchObject({ status: "succeeded", nodes: { succeeded: 0, failed: 0, reused: 6 }, rows: { read: 0 } });
    });
  });
}

const data = { taxi: realData("nyc-taxi"), covid: realData("covid-csse"), events: realData("events") };
if (data.taxi !== undefined && data.covid !== undefined && data.events !== undefined) {
  describe("many files in one source", () => {
    const many = project({
      "millrace.yaml": "name: many\n",
      "sources/trips.yaml": `from: { files: { path: "${data.taxi}/yellow_tripdata_sample_*.csv" } }\n`,
      "sources/cases.yaml": `from: { files: { path: "${data.covid}/daily/*.csv" } }\n`,
      "sources/edits.yaml": `from: { files: { path: "${data.events}/wikipedia/*.json.gz", format: ndjson } }\n`,
      "sources/webhooks.yaml": `from: { files: { path: "${data.events}/github-webhooks/**/*.json" } }\n`,
    });
    afterAll(() => many.remove());

    it("loads the taxi's 4 × 10,000, the 40,144 cases of four schemas, 39,244 edits and 273 webhooks", async () => {
      const run = await millrace(["run", "--json"], many.dir);
      expect(run.exitCode, run.stdout + run.stderr).toBe(0);
      expect(
        await rows(
          many.dir,
          "select (select count(*) from raw.trips), (select count(*) from raw.cases), (select count(*) from raw.edits), (select count(*) from raw.webhooks)",
        ),
      ).toEqual([[40000, 40144, 39244, 273]]);
      expect(await rows(many.dir, "select asset, count(*) from _millrace.files group by 1 order by 1")).toEqual([
        ["raw.cases", 40],
        ["raw.edits", 1],
        ["raw.trips", 4],
        ["raw.webhooks", 273],
      ]);
      const { read, loaded, quarantined, filtered } = run.lines().at(-1)!["rows"];
      expect(read).toBe(loaded + quarantined + filtered);
    });
  });
}
