// The journeys of a person on duty, by keyboard alone: each begins at an address or with `g`, and ends with what the person sees.
import { readFileSync } from "node:fs";
import type { Locator } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Hands, handsOn } from "./keys.ts";
import { shopFiles } from "./shop.ts";
import { openStage, type Stage, type Visitor } from "./stage.ts";

const SLOW_PARTITIONS = 20;

let stage: Stage;
let visitor: Visitor;
let hands: Hands;

beforeAll(async () => {
  stage = await openStage({
    ...shopFiles,
    "jobs/watch.yaml": `select: []
tasks: { tell: { shell: "echo seen" } }
triggers:
  - sensor: { sql: "select count(*) from clean.orders", every: 1h }
`,
    "models/final/share.sql":
      "/*--- { materialize: table } ---*/\nselect city, customers, cast('many' as integer) as share\nfrom clean.cities\n",
  });
  stage.write(
    "models/final/slow.sql",
    `/*---
materialize: table
partition: { by: day, column: day, start: 2026-01-01, end: 2026-01-${SLOW_PARTITIONS + 1} }
---*/
select $start::date as day, count(*) as numbers
from range(25000000) as counted(n)
where n % 7 < 6
`,
  );
  visitor = await stage.visit({ session: true, acceptDownloads: true });
  hands = handsOn(visitor.page);
});
afterAll(() => stage?.close());

beforeEach(async () => {
  await visitor.page.goto(stage.url());
  await visitor.page.getByRole("heading", { level: 1, name: /broken|wait|well/ }).waitFor();
});
afterEach(async ({ task }) => {
  if (task.result?.state === "fail") console.error(`${visitor.page.url()}\n${await visitor.page.locator("body").ariaSnapshot()}`);
  expect(visitor.errors.splice(0)).toEqual([]);
});

const ROWS_MAX = 30;

/** Into the list and down to this row. */
async function down(row: Locator): Promise<void> {
  await row.waitFor();
  for (let count = 0; !(await row.evaluate((element) => element === document.activeElement)); count += 1) {
    expect(count, "rows gone through").toBeLessThan(ROWS_MAX);
    await hands.press("j");
  }
}

describe("by keyboard alone, a person", () => {
  it("goes from what is broken on Home to its cause, mends the file, retries and sees it green", async () => {
    const { page } = visitor;
    await hands.press("Tab");
    await hands.press("Enter");
    const share = page.getByRole("listitem").filter({ hasText: "final.share" });
    await hands.enter(share.getByRole("link", { name: "Open run" }));
    await page.getByText("final.share failed first").waitFor();
    const cause = page.getByRole("group", { name: /^Error MR/ }).first();
    expect(await cause.innerText()).toContain("models/final/share.sql:");
    expect(await cause.innerText()).toContain("many");
    stage.write(
      "models/final/share.sql",
      "/*--- { materialize: table } ---*/\nselect city, customers, customers * 100 // 40 as share\nfrom clean.cities\n",
    );
    await hands.press("r");
    const asked = page.getByRole("dialog", { name: "Retry from failure" });
    await hands.enter(asked.getByRole("button", { name: /^Retry \d+ step/ }));
    await page.getByText("Goes on from").waitFor();
    await page.getByRole("heading", { level: 1, name: "succeeded" }).waitFor();
    await hands.press("g", "h");
    await page.getByRole("heading", { level: 1, name: /broken/ }).waitFor();
    await share.waitFor({ state: "detached" });
  });

  it("finds the line that a failed task wrote", async () => {
    const { page } = visitor;
    const broken = page.getByRole("listitem").filter({ hasText: "upload" });
    await hands.enter(broken.getByRole("link", { name: "Open run" }));
    await page.getByText("task:upload failed first").waitFor();
    const log = page.getByRole("region", { name: "Log lines" });
    await hands.to(log);
    await log.getByText("<img src=x").first().waitFor();
    await hands.type(page.getByRole("textbox", { name: "Search in the log" }), "onerror", "back");
    await hands.press("Enter");
    await page.waitForURL(/grep=onerror/);
    await log.getByText("<img src=x").first().waitFor();
    await hands.to(page.getByRole("checkbox", { name: "Lines around, too" }));
    await hands.press("Space");
    await log.locator("mark").first().waitFor();
    await hands.to(log);
    await hands.press("N");
    await page.waitForURL(/[?&]line=\d+/);
    await page
      .getByRole("region", { name: /^Line \d/ })
      .getByRole("button", { name: "Copy link to this line" })
      .waitFor();
    await page.reload();
    await page.getByRole("region", { name: /^Line \d/ }).waitFor();
    await hands.press("f");
    await page.getByRole("button", { name: /^Leave full screen/ }).waitFor();
    await hands.press("f", "w");
    await page.waitForURL(/wrap=true/);
  });

  it("finds what broke by its error and retries every run of it at once", async () => {
    const { page } = visitor;
    await page.goto(`${stage.url()}/runs?group=error`);
    const groups = page.getByRole("table", { name: "Runs by error" });
    await down(groups.getByRole("row", { name: /MR6201 task:upload/ }));
    await hands.press("Enter");
    await page.waitForURL(/error=MR6201-[0-9a-f]{8}/);
    const runs = page.getByRole("table", { name: "Runs", exact: true });
    await runs
      .getByRole("row", { name: /failed broken .*task:upload/ })
      .first()
      .waitFor();
    expect(await runs.getByText("publish").count()).toBe(0);
    await hands.press("a");
    const selected = page.getByRole("group", { name: "Selected runs" });
    await hands.enter(selected.getByRole("button", { name: /^Retry \d+…/ }));
    await hands.enter(page.getByRole("dialog", { name: /^Retry \d+ run/ }).getByRole("button", { name: /^Retry \d+ run/ }));
    await page
      .getByRole("status")
      .getByText(/^\d+ of \d+ begun/)
      .waitFor();
  });

  it("looks with a sensor without starting anything", async () => {
    const { page } = visitor;
    await hands.press("g", "a");
    await down(page.getByRole("table", { name: "Automations" }).getByRole("row", { name: /^watch/ }));
    await hands.press("Enter");
    const sees = page.getByRole("region", { name: "What it sees" });
    await hands.enter(sees.getByRole("button", { name: "Look now, start nothing" }));
    await sees
      .getByRole("status")
      .getByText(/would start (a run|nothing)/)
      .waitFor();
    await sees.getByRole("status").locator("code").waitFor();
  });

  it("approves what waits, with the field that was asked for", async () => {
    const { page } = visitor;
    await hands.press("g", "i");
    await page.getByRole("heading", { level: 1, name: "Inbox" }).waitFor();
    const item = page.getByRole("listitem").filter({ hasText: "Publish the revenue?" });
    const run = (await item.getByRole("link", { name: /^r_/ }).innerText()).trim();
    await hands.type(item.getByRole("textbox", { name: /^reason/ }), "counted twice");
    await hands.type(item.getByRole("textbox", { name: /^Why/ }), "month is closed");
    await hands.enter(item.getByRole("button", { name: "Approve" }));
    await page.getByRole("status").getByText("letter is approved").waitFor();
    await item.waitFor({ state: "detached" });
    await page.goto(`${stage.url()}/r/${run}`);
    await page.getByRole("heading", { level: 1, name: "succeeded" }).waitFor();
    const audit = (await stage.millrace(["audit", "--json"])).stdout;
    expect(audit).toContain("month is closed");
    await page.goto(`${stage.url()}/inbox?show=decided`);
    const decided = page.getByRole("table", { name: "Decisions" }).getByRole("row").filter({ hasText: "month is closed" });
    expect(await decided.innerText()).toContain("approved");
  });

  it("repairs a row that was set aside and sees what is built of it grow", async () => {
    const { page } = visitor;
    const ordersOfDay = async (): Promise<string> => {
      await page.goto(`${stage.url()}/a/final.daily/data`);
      return page.getByRole("row").filter({ hasText: "2026-10-23" }).first().innerText();
    };
    expect((await ordersOfDay()).split(/\s+/)).toContain("10");
    await hands.press("g", "u");
    await page.getByRole("heading", { level: 1, name: "Quarantine" }).waitFor();
    const groups = page.getByRole("table", { name: "Groups of records that wait" });
    await hands.to(groups.getByRole("row").nth(1));
    for (let row = 1; !(await groups.getByRole("row").nth(row).innerText()).includes("twelve"); row += 1) await hands.press("j");
    await hands.press("Enter");
    const grid = page.getByRole("grid", { name: "Records of raw.orders in quarantine" });
    await hands.to(grid.getByRole("gridcell", { name: /^twelve/ }));
    await hands.press("Enter");
    await hands.type(grid.getByRole("textbox", { name: /^amount/ }), "12.00");
    await hands.press("Enter");
    await hands.enter(page.getByRole("button", { name: "Preview 1 correction" }));
    const asked = page.getByRole("dialog", { name: /^Load 1 record of raw.orders/ });
    await asked
      .getByRole("listitem")
      .filter({ hasText: /1\s*loaded/ })
      .waitFor();
    await hands.type(asked.getByRole("textbox", { name: /^Why/ }), "the shop said so");
    await hands.enter(asked.getByRole("button", { name: "Load 1" }));
    await asked.waitFor({ state: "detached" });
    await page.getByRole("status").getByText("1 loaded into raw.orders").waitFor();
    await expect.poll(async () => (await ordersOfDay()).split(/\s+/), { timeout: 30_000 }).toContain("11");
  });

  it("launches a backfill from the map of partitions, pauses it and lets it go on", async () => {
    const { page } = visitor;
    await hands.press("g", "p");
    const map = page.getByRole("grid", { name: /Arrows go from cell to cell/ });
    await hands.to(map);
    await hands.press("ArrowDown");
    const told = map.getByRole("gridcell", { selected: true });
    for (let count = 0; !(await told.innerText()).startsWith("final.slow "); count += 1) {
      expect(count).toBeLessThan(5);
      await hands.press("ArrowDown");
    }
    await hands.press("Home", "Shift+End");
    await hands.press("b");
    const asked = page.getByRole("dialog", { name: "Backfill final.slow" });
    await asked.getByText(`${SLOW_PARTITIONS} partitions`).first().waitFor();
    await hands.type(asked.getByRole("spinbutton", { name: "At once" }), "1");
    await hands.enter(asked.getByRole("button", { name: `Build ${SLOW_PARTITIONS} partitions` }));
    await page.getByRole("heading", { level: 1, name: /^Backfills \/ b_/ }).waitFor();
    await hands.enter(page.getByRole("button", { name: "Pause" }));
    await page.getByRole("definition").getByText("paused", { exact: true }).waitFor();
    await hands.enter(page.getByRole("button", { name: "Resume" }));
    await page.getByRole("definition").getByText("running", { exact: true }).waitFor();
    await page.getByRole("definition").getByText("succeeded", { exact: true }).waitFor({ timeout: 90_000 });
    expect(await page.getByRole("button", { name: /^final.slow .*: succeeded/ }).count()).toBe(SLOW_PARTITIONS);
  });

  it("plans a change, applies it in an environment of its own and promotes it", async () => {
    const { page } = visitor;
    await hands.press("g", "d");
    await hands.enter(page.getByRole("navigation", { name: "Changes" }).getByRole("link", { name: "Environments" }));
    await hands.type(page.getByRole("textbox", { name: "Name of a new environment" }), "dev", "back");
    await hands.press("Enter");
    await page.getByRole("table", { name: "Environments" }).getByText("dev", { exact: true }).waitFor();
    stage.write("models/clean/cities.sql", "select city, count(*) as customers, max(name) as last\nfrom raw.customers\ngroup by city\n");
    await hands.to(page.getByRole("combobox", { name: "Environment" }), "back");
    await page.keyboard.type("dev");
    await page.waitForURL(/env=dev/);
    await hands.enter(page.getByRole("navigation", { name: "Changes" }).getByRole("link", { name: "Plan" }));
    await page.getByText("clean.cities").first().waitFor();
    await hands.enter(page.getByRole("button", { name: "Apply…" }), "back");
    const asked = page.getByRole("dialog", { name: /^Apply this plan/ });
    await hands.enter(asked.getByRole("button", { name: /^Apply to \d+ asset/ }));
    await page.waitForURL(/\/r\/r_.*env=dev/);
    await page.getByRole("heading", { level: 1, name: "succeeded" }).waitFor();
    await hands.press("g", "d");
    await hands.enter(page.getByRole("navigation", { name: "Changes" }).getByRole("link", { name: "Environments" }));
    await hands.enter(page.getByRole("button", { name: "Promote dev", exact: true }));
    const promote = page.getByRole("dialog", { name: /^Promote dev to prod/ });
    await hands.type(promote.getByRole("textbox", { name: /^Why/ }), "looked at");
    await hands.press("Enter");
    await page.getByRole("table", { name: "Promotions" }).getByText("promote dev").waitFor();
    await page.goto(`${stage.url()}/a/clean.cities/schema?env=prod`);
    await page.getByText("last", { exact: true }).first().waitFor();
  });

  it("selects assets in the graph, widens them by a step and runs them together", async () => {
    const { page } = visitor;
    await hands.press("g", "g");
    await page.getByRole("heading", { level: 1, name: "Graph" }).waitFor();
    await hands.to(page.getByRole("tree"));
    await hands.press("End", "Home", "x");
    const chosen = page.getByRole("region", { name: "Selection" });
    await chosen.getByText("1 asset selected").waitFor();
    await hands.enter(chosen.getByRole("button", { name: "Widen by a step" }), "back");
    await chosen.getByText(/^[2-9] assets selected/).waitFor();
    expect(page.url()).toContain("sel=");
    await hands.enter(chosen.getByRole("button", { name: "Run them" }), "back");
    const asked = page.getByRole("dialog", { name: "Run them" });
    await hands.enter(asked.getByRole("button", { name: "Run", exact: true }));
    await page
      .getByRole("status")
      .getByText(/^Run r_\w+ has begun/)
      .waitFor();
    // The same selection stands in the table, which does the same with it.
    await page.goto(page.url().replace("/graph?", "/graph?view=table&"));
    await page
      .getByRole("table", { name: /^Graph of/ })
      .getByRole("checkbox", { checked: true })
      .first()
      .waitFor();
    await chosen.getByText(/^[2-9] assets selected/).waitFor();
  });

  it("gives a view a name and comes back to it", async () => {
    const { page } = visitor;
    await page.goto(`${stage.url()}/graph?view=table&q=final.*`);
    await hands.enter(page.getByText("Views", { exact: true }));
    await hands.type(page.getByRole("textbox", { name: "Name of this view" }), "what is sold");
    await hands.press("Enter");
    await page.goto(`${stage.url()}/graph`);
    await hands.enter(page.getByText("Views 1", { exact: true }));
    await hands.enter(page.getByRole("link", { name: "what is sold" }));
    await page.waitForURL(/q=final/);
  });

  it("finds where a column comes from", async () => {
    const { page } = visitor;
    await hands.press("/");
    const search = page.getByRole("dialog", { name: "Search or do" });
    await search.getByRole("combobox").waitFor();
    await page.keyboard.type("final.revenue.revenue");
    const option = search.getByRole("option", { name: /^column final\.revenue\.revenue/ });
    await option.waitFor();
    while ((await option.getAttribute("aria-selected")) !== "true") await hands.press("ArrowDown");
    await hands.press("Enter");
    await page.waitForURL(/\/a\/final\.revenue\/lineage\?col=revenue/);
    await hands.enter(page.getByText(/^The same as a list/));
    await page
      .getByRole("listitem")
      .filter({ hasText: /raw\.orders\.amount → passed on → clean\.orders\.amount/ })
      .waitFor();
    await page
      .getByRole("listitem")
      .filter({ hasText: /clean\.orders\.amount → aggregated → final\.revenue\.revenue/ })
      .waitFor();
  });

  it("runs a query and takes its rows along as a file", async () => {
    const { page } = visitor;
    await hands.press("g", "s");
    const editor = page.getByRole("textbox", { name: "SQL of the query" });
    await hands.to(editor);
    await page.keyboard.type("select city, customers from clean.cities order by city");
    await hands.press("Control+Enter");
    const grid = page.getByRole("grid", { name: "Rows of the query" });
    await grid.getByRole("gridcell", { name: "Bonn" }).waitFor();
    await hands.to(grid.getByRole("gridcell", { name: "Bonn" }));
    await hands.press("ArrowDown", "ArrowRight");
    await expect
      .poll(() =>
        grid
          .getByRole("gridcell", { name: "13" })
          .first()
          .evaluate((cell) => cell === document.activeElement),
      )
      .toBe(true);
    await hands.to(page.getByRole("combobox", { name: "Format of the file" }), "back");
    await page.keyboard.type("CSV");
    const download = page.waitForEvent("download");
    await hands.enter(page.getByRole("button", { name: "Export all" }));
    const path = await (await download).path();
    expect(readFileSync(path, "utf8").trim().split("\n")).toEqual(["city,customers", "Bonn,14", "Kiel,13", "Trier,13"]);
  });

  it("goes everywhere by g and a letter, back and forth by brackets, and to what it says in the palette", async () => {
    const { page } = visitor;
    const places = {
      i: "Inbox",
      g: "Graph",
      c: "Catalog",
      r: "Runs",
      a: "Automations",
      p: "Partitions",
      b: "Backfills",
      q: "Quality",
      u: "Quarantine",
      s: "Console",
      d: "Changes",
      t: "Settings",
    };
    for (const [letter, name] of Object.entries(places)) {
      await hands.press("g", letter);
      await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name }).and(page.locator('[aria-current="page"]')).waitFor();
      if (letter !== "s") continue;
      await hands.to(page.getByRole("textbox", { name: "SQL of the query" }));
      await hands.press("Escape", "Tab");
    }
    await hands.press("[");
    await page.waitForURL(/\/changes$/);
    await hands.press("]");
    await page.getByRole("heading", { level: 1, name: "Settings" }).waitFor();
    await hands.press("?");
    const keys = page.getByRole("dialog", { name: "Keys" });
    await keys.getByText("Quality", { exact: true }).waitFor();
    await hands.press("Escape");
    await keys.waitFor({ state: "detached" });
    await hands.press("Control+k");
    await page.getByRole("combobox", { name: /^Search for/ }).waitFor();
    await page.keyboard.type("dark theme");
    await page.getByRole("option", { name: /Dark theme/ }).waitFor();
    await hands.press("Enter");
    await expect.poll(() => page.evaluate(() => document.documentElement.dataset["theme"])).toBe("dark");
  });
});
