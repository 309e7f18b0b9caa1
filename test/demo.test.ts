// The flagship through the built command line, against answers that the generator computed from its own objects, on another path.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeCounty } from "../scripts/demo/county.ts";
import { BROKEN_SALES, writeDelivery, type WrittenFile } from "../scripts/demo/deliveries.ts";
import { BROKEN_LISTINGS, type ListingService, startListingService } from "../scripts/demo/service.ts";
import { truthOf } from "../scripts/demo/truth.ts";
import { type Finished, millrace, repository, rows } from "./millrace.ts";

const county = makeCounty();
const truth = truthOf(county);
const dir = join(mkdtempSync(join(tmpdir(), "millrace-demo-")), "real-estate");
const inbox = join(dir, "inbox");
const written: WrittenFile[] = [];
const runs: Finished[] = [];
let service: ListingService;
const node = (run: number, asset: string): Record<string, unknown> | undefined =>
  runs[run]!.lines().find((line) => line["type"] === "node" && line["asset"] === asset);
const runAll = async (...job: readonly string[]): Promise<void> => {
  const run = await millrace(["run", ...job, "--json"], dir, { LISTINGS_URL: service.url, LISTINGS_KEY: "demo-key" });
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  runs.push(run);
};

beforeAll(async () => {
  cpSync(join(repository, "examples/real-estate"), dir, {
    recursive: true,
    filter: (path) => !/\/(\.millrace|inbox|out|node_modules)$/.test(path),
  });
  mkdirSync(join(dir, "node_modules"));
  symlinkSync(repository, join(dir, "node_modules/millrace"), "dir");
  service = await startListingService(county.listings);
  written.push(...writeDelivery(county, 1, inbox));
  await runAll();
  written.push(...writeDelivery(county, 2, inbox));
  await runAll();
  await runAll();
  await runAll("nightly");
}, 180_000);
afterAll(async () => {
  await service.close();
  rmSync(join(dir, ".."), { recursive: true, force: true });
});

describe("the demo", () => {
  it("is about as large as it says", () => {
    expect(written).toHaveLength(5);
    expect(written.reduce((sum, file) => sum + file.records, 0)).toBe(truth.sales[0].read + truth.sales[1].read);
    expect(truth.deeds.rows).toBe(60_000);
    expect(service.served.faults).toBe(4);
  });

  it("accounts for every record of both sources, load by load", () => {
    expect(node(0, "raw.county_sales")?.["rows"]).toEqual(truth.sales[0]);
    expect(node(1, "raw.county_sales")?.["rows"]).toEqual(truth.sales[1]);
    expect(node(0, "raw.listings")?.["rows"]).toEqual(truth.listings);
  });

  it("has the deeds with their corrected prices, under one name of the renamed column", async () => {
    const answer = await rows(dir, "select count(*), sum(sale_price)::bigint from raw.county_sales");
    expect(answer).toEqual([[truth.deeds.rows, truth.deeds.priceSum]]);
    expect(
      await rows(dir, "select count(*), count(price), count(neighborhood), count(*) filter (where zip like '0____') from clean.sales"),
    ).toEqual([[truth.deeds.rows, truth.deeds.withPrice, truth.deeds.rows, truth.deeds.rows]]);
    expect(await rows(dir, "select count(*) from clean.homes")).toEqual([[truth.homes]]);
  });

  it("keeps the identifiers of listings to the last digit", async () => {
    const answer = await rows(dir, "select count(distinct id), min(id)::varchar, max(id)::varchar from raw.listings");
    const ids = county.listings.map(({ id }) => id);
    expect(answer).toEqual([[15_000, String(ids[0]), String(ids.at(-1))]]);
  });

  it("merges listings and homes by parcel, else by address, and drops none", async () => {
    const answer = await rows(dir, "select matched_by, count(*) from clean.listings group by 1 order by 1");
    expect(answer).toEqual([
      ["address", truth.matched.address],
      ["nothing", truth.matched.none],
      ["parcel", truth.matched.parcel],
    ]);
  });

  it("knows the market per neighborhood and month", async () => {
    const answer = await rows(
      dir,
      "select neighborhood, left(month::varchar, 7), sales, median_price from final.market where sales > 0 order by 1, 2",
    );
    expect(answer).toEqual(truth.market.map(({ neighborhood, month, sales, medianPrice }) => [neighborhood, month, sales, medianPrice]));
  });

  it("knows what was paid of what was asked", async () => {
    const [[sold, ratio]] = (await rows(dir, "select count(price), median(price_to_asking) from final.asking")) as [[number, number]];
    expect(sold).toBe(truth.soldListings);
    expect(ratio).toBeCloseTo(truth.medianRatio, 4);
  });

  it("holds every broken record in quarantine, with its raw form and its place", async () => {
    const counts = await rows(
      dir,
      "select asset, count(*), count(raw), count(file), count(line) from _millrace.quarantine where status = 'open' group by 1 order by 1",
    );
    const broken = [BROKEN_SALES, BROKEN_LISTINGS].map((kinds) => Object.values(kinds).reduce((sum, count) => sum + count, 0)) as [
      number,
      number,
    ];
    expect(counts.map(([asset, count, raw, file, line]) => [asset, count, raw, file, line])).toEqual([
      ["raw.county_sales", broken[0], broken[0], broken[0], broken[0]],
      ["raw.listings", broken[1], broken[1], broken[1], expect.any(Number)],
    ]);
    expect(await rows(dir, "select count(*) from _millrace.quarantine where status = 'open' and rule = 'price_is_sane'")).toEqual([
      [BROKEN_SALES.absurd],
    ]);
  });

  it("accounts for every line of every file", async () => {
    const files = await rows(
      dir,
      "select file, lines, lines_header, lines_preamble, lines_blank, rows_read from _millrace.files where asset = 'raw.county_sales' and lines is not null order by 1",
    );
    expect(files.map(([file]) => String(file).split("/").at(-1))).toEqual(written.map((file) => file.path.split("/").at(-1)));
    for (const [file, lines, header, preamble, blank, read] of files as [string, number, number, number, number, number][]) {
      const path = join(inbox, file.split("/").at(-1)!);
      expect([file, lines]).toEqual([file, readFileSync(path, "utf8").split("\r\n").length - 1]);
      expect([file, header + preamble + blank + read]).toEqual([file, lines]);
    }
  });

  it("does nothing when nothing changed", () => {
    const nodes = runs[0]!.lines().filter((line) => line["type"] === "node").length;
    expect(runs[2]!.lines().at(-1)).toMatchObject({
      status: "succeeded",
      nodes: { succeeded: 0, reused: nodes, failed: 0, skipped: 0 },
      rows: { read: 0 },
    });
  });

  it("shares Parquet, CSV and a page that needs nothing else", async () => {
    const market = readFileSync(join(dir, "out/market.csv"), "utf8").trimEnd().split("\n");
    expect(market.length - 1).toBe((await rows(dir, "select count(*) from final.market"))[0]![0]);
    expect(await rows(dir, `select count(*), count(price) from '${dir}/out/asking.parquet'`)).toEqual([
      [truth.matched.parcel + truth.matched.address, truth.soldListings],
    ]);
    const page = readFileSync(join(dir, "out/report.html"), "utf8");
    expect(page).not.toMatch(/(src|href)=|url\(|@import|<script/);
    expect(page.match(/<svg /g)).toHaveLength(4);
    expect(page).toContain("✓ adds up");
    expect(page).not.toMatch(/does not add up|NaN|undefined/);
  });

  it("has a job that starts by itself, passes its gate, and notes each district once", async () => {
    const job = runs[3]!.lines();
    expect(job.at(-1)).toMatchObject({ status: "succeeded", nodes: { failed: 0, skipped: 0 } });
    expect(job.find((line) => line["task"] === "gate")).toMatchObject({ status: "succeeded", output: { verdict: "fine" } });
    const notes = readFileSync(join(dir, "out/notes.txt"), "utf8").trimEnd().split("\n");
    const counts = new Map<number, number>();
    for (const { home } of county.deeds) counts.set(home.district, (counts.get(home.district) ?? 0) + 1);
    const expected = [...counts].map(([district, deeds]) => `district ${district}: ${deeds} deeds`);
    expect(notes.slice(0, -1).toSorted()).toEqual(expected.toSorted());
    expect(notes.at(-1)).toMatch(/^r_\w+: the market is shared$/);
    const { triggers } = (await millrace(["triggers", "nightly", "--json"], dir)).lines()[0]!;
    expect(triggers.map((trigger: any) => trigger.kind)).toEqual(["schedule", "files"]);
    expect(triggers[0].next).toHaveLength(5);
  });

  it("leaves nothing of the data in the repository", () => {
    const ignored = readFileSync(join(repository, "examples/real-estate/.gitignore"), "utf8").split("\n");
    expect(ignored).toEqual(expect.arrayContaining(["/.millrace", "/inbox", "/out"]));
    expect(existsSync(join(dir, "out"))).toBe(true);
  });
});
