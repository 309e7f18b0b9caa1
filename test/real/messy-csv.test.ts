// Real delimited files, none of them made for us: csv-spectrum, DuckDB's own test files, New York's sales and taxis, and the daily cases of CSSE.
// Every file is read with all its lines accounted for, or refused with a code.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MillraceError } from "../../src/model/errors.ts";
import { openBench, type Bench, type Outcome } from "../../src/formats/delimited/staging.suite.ts";
import { realData } from "../real-data.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => {
  bench.close();
});

/** F1 and F2, and the number of line ends by a count of its own. */
function expectReconciled({ staged, rows, rejected, lines }: Outcome, contents: Buffer | null): void {
  const quarantined = rejected.filter((record) => record.kind === "quarantined");
  expect(staged.rows).toBe(rows.length);
  expect(lines.length).toBe(rows.length);
  expect(staged.records).toEqual({
    read: rows.length + quarantined.length,
    quarantined: quarantined.length,
    repaired: rejected.length - quarantined.length,
  });
  if (contents === null) return;
  const text = contents.toString("latin1");
  const ends = text.split("\n").length - 1;
  const carriageReturnsEnd = staged.understood.dialect?.newline === "\r";
  if (!carriageReturnsEnd && !text.replaceAll("\r\n", "").includes("\r"))
    expect(staged.lines?.total).toBe(ends + (text === "" || text.endsWith("\n") ? 0 : 1));
}

/** The JSON beside a file of csv-spectrum, with two corrections that the files themselves call for. */
function expectedOf(root: string, file: string): unknown {
  const text = readFileSync(join(root, "json", file.replace(/csv$/, "json")), "utf8");
  const parsed = JSON.parse(text) as unknown;
  // location_coordinates contradicts its own CSV: the file says 2095257564, its JSON 1234567890 (and is one object, not a list of one).
  if (file === "location_coordinates.csv") return [{ ...(parsed as Record<string, string>), "Contact Phone Number": "2095257564" }];
  // newlines_crlf.csv was stored with its carriage returns removed, so the cell of two lines that the JSON gives with \r\n has \n.
  if (file === "newlines_crlf.csv") return JSON.parse(text.replaceAll("\\r\\n", "\\n"));
  return parsed;
}

const spectrum = realData("messy/csv-spectrum");
if (spectrum !== undefined)
  describe("csv-spectrum", () => {
    for (const file of readdirSync(join(spectrum, "csvs")))
      it(`reads ${file} as its JSON says`, async () => {
        const path = join(spectrum, "csvs", file);
        const outcome = await bench.readFile(path);
        expectReconciled(outcome, readFileSync(path));
        const names = outcome.staged.columns.map((column) => column.name);
        const found = outcome.rows.map((row) => Object.fromEntries(names.map((name, column) => [name, row[column]])));
        expect(found).toEqual(expectedOf(spectrum, file));
      });
  });

const folder = realData("messy/duckdb-csv");
if (folder !== undefined)
  describe("DuckDB's own test files", () => {
    const files = (readdirSync(folder, { recursive: true }) as string[]).filter(
      (file) => file !== "LICENSE" && statSync(join(folder, file)).isFile(),
    );
    const groups = [...new Set(files.map((file) => file.split("/")[0] ?? ""))];
    for (const group of groups)
      it(`are read or refused with a reason, and never taken for one column in silence: ${group}`, async () => {
        for (const file of files.filter((name) => name.startsWith(`${group}/`))) {
          const original = readFileSync(join(folder, file));
          const contents = file.endsWith(".gz") ? gunzipSync(original) : original;
          const path = join(bench.folder, "messy.csv");
          writeFileSync(path, contents);
          try {
            const outcome = await bench.readFile(path, { otherwise: "infer" });
            const isUtf8 = outcome.staged.understood.encoding?.name === "utf-8";
            expectReconciled(outcome, isUtf8 ? contents : null);
            if (outcome.staged.columns.length === 1) expect(outcome.staged.understood.doubts.join(" "), file).toMatch(/one column/);
          } catch (error) {
            if (!(error instanceof MillraceError)) throw error;
            expect(error.code, `${file}: ${error.message}`).toMatch(/^MR300[1-6]$/);
          }
        }
      });
  });

const sales = { "2018": 81_721, "2020": 66_927 } as const;
for (const [year, rows] of Object.entries(sales)) {
  const sold = realData(`nyc-real-estate/sales-${year}`);
  if (sold !== undefined)
    it(`reads the ${rows} sales of ${year} under their preambles, with blank tails accounted for`, async () => {
      let loaded = 0;
      const prices: string[] = [];
      for (const file of readdirSync(sold).filter((name) => name.endsWith(".csv"))) {
        const outcome = await bench.readFile(join(sold, file));
        expectReconciled(outcome, readFileSync(join(sold, file)));
        expect(outcome.rejected, file).toEqual([]);
        loaded += outcome.staged.rows;
        const price = outcome.staged.columns.findIndex((column) => column.name === "SALE PRICE");
        prices.push(...outcome.rows.map((row) => (row[price] ?? "").replace(/[^0-9]/g, "")));
      }
      expect(loaded).toBe(rows);
      const withoutPrice = prices.filter((price) => price === "" || Number(price) === 0).length;
      expect(withoutPrice).toBe(year === "2018" ? 24_357 : 21_405);
    });
}

const taxi = realData("nyc-taxi");
if (taxi !== undefined)
  it("reads 10,000 rides of each taxi file, with times and amounts typed", async () => {
    const files = readdirSync(taxi).filter((name) => name.startsWith("yellow"));
    expect(files.length).toBe(4);
    for (const file of files) {
      const { staged } = await bench.readFile(join(taxi, file), { otherwise: "infer" });
      expect(staged.rows).toBe(10_000);
      const types = Object.fromEntries(staged.columns.map((column) => [column.name, column.type]));
      expect(types["pickup_datetime"], file).toBe("TIMESTAMP");
      expect(types["total_amount"], file).toBe("DECIMAL(18,2)");
    }
  });

const daily = realData("covid-csse/daily");
if (daily !== undefined)
  it("reads 40,144 rows from 40 daily files of four shapes, one of them with mixed line ends", async () => {
    const files = readdirSync(daily).filter((name) => name.endsWith(".csv"));
    expect(files.length).toBe(40);
    const widths = new Set<number>();
    const patched: string[] = [];
    let rows = 0;
    for (const file of files) {
      const outcome = await bench.readFile(join(daily, file), { otherwise: "infer" });
      expectReconciled(outcome, readFileSync(join(daily, file)));
      expect(outcome.rejected, file).toEqual([]);
      rows += outcome.staged.rows;
      widths.add(outcome.staged.columns.length);
      if (outcome.staged.understood.road !== "original file") patched.push(basename(file));
    }
    expect(rows).toBe(40_144);
    expect(widths.size).toBe(4);
    expect(patched).toEqual(["04-02-2020.csv"]);
  });
