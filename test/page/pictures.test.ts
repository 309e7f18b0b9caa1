// A picture of every page with the shop's data, in `pictures/`: for people to look at after a change. Four of them, made small, are those of docs/pictures:
// `cp pictures/small/* docs/pictures/`.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repository } from "../millrace.ts";
import { shopSaying } from "./shop.ts";
import { openStage, type Stage, type Visitor } from "./stage.ts";

interface Shot {
  readonly name: string;
  readonly path: string | (() => Promise<string>);
  readonly heading: RegExp;
  /** Words of the shop's data that stand on it. */
  readonly shows: string;
}

const folder = join(repository, "pictures");
const WIDTH = 1280;
const SMALL_WIDTH = 960;
const SMALL_BYTES_MAX = 60_000;
/** A page without anything on it has fewer colours: letters alone have some hundred. */
const COLORS_MIN = 60;
const SMALL = ["home", "run", "graph", "quarantine-records"];

const shots: readonly Shot[] = [
  { name: "home", path: "/", heading: /broken|fail|wait|need/i, shows: "upload" },
  { name: "inbox", path: "/inbox", heading: /^Inbox/, shows: "Publish the revenue?" },
  { name: "graph", path: "/graph", heading: /^Graph/, shows: "6 assets" },
  { name: "graph-table", path: "/graph?view=table", heading: /^Graph/, shows: "final.revenue" },
  { name: "catalog", path: "/assets", heading: /^Catalog/, shows: "clean.cities" },
  { name: "asset", path: "/a/clean.orders", heading: /clean\.orders/, shows: "Orders that count" },
  { name: "asset-data", path: "/a/raw.customers/data", heading: /raw\.customers/, shows: "Trier" },
  { name: "asset-schema", path: "/a/raw.orders/schema", heading: /raw\.orders/, shows: "Given by the shop" },
  { name: "asset-lineage", path: "/a/final.revenue/lineage", heading: /final\.revenue/, shows: "raw.customers" },
  { name: "asset-partitions", path: "/a/final.daily/partitions", heading: /final\.daily/, shows: "2026-10-22" },
  { name: "asset-checks", path: "/a/raw.orders/checks", heading: /raw\.orders/, shows: "unique" },
  { name: "asset-history", path: "/a/raw.orders/history", heading: /raw\.orders/, shows: "r_" },
  { name: "asset-code", path: "/a/clean.orders/code", heading: /clean\.orders/, shows: "where amount > 0" },
  { name: "runs", path: "/runs", heading: /^Runs/, shows: "publish" },
  { name: "run", path: () => newestRun("broken"), heading: /failed/, shows: "upload failed first" },
  { name: "partitions", path: "/partitions", heading: /^Partitions/, shows: "final.daily" },
  { name: "backfills", path: "/backfills", heading: /^Backfills/, shows: "Backfills" },
  { name: "automations", path: "/automations", heading: /^Automations/, shows: "nightly" },
  { name: "quality", path: "/quality", heading: /^Quality/, shows: "raw.orders" },
  { name: "quarantine", path: "/quarantine", heading: /^Quarantine/, shows: "raw.orders" },
  { name: "quarantine-records", path: "/quarantine/raw.orders", heading: /raw\.orders/, shows: "twelve" },
  { name: "changes", path: changedModel, heading: /^Changes/, shows: "clean.cities" },
  { name: "console", path: `/sql?run=true&sql=${encodeURIComponent("from final.revenue")}`, heading: /^Console/, shows: "Kiel" },
  { name: "settings", path: "/settings", heading: /^Settings/, shows: "Settings" },
];

let stage: Stage;
let visitor: Visitor;
beforeAll(async () => {
  for (const each of [folder, join(folder, "small")]) {
    rmSync(each, { recursive: true, force: true });
    mkdirSync(each, { recursive: true });
  }
  stage = await openStage(shopSaying("of every day"));
  visitor = await stage.visit({ session: true, viewport: { width: WIDTH, height: 800 }, reducedMotion: "reduce" });
});
afterAll(() => stage?.close());

function changedModel(): Promise<string> {
  const { "models/clean/cities.sql": sql = "" } = shopSaying("");
  stage.write("models/clean/cities.sql", sql.replace("count(*) as customers", "count(distinct name) as customers"));
  return Promise.resolve("/changes");
}

async function newestRun(job: string): Promise<string> {
  const answer = await fetch(`${stage.url()}/api/v1/runs?job=${job}&limit=1`);
  const { runs } = (await answer.json()) as { readonly runs: readonly { readonly run: string }[] };
  return `/r/${runs[0]!.run}`;
}

describe("a picture", () => {
  it.each(shots)("of $name shows that page and its data", async ({ name, path, heading, shows }) => {
    const { page } = visitor;
    await page.goto(stage.url() + (typeof path === "string" ? path : await path()));
    await page.getByRole("heading", { level: 1, name: heading }).waitFor();
    await page.getByText(shows).first().waitFor();
    await page.locator(".skeleton").first().waitFor({ state: "detached" });
    const png = await page.screenshot({ path: join(folder, `${name}.png`), animations: "disabled" });
    const { colors, small } = await looked(png, SMALL_WIDTH);
    expect(colors).toBeGreaterThan(COLORS_MIN);
    if (SMALL.includes(name)) {
      expect(small.length).toBeLessThan(SMALL_BYTES_MAX);
      writeFileSync(join(folder, "small", `${name}.webp`), small);
    }
  });
});

describe("the pictures of the documents", () => {
  const shown = join(repository, "docs/pictures");

  it("are the four that are made here, and small", () => {
    expect(readdirSync(shown).toSorted()).toEqual(SMALL.map((name) => `${name}.webp`).toSorted());
    for (const name of readdirSync(shown)) expect(statSync(join(shown, name)).size).toBeLessThan(SMALL_BYTES_MAX);
  });

  it("stand in docs/page.md, each with words for those who do not see it", () => {
    const text = readFileSync(join(repository, "docs/page.md"), "utf8");
    for (const name of SMALL) expect(text).toMatch(new RegExp(`!\\[[^\\]]{20,}\\]\\(pictures/${name}\\.webp\\)`));
  });
});

/** What a picture holds, looked at by the browser that can decode it: how many colours, and the same at this width. */
async function looked(png: Buffer, width: number): Promise<{ readonly colors: number; readonly small: Buffer }> {
  const page = await visitor.context.newPage();
  const found = (await page.evaluate(`(async () => {
    const picture = new Image();
    picture.src = "data:image/png;base64,${png.toString("base64")}";
    await picture.decode();
    const drawn = (width) => {
      const canvas = document.createElement("canvas");
      canvas.width = width;
      canvas.height = Math.round((picture.height * width) / picture.width);
      const context = canvas.getContext("2d");
      context.imageSmoothingQuality = "high";
      context.drawImage(picture, 0, 0, canvas.width, canvas.height);
      return { canvas, pixels: new Uint32Array(context.getImageData(0, 0, canvas.width, canvas.height).data.buffer) };
    };
    return { colors: new Set(drawn(picture.width).pixels).size, small: drawn(${width}).canvas.toDataURL("image/webp", 0.82) };
  })()`)) as { readonly colors: number; readonly small: string };
  await page.close();
  return { colors: found.colors, small: Buffer.from(found.small.replace(/^.*,/, ""), "base64") };
}
