// The main journeys in Firefox, where another engine draws, focuses and streams: a failure is triaged and retried, an approval given, a row repaired, a query run.
import type { Locator, Page } from "puppeteer-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startFirefox, type TestFirefox } from "../firefox.ts";
import { rows } from "../millrace.ts";
import { serveShop, type ServedShop } from "./served.ts";

const WAITS_MS = 30_000;

let firefox: TestFirefox;
let shop: ServedShop;
let page: Page;
const errors: string[] = [];

beforeAll(async () => {
  firefox = await startFirefox();
  shop = await serveShop();
  page = await firefox.browser.newPage();
  page.setDefaultTimeout(WAITS_MS);
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(await shop.link());
  await holds(`!location.hash.includes("key=") && document.querySelector("h1") !== null`);
});
afterAll(async () => {
  await firefox?.close();
  await shop?.close();
});

/** What begins with these words; the last one where there are several: a dialog stands after what it covers. Waits, and tries again while the page moves. */
function said(tag: string, words: string): Locator<Element> {
  return page.locator(`xpath/(//${tag}[starts-with(normalize-space(.), "${words}")])[last()]`) as Locator<Element>;
}

/** Waits until this is true in the page: JavaScript as text, because tests know no document. */
async function holds(condition: string): Promise<void> {
  await page.waitForFunction(condition);
}

async function open(path: string): Promise<void> {
  await page.goto(shop.url() + path);
  await page.waitForSelector("h1");
}

/** Counts as the console's page shows them: one number. */
async function counted(sql: string): Promise<string> {
  await open("/sql");
  await holds(`document.querySelector(".editor")?.shadowRoot?.activeElement?.matches(".cm-content") === true`);
  await page.keyboard.type(sql);
  await page.keyboard.press("Escape");
  await page.keyboard.down("Control");
  await page.keyboard.press("Enter");
  await page.keyboard.up("Control");
  const cell = await page.waitForSelector('[role="grid"] [data-cell="0:0"]');
  return cell!.evaluate(({ textContent }) => textContent);
}

it("a failure is found, its cause and its line of the log are read, and its retry succeeds", async () => {
  await open("/inbox?show=failures");
  await said("a", "Open run").click();
  await holds(`location.pathname.startsWith("/r/")`);
  await said("span", "task:upload failed first").wait();
  await holds(`document.querySelector(".log-panel, .log")?.textContent?.includes("owned")`);
  shop.write("allowed", "");
  await said("button", "Retry from failure").click();
  await said("button", "Retry 1 step").click();
  await holds(`document.querySelector("h1")?.textContent?.includes("succeeded")`);
  expect(await page.title()).not.toContain("owned");
});

it("an approval is given with its reason, and its run goes on to the end", async () => {
  await open("/inbox?show=approvals");
  await page.locator("form.inbox-item input").fill("looks right");
  const run = await page.$eval("form.inbox-item a[href^='/r/']", (link) => link.getAttribute("href")!);
  await said("button", "Approve").click();
  await holds(`document.querySelector("form.inbox-item") === null`);
  await open(run);
  await holds(`document.querySelector("h1")?.textContent?.includes("succeeded")`);
});

it("a row that was set aside is corrected, loaded and counted downstream", async () => {
  expect(await counted("select count(*) from clean.orders")).toBe("60");
  await open("/quarantine/raw.orders");
  const cell = await page.waitForSelector(`xpath///td[contains(@class, "failing")][contains(., "twelve")]`);
  await cell!.focus();
  await page.keyboard.press("Enter");
  await page.waitForSelector(".q-editor");
  await page.keyboard.type("12.00");
  await page.keyboard.press("Enter");
  await said("button", "Preview 1 correction").click();
  await page.waitForSelector("xpath///li[contains(., 'loaded')]");
  await said("button", "Load 1").click();
  await holds(`document.querySelector(".q-follow")?.textContent?.includes("succeeded")`);
  expect(await counted("select count(*) from clean.orders")).toBe("61");
  expect(await rows(shop.dir, "select amount from clean.orders where id = 60")).toEqual([["12.00"]]);
});

it("the graph is drawn, and by its arrows what it shows is heard", async () => {
  await open("/graph");
  await holds(`(() => {
    const canvas = document.querySelector("canvas");
    if (canvas === null || canvas.width === 0) return false;
    const pixels = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer);
    return new Set(pixels).size > 20;
  })()`);
  await (await page.waitForSelector('[role="tree"]'))!.focus();
  const heard = `document.querySelector('[role="treeitem"]').textContent`;
  await page.keyboard.press("Home");
  await holds(`${heard}.startsWith("raw.")`);
  await page.keyboard.press("ArrowRight");
  await holds(`${heard}.startsWith("clean.")`);
});

it("no script of a page failed meanwhile", () => {
  expect(errors).toEqual([]);
});
