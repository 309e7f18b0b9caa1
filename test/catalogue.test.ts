// `millrace docs build` in a real browser, opened from the file system: what is shown is true, nothing comes from outside, and nothing that a
// user or their data wrote is carried out.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startBrowser, type TestBrowser } from "./browser.ts";
import { project } from "./millrace.ts";
import { millrace } from "./warm.ts";

const SCRIPT = "<script>window.hurt = 1</script>";
const IMAGE = "<img src=x onerror='window.hurt = 1'>";

const shop = project({
  "millrace.yaml": `name: "shop ${SCRIPT}"\n`,
  "data/sales.csv": `id,"${SCRIPT}",__proto__,zip\n1,10.50,p,00501\n2,3.20,q,00502\n`,
  "sources/sales.yaml": `description: "Sales ${IMAGE}"
from: { files: { path: data/sales.csv } }
names: keep
owner: "${IMAGE}"
tags: ["${SCRIPT}", money]
columns:
  id: { type: bigint, required: true, description: "Number of the sale ${SCRIPT}" }
`,
  "models/clean/sales.sql": `/*---
materialize: table
owner: ana
checks:
  - notNull: [id]
  - rule: { name: "${IMAGE}", where: "id < 2", severity: warn }
---*/
-- ${SCRIPT}
select id, "${SCRIPT}" as price, "__proto__", zip from raw.sales where zip is not null
`,
  "models/final/by_zip.sql":
    "/*---\nmaterialize: table\n---*/\nselect zip, sum(price::decimal(18,2)) as revenue from clean.sales group by zip\n",
  "exports/zips.yaml": "select: final.by_zip\nto: { files: { path: out/zips.csv } }\n",
});
const site = join(shop.dir, "site with spaces");
const address = (hash = ""): string => `${pathToFileURL(join(site, "index.html")).href}${hash}`;
let started: TestBrowser;
const outside: string[] = [];
const problems: string[] = [];

beforeAll(async () => {
  const run = await millrace(["run", "--json"], shop.dir);
  expect(run.exitCode, run.stdout + run.stderr).toBe(0);
  const built = await millrace(["docs", "build", "--out", site, "--json"], shop.dir);
  expect(built.exitCode, built.stdout + built.stderr).toBe(0);
  expect(built.lines()[0]).toMatchObject({ v: 1, dir: site, assets: 4, page: join(site, "index.html") });
  started = await startBrowser();
});
afterAll(async () => {
  await started?.close();
  shop.remove();
});

async function open(hash = "", size = { width: 1280, height: 900 }): Promise<Page> {
  const context = await started.browser.newContext({ viewport: size });
  const page = await context.newPage();
  page.on("request", (request) => {
    if (!/^(file|data):/.test(request.url())) outside.push(request.url());
  });
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
  });
  await page.goto(address(hash));
  await page.waitForSelector(hash === "" ? ".results .row" : "article");
  return page;
}

/** Text of the elements, those of pictures too. */
async function texts(page: Page, selector: string): Promise<string[]> {
  return (await page.locator(selector).allTextContents()).map((text) => text.trim());
}

describe("the catalogue, opened as a file", () => {
  it("lists all assets and finds them by name, column, description and filter", async () => {
    const page = await open();
    expect(await texts(page, ".row .name")).toEqual(["clean.sales", "final.by_zip", "out.zips", "raw.sales"]);
    await page.locator("#search").fill("revenue");
    await page.waitForSelector(".matched");
    expect(await texts(page, ".row .name")).toEqual(["final.by_zip", "out.zips"]);
    expect(await texts(page, ".matched")).toEqual(["columns: revenue", "columns: revenue"]);
    await page.locator("#search").fill("number of sale");
    await expect.poll(() => texts(page, ".row .name")).toEqual(["clean.sales", "raw.sales"]);
    await page.locator("#search").fill("");
    await page.getByLabel("tag").selectOption("money");
    expect(await texts(page, ".row .name")).toEqual(["raw.sales"]);
    await page.getByLabel("tag").selectOption("");
    await page.getByLabel("status").selectOption("check failed");
    expect(await texts(page, ".row .name")).toEqual(["clean.sales"]);
    expect(await texts(page, ".row .facts")).toEqual([expect.stringMatching(/^2 rows · 1 of 2 checks failed · ana · /)]);
    await page.close();
  });

  it("tells of an asset its columns with inherited descriptions, checks, owner, run and code", async () => {
    const page = await open("#/a/clean.sales");
    expect(await texts(page, "tbody tr td:first-child")).toEqual(["id", "price", "__proto__", "zip", "notNull(id)", IMAGE]);
    expect(await texts(page, "tbody tr:first-child .origin")).toEqual(["from raw.sales.id"]);
    expect(await texts(page, ".type")).toEqual(["BIGINT", "DECIMAL(18,2)", "VARCHAR", "VARCHAR"]);
    expect(await texts(page, "tbody .badge")).toEqual(["passed", "warned"]);
    const facts = await page.locator("dl").innerText();
    for (const told of ["models/clean/sales.sql", "ana", "succeeded", "r_", "raw.sales", "final.by_zip"]) expect(facts).toContain(told);
    expect(await page.locator("pre").innerText()).toContain(SCRIPT);
    expect(await page.locator(".decided").innerText()).toContain("raw.sales.zip");
    await page.close();
  });

  it("draws the assets around one, and the way of a column through all of them", async () => {
    const page = await open("#/a/clean.sales");
    expect(await texts(page, ".picture .box .name")).toEqual(["clean.sales", "final.by_zip", "raw.sales"]);
    await page.getByRole("button", { name: "all" }).click();
    expect(await page.locator(".picture .box").count()).toBe(4);
    expect(await page.locator(".picture path.line").count()).toBe(3);
    // Every box lies right of what it is made from.
    const lefts = new Map<string, number>();
    for (const box of await page.locator(".picture .box").all())
      lefts.set((await box.locator(".name").innerHTML()).trim(), (await box.boundingBox())!.x);
    const way = ["raw.sales", "clean.sales", "final.by_zip", "out.zips"].map((name) => lefts.get(name)!);
    expect(way).toEqual(way.toSorted((a, b) => a - b));
    await page.getByRole("cell", { name: "price" }).first().getByRole("link").first().click();
    await expect.poll(() => texts(page, ".picture .column")).toEqual(["price", `${SCRIPT.slice(0, 26)}…`, "revenue", "revenue"]);
    expect(await page.locator(".picture .line.aggregate, .picture .line.transform").count()).toBe(1);
    expect(page.url()).toContain("#/a/clean.sales/price");
    await page.close();
  });

  it("is used by the keyboard alone", async () => {
    const page = await open();
    await page.keyboard.press("/");
    await page.keyboard.type("by_zip");
    await expect.poll(() => texts(page, ".row .name")).toEqual(["final.by_zip"]);
    await page.keyboard.press("Enter");
    await page.waitForSelector("article");
    expect(await page.title()).toContain("final.by_zip");
    await page.keyboard.press("Escape");
    await page.waitForSelector(".row");
    await page.locator("#search").fill("");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    expect(await page.evaluate("document.activeElement.querySelector('.name').textContent")).toBe("out.zips");
    await page.keyboard.press("Enter");
    await page.waitForSelector("article");
    expect(page.url()).toContain("#/a/out.zips");
    // The boxes of the picture are links.
    await page.locator(".picture a.box").first().focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator("h1").innerText()).toBe("final.by_zip");
    await page.close();
  });

  it("is light or dark as the system says or the reader chooses, and legible in both", async () => {
    const page = await open("#/a/clean.sales");
    const contrast = (): Promise<number> => page.evaluate(CONTRAST);
    await page.emulateMedia({ colorScheme: "light" });
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(246, 247, 249)");
    expect(await contrast()).toBeGreaterThan(4.5);
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(15, 18, 22)");
    expect(await contrast()).toBeGreaterThan(4.5);
    await page.keyboard.press("t");
    expect(await page.evaluate("document.documentElement.dataset.theme")).toBe("light");
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(246, 247, 249)");
    await page.close();
  });

  it.each(["", "#/a/clean.sales", "#/a/clean.sales/price"])("fits a screen 360 pixels wide: %s", async (hash) => {
    const page = await open(hash, { width: 360, height: 740 });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    const cut =
      "[...document.querySelectorAll('main a, main td, main dd, h1, button')].filter((each) => !each.closest('.picture, pre') && each.getBoundingClientRect().right > 361).map((each) => each.textContent)";
    expect(await page.evaluate(cut)).toEqual([]);
    await page.close();
  });

  it("shows names and descriptions as they were written, and carries nothing out", async () => {
    for (const hash of ["", "#/a/raw.sales", "#/a/clean.sales", `#/a/raw.sales/${encodeURIComponent(SCRIPT)}`, "#/a/nothing.there%"]) {
      const context = await started.browser.newContext();
      const page = await context.newPage();
      await page.goto(address(hash));
      await page.waitForSelector("main > *");
      expect(
        await page.evaluate("[window.hurt, document.querySelectorAll('main script, main img, header script, header img').length]"),
      ).toEqual([undefined, 0]);
      if (hash.startsWith("#/a/raw")) expect(await page.locator("main").innerText()).toContain(SCRIPT);
      await context.close();
    }
    const page = await open();
    expect(await page.locator("header .home").innerText()).toBe(`shop ${SCRIPT}`);
    await page.close();
  });

  it("asks for nothing from outside and has no error", () => {
    expect(outside).toEqual([]);
    expect(problems).toEqual([]);
    const files = ["index.html", "catalogue-page.js", "catalogue-page.css"].map((name) => readFileSync(join(site, name), "utf8"));
    // The names of SVG are no addresses that anybody opens.
    expect(
      files.flatMap((text) => text.match(/https?:\/\/[^"'\s)]+/g) ?? []).filter((url) => url !== "http://www.w3.org/2000/svg"),
    ).toEqual([]);
  });
});

/** The lowest contrast of text with what is behind it. */
const CONTRAST = `(() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((each) => each / 255).map((each) => (each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)).reduce((sum, each, index) => sum + each * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = (element) => { for (let at = element; at !== null; at = at.parentElement) { const colour = parse(getComputedStyle(at).backgroundColor); if (colour.length === 3 || colour[3] === 1) return colour; } return [255, 255, 255]; };
  const texts = [...document.querySelectorAll("main *")].filter((each) => !each.closest("svg") && [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== ""));
  return Math.min(...texts.map((each) => { const [a, b] = [light(parse(getComputedStyle(each).color)), light(behind(each))].toSorted((x, y) => y - x); return (a + 0.05) / (b + 0.05); }));
})()`;

describe("docs build", () => {
  it("replaces its own folder and no other", async () => {
    writeFileSync(join(site, "data/assets/99.js"), "stale");
    expect((await millrace(["docs", "build", "--out", site], shop.dir)).exitCode).toBe(0);
    expect(existsSync(join(site, "data/assets/99.js"))).toBe(false);
    const other = join(shop.dir, "other");
    mkdirSync(other);
    writeFileSync(join(other, "thesis.txt"), "dear");
    const refused = await millrace(["docs", "build", "--out", other], shop.dir);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("MR9010");
    expect(readFileSync(join(other, "thesis.txt"), "utf8")).toBe("dear");
  });

  it("writes the same data for the same project, but for the time, and no row of it", async () => {
    const first = readFileSync(join(site, "data/assets/0.js"), "utf8");
    expect((await millrace(["docs", "build", "--out", site], shop.dir)).exitCode).toBe(0);
    expect(readFileSync(join(site, "data/assets/0.js"), "utf8")).toBe(first);
    expect(first).not.toContain("00501");
  });

  it("opens 2,000 assets in a moment", async () => {
    const large = project({
      "millrace.yaml": "name: large\n",
      "models/final/base.sql": "select 1 as id, 2 as amount\n",
      ...Object.fromEntries(
        Array.from({ length: 1_999 }, (_, index) => [
          `models/m${index % 40}/t${index}.sql`,
          `select id, amount + ${index} as amount from final.base\n`,
        ]),
      ),
    });
    try {
      const built = await millrace(["docs", "build", "--json"], large.dir);
      expect(built.exitCode, built.stderr).toBe(0);
      const { page: file, assets } = built.lines()[0]!;
      expect(assets).toBe(2_000);
      const page = await started.browser.newPage();
      const loaded: string[] = [];
      page.on("request", (request) => loaded.push(request.url()));
      const from = performance.now();
      await page.goto(pathToFileURL(file as string).href);
      await page.waitForSelector(".row");
      const openedMs = performance.now() - from;
      expect(await page.locator(".told").innerText()).toBe("2,000 of 2,000 assets");
      expect(await page.locator(".row").count()).toBe(200);
      // What is loaded at first does not grow with columns and code.
      expect(loaded.filter((url) => url.includes("/data/"))).toEqual([expect.stringMatching(/data\/index\.js$/)]);
      // A wide margin for a busy machine; alone it takes about a tenth.
      expect(openedMs).toBeLessThan(5_000);
      await page.goto(`${pathToFileURL(file as string).href}#/a/final.base`);
      await page.waitForSelector(".picture .box");
      expect(await page.locator("figcaption").innerText()).toContain("Only 150 assets");
      await page.close();
    } finally {
      large.remove();
    }
  });
});
