// What happens to a page that stays open: steps back and forth, reloads, other tabs, a server that dies or is another, keys that end, things that go away; and hours that come twice.
import { rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { serveIn } from "../engine.ts";
import { millrace, project } from "../millrace.ts";
import { shopFiles } from "./shop.ts";
import { openStage, type Stage, type Visitor } from "./stage.ts";

/** Clocks go back from 3 to 2 o'clock. */
const LONG_DAY_HOURS = 25;

let stage: Stage;
let visitor: Visitor;
let page: Page;

beforeAll(async () => {
  stage = await openStage({
    ...shopFiles,
    "models/final/hours.sql":
      "/*---\nmaterialize: table\npartition: { by: hour, column: hour, timezone: Europe/Berlin, start: 2026-10-25, end: 2026-10-26 }\n---*/\nselect $start::timestamptz as hour\n",
  });
});
afterAll(() => stage?.close());

beforeEach(async () => {
  visitor = await stage.visit({ session: true, timezoneId: "Europe/Berlin" });
  ({ page } = visitor);
  await live(page);
});
afterEach(async ({ task }) => {
  if (task.result?.state === "fail") console.error(`${page.url()}\n${await page.locator("body").ariaSnapshot()}`);
  const { errors } = visitor;
  await visitor.close();
  expect(errors).toEqual([]);
});

function live(of: Page): Promise<void> {
  return of.getByRole("status").getByText("Live", { exact: true }).waitFor();
}

describe("an address", () => {
  it("is what back and forth go through, with what was chosen", async () => {
    await page.getByRole("link", { name: "Runs", exact: true }).click();
    const status = page.getByRole("combobox", { name: "Status" });
    await status.selectOption("failed");
    await page.waitForURL(/status=failed/);
    const runs = page.getByRole("table", { name: "Runs" });
    await runs.locator('a[href^="/r/"]').first().click();
    await page.getByText("task:upload failed first").waitFor();
    await page.goBack();
    await runs.waitFor();
    expect(await status.inputValue()).toBe("failed");
    await page.goForward();
    await page.getByText("task:upload failed first").waitFor();
  });

  it("shows the same after a reload", async () => {
    const sql = "select city, customers from clean.cities order by city";
    await page.goto(`${stage.url()}/sql?${new URLSearchParams({ sql, run: "true" }).toString()}`);
    const bonn = page.getByRole("grid", { name: "Rows of the query" }).getByRole("gridcell", { name: "Bonn" });
    await bonn.waitFor();
    await page.reload();
    await bonn.waitFor();
    await page.goto(`${stage.url()}/quarantine/raw.orders?rule=badValue(day)`);
    const chosen = page.getByRole("group", { name: "Rules" }).getByRole("button", { name: /badValue\(day\)/, pressed: true });
    await chosen.waitFor();
    await page.reload();
    await chosen.waitFor();
    expect(await page.getByRole("grid").getByRole("row").count()).toBe(2);
  });

  it("of nothing says so, whatever it would be of", async () => {
    await page.goto(`${stage.url()}/nowhere/at/all`);
    await page.getByRole("heading", { level: 1, name: "There is no such page" }).waitFor();
    await page.getByRole("link", { name: "To Home" }).click();
    await page.getByRole("heading", { level: 1, name: /broken/ }).waitFor();
    await page.goto(`${stage.url()}/a/raw.nothing`);
    await page.getByText("There is no asset raw.nothing in this project.").waitFor();
    await page.goto(`${stage.url()}/r/r_nothing`);
    await page
      .getByRole("alert")
      .getByText(/^MR\d{4}$/)
      .waitFor();
    await page.goto(`${stage.url()}/backfills/b_nothing`);
    await page
      .getByRole("alert")
      .getByText(/^MR\d{4}$/)
      .waitFor();
  });
});

describe("a page that stays open", () => {
  it("shows in one tab what is done in another", async () => {
    const other = await visitor.context.newPage();
    for (const each of [page, other]) {
      await each.goto(`${stage.url()}/inbox?show=approvals`);
      await each.getByText("Publish the revenue?").waitFor();
    }
    const reason = page.getByRole("textbox", { name: /^reason/ });
    await reason.fill("looks right");
    await page.getByRole("button", { name: "Approve" }).click();
    await other.getByText("Publish the revenue?").waitFor({ state: "detached" });
    await page.getByText("Publish the revenue?").waitFor({ state: "detached" });
  });

  it("tells that its server died, and goes on by itself when it is back", async () => {
    await page.goto(`${stage.url()}/runs`);
    await page.evaluate(() => document.documentElement.setAttribute("data-kept", "yes"));
    const runs = page.getByRole("table", { name: "Runs" });
    await runs.waitFor();
    const before = await runs.locator('a[href^="/r/"]').count();
    await stage.restart("SIGKILL", async () => {
      await page.getByText(/^Disconnected: what is shown may be old/).waitFor();
      expect(await runs.locator('a[href^="/r/"]').count()).toBe(before);
    });
    await live(page);
    await page.getByText(/^Disconnected: what is shown may be old/).waitFor({ state: "detached" });
    await stage.millrace(["run", "broken"]);
    await runs.locator('a[href^="/r/"]').nth(before).waitFor();
    expect(await page.evaluate(() => document.documentElement.getAttribute("data-kept"))).toBe("yes");
  });

  it("of another version than the server says so and is new after a reload", async () => {
    await page.route("**/app/*.js", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({
        status: 200,
        contentType: "text/javascript",
        body: (await answer.text()).replaceAll(/(["'`])0\.1\.0\1/g, '"0.0.9"'),
      });
    });
    await page.reload();
    const told = page.getByRole("alert").filter({ hasText: "The server is of another version than this page." });
    await told.waitFor();
    await page.unroute("**/app/*.js");
    await told.getByRole("button", { name: "Reload" }).click();
    await live(page);
    expect(await told.count()).toBe(0);
  });

  it("goes on looking when its key is taken back, and asks for another before the next act", async () => {
    const token = (await stage.millrace(["token", "create", "brief", "--scope", "operate", "--quiet"])).stdout.trim();
    const stranger = await stage.visit();
    try {
      await stranger.page.goto(`${stage.url()}/runs`);
      await live(stranger.page);
      await stranger.page.getByRole("table", { name: "Runs" }).locator('a[href^="/r/"]').last().click();
      const act = async (): Promise<void> => {
        await stranger.page.getByRole("button", { name: "Run again…" }).click();
        await stranger.page.getByRole("dialog", { name: "Run again" }).getByRole("button", { name: "Run again" }).click();
      };
      const key = stranger.page.getByRole("dialog", { name: "This needs a key" });
      await act();
      await key.getByLabel("Link or token").fill(token);
      await key.getByRole("button", { name: "Go on" }).click();
      await key.waitFor({ state: "detached" });
      await stranger.page.getByRole("dialog", { name: "Run again" }).waitFor({ state: "detached" });
      // Its stream is the session's from now on, and ends with it.
      await stranger.page.goto(`${stage.url()}/runs`);
      await live(stranger.page);
      const runs = stranger.page.getByRole("table", { name: "Runs" }).locator('a[href^="/r/"]');
      await runs.first().waitFor();
      const before = await runs.count();
      expect((await stage.millrace(["token", "revoke", "brief"])).exitCode).toBe(0);
      await stage.millrace(["run", "broken"]);
      await runs.nth(before).waitFor();
      await runs.last().click();
      await act();
      await key.waitFor();
      expect(stranger.errors).toEqual([]);
    } finally {
      await stranger.close();
    }
  });

  it("says of an asset that it was removed, and shows what was known of it", async () => {
    await page.goto(`${stage.url()}/a/clean.cities`);
    const reads = page.getByRole("region", { name: "Reads" }).getByRole("link", { name: "raw.customers" });
    await reads.waitFor();
    await live(page);
    rmSync(join(stage.dir, "models/clean/cities.sql"));
    await stage.millrace(["run", "broken"]);
    await page.getByText("This asset was removed from the project; what is shown is what was known last.").waitFor();
    await reads.waitFor();
  });

  it("cancels a query without an end and runs the next", async () => {
    await page.goto(
      `${stage.url()}/sql?${new URLSearchParams({ sql: "select sum(sqrt(a.range + b.range)) from range(10000000) a, range(10000000) b", run: "true" }).toString()}`,
    );
    await page
      .getByRole("status")
      .getByText(/^runs, \d+ s$/)
      .waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page
      .getByRole("alert")
      .getByText(/cancel/)
      .first()
      .waitFor();
    const editor = page.getByRole("textbox", { name: "SQL of the query" });
    await editor.press("Control+a");
    await page.keyboard.press("Delete");
    await page.keyboard.type("select 6 * 7 as answer");
    await editor.press("Control+Enter");
    await page.getByRole("gridcell", { name: "42" }).waitFor();
  });
});

describe("the day with 25 hours", () => {
  it("has 25 partitions, and its hour that comes twice is two of them", async () => {
    await page.goto(`${stage.url()}/a/final.hours/partitions`);
    const rows = page.getByRole("table", { name: "Partitions of final.hours" }).locator("tbody").getByRole("row");
    await rows.first().waitFor();
    const keys = await Promise.all((await rows.all()).map(async (row) => (await row.getByRole("cell").first().innerText()).trim()));
    expect(keys.length).toBe(LONG_DAY_HOURS);
    expect(new Set(keys).size).toBe(LONG_DAY_HOURS);
    expect(keys.filter((key) => key.includes("T02")).length).toBe(2);
  });

  it("is told of a schedule at a time that comes twice or never", async () => {
    await page.goto(`${stage.url()}/automations?job=nightly`);
    const next = page.getByRole("region", { name: "Next times" });
    await next
      .getByText(/Europe\/Berlin/)
      .first()
      .waitFor();
    expect(await next.getByRole("row").count()).toBe(6);
    for (const row of (await next.getByRole("row").all()).slice(1)) expect(await row.innerText()).toMatch(/02:30/);
    await next
      .getByText(/clock|twice|never/)
      .first()
      .waitFor();
  });
});

/** What a page of another origin can try; each answers how it ended. */
const ATTACKS = `<!doctype html><meta charset="utf-8"><title>Elsewhere</title><iframe name="sink" hidden></iframe><script>
const target = new URLSearchParams(location.search).get("target");
const act = target + "/api/v1/runs", body = JSON.stringify({ job: "build" });
const sent = (init) => fetch(act, { method: "POST", credentials: "include", body, ...init }).then((answer) => answer.type + " " + answer.status, () => "refused");
const form = () => new Promise((done) => {
  const made = document.createElement("form");
  Object.assign(made, { action: act, method: "post", enctype: "text/plain", target: "sink" });
  const field = document.createElement("input");
  Object.assign(field, { name: body.slice(0, -1) + ', "x": "', value: '"}' });
  made.append(field); document.body.append(made);
  document.querySelector("iframe").addEventListener("load", () => done("sent"), { once: true });
  made.submit(); setTimeout(done, 1000, "sent");
});
const picture = () => new Promise((done) => { const image = new Image(); image.onload = () => done("shown"); image.onerror = () => done("refused"); image.src = target + "/api/v1/runs"; });
const script = () => new Promise((done) => { const made = document.createElement("script"); made.onload = () => done("ran"); made.onerror = () => done("refused"); made.src = target + "/api/v1/status"; document.head.append(made); });
const socket = () => new Promise((done) => { const made = new WebSocket(target.replace("http", "ws") + "/api/v1/live?topics=runs"); made.onopen = () => done("open"); made.onerror = () => done("refused"); });
const stream = () => new Promise((done) => { const made = new EventSource(target + "/api/v1/live?topics=runs", { withCredentials: true }); made.onopen = () => done("open"); made.onerror = () => { made.close(); done("refused"); }; });
const all = async () => [
  await form(), await sent({ headers: { "content-type": "text/plain" } }), await sent({ mode: "no-cors" }), await sent({ mode: "no-cors", keepalive: true }),
  await sent({ headers: { "content-type": "application/json", "x-millrace": "page" } }), String(navigator.sendBeacon(act, new Blob([body], { type: "text/plain" }))),
  await fetch(target + "/api/v1/runs", { credentials: "include" }).then((answer) => answer.text(), () => "refused"), await picture(), await script(), await socket(), await stream(),
];
all().then((told) => { document.title = "done"; (parent === window ? window : parent).postMessage(told, "*"); document.body.dataset.told = JSON.stringify(told); });
</script><body></body>`;

describe("a page of another origin, in the browser that has the session", () => {
  it.each(["http://127.0.0.1", "http://localhost"])(
    "does nothing and reads nothing, as %s and from a sandbox without an origin",
    async (host) => {
      const elsewhere = createServer(({ url }, answer) => {
        const inner = ATTACKS.replaceAll('"', "&quot;").replace("location.search", "&quot;?target=&quot; + encodeURIComponent(TARGET)");
        const isSandbox = url!.startsWith("/sandbox");
        const target = new URLSearchParams(url!.split("?")[1]).get("target") ?? "";
        const boxed = inner.replace("TARGET", `&quot;${target}&quot;`);
        answer.setHeader("content-type", "text/html");
        answer.end(
          isSandbox
            ? `<!doctype html><script>addEventListener("message", ({ data }) => { document.body.dataset.told = JSON.stringify(data); });</script><body><iframe sandbox="allow-scripts allow-forms" srcdoc="${boxed}"></iframe></body>`
            : ATTACKS,
        );
      });
      await new Promise<void>((resolve) => void elsewhere.listen(0, "127.0.0.1", resolve));
      const { port } = elsewhere.address() as AddressInfo;
      const noted = async (): Promise<readonly string[]> => {
        const [answer] = (await stage.millrace(["audit", "--json", "--limit", "1000"])).lines();
        return answer!["entries"].map(({ act }: { readonly act: string }) => act);
      };
      const runs = async (): Promise<number> => (await (await fetch(`${stage.url()}/api/v1/runs?limit=1000`)).json()).runs.length as number;
      const before = [await noted(), await runs()];
      const evil = await visitor.context.newPage();
      for (const path of ["/", "/sandbox"]) {
        await evil.goto(`${host}:${port}${path}?target=${encodeURIComponent(stage.url())}`);
        const told = JSON.parse(
          (await evil.waitForSelector("[data-told]", { state: "attached" }).then((body) => body.getAttribute("data-told")))!,
        ) as string[];
        const [, plain, opaque, kept, json, , ...reads] = told;
        expect([plain, json]).toEqual(["refused", "refused"]);
        for (const blind of [opaque, kept]) expect(["opaque 0", "refused"]).toContain(blind);
        expect(reads).toEqual(Array(5).fill("refused"));
      }
      await evil.close();
      elsewhere.close();
      expect([await noted(), await runs()]).toEqual(before);
    },
  );
});

it("a session that ends says so where others can reach the server, and another is begun there", async () => {
  const away = project({ "millrace.yaml": "name: away\n" });
  const served = await serveIn(away.dir, { args: ["--json", "--host", "0.0.0.0"], env: { MILLRACE_TOKEN: "token-of-the-engine" } });
  const made = await millrace(["token", "create", "ana", "--scope", "operate", "--json"], away.dir);
  const key = made.lines()[0]!["token"] as string;
  const url = `http://127.0.0.1:${new URL(served.url).port}`;
  const stranger = await stage.visit();
  await stranger.page.goto(`${url}/#key=${key}`);
  await live(stranger.page);
  await stranger.page.evaluate(() =>
    fetch("/api/v1/session/end", { method: "POST", headers: { "content-type": "application/json", "x-millrace": "page" }, body: "{}" }),
  );
  const banner = stranger.page.getByRole("alert").filter({ hasText: "Your session has ended" });
  await banner.waitFor();
  await banner.getByRole("button", { name: "Sign in" }).click();
  await stranger.page.getByRole("textbox", { name: "Link or token" }).or(stranger.page.getByLabel("Link or token")).fill(key);
  await stranger.page.getByRole("button", { name: "Go on" }).click();
  await live(stranger.page);
  await stranger.close();
  served.child.kill("SIGKILL");
  await served.finished;
  away.remove();
});
