// axe finds nothing on any page, in any theme, in any of its states. No rule is left out and no element.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ServedShop, serveShop } from "./served.ts";
import { openStage, type Stage, type Visitor } from "./stage.ts";
import { addresses, type Walker, walkOn } from "./walk.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Theme {
  readonly name: string;
  readonly colorScheme: "light" | "dark";
  readonly contrast: "no-preference" | "more";
}

const THEMES: readonly Theme[] = [
  { name: "light", colorScheme: "light", contrast: "no-preference" },
  { name: "dark", colorScheme: "dark", contrast: "no-preference" },
  { name: "high contrast", colorScheme: "light", contrast: "more" },
  { name: "dark high contrast", colorScheme: "dark", contrast: "more" },
];
/** What a theme changes; the document itself is the same in all of them. */
const RULES_OF_COLOUR = ["color-contrast", "link-in-text-block"];

/** An address that finds nothing by its filter. */
const NOTHING_FOUND = [
  "/runs?job=none",
  "/assets?q=none-such",
  "/partitions?asset=none-such",
  "/quality?find=none-such",
  "/a/raw.orders/data?where=id%20%3D%20-1",
  "/a/final.daily/partitions?state=failed",
  "/backfills?status=paused",
  "/settings/audit?act=none",
  "/quarantine?find=none-such",
  "/quarantine/raw.orders?rule=none",
  "/inbox?show=stopped",
  "/automations?find=none-such",
];

/** Each kind of layer that lies over a page. */
const LAYERS: readonly { readonly address: string; readonly open: (page: Page) => Promise<unknown> }[] = [
  { address: "/", open: (page) => page.keyboard.press("Control+k") },
  { address: "/runs", open: typing("orders") },
  { address: "/assets", open: typing("+final.rev") },
  { address: "/quality", open: typing("MR7002") },
  { address: "/inbox", open: (page) => page.keyboard.press("?") },
  {
    address: "/runs",
    open: async (page) => {
      await page.keyboard.press("j");
      await page.keyboard.press(".");
    },
  },
  { address: "/sql?sql=select%201", open: button("Save as model…") },
  { address: "/settings/tokens", open: button("Revoke spare") },
  { address: "/changes?show=environments", open: button("Drop spare") },
  { address: "/quarantine/raw.orders", open: button("Discard") },
  { address: "/quarantine/raw.orders", open: button("Accept as is") },
  {
    address: "/partitions",
    open: async (page) => {
      await page.getByRole("grid").first().focus();
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("b");
    },
  },
  { address: "/automations?job=nightly", open: button(/^Run now/) },
  { address: "/automations?job=nightly", open: button(/^Pause/) },
];

function button(name: string | RegExp): (page: Page) => Promise<unknown> {
  return (page) => page.getByRole("button", { name }).first().click();
}

function typing(words: string): (page: Page) => Promise<unknown> {
  return async (page) => {
    await page.keyboard.press("/");
    await page.locator(".palette-input").fill(words);
    await page.locator(".palette-list [role=option]").first().waitFor();
  };
}

let stage: Stage;
let empty: ServedShop;
let withData: readonly string[];
/** Each route once. */
let routes: readonly string[];

beforeAll(async () => {
  stage = await openStage();
  empty = await serveShop({ "millrace.yaml": "name: empty\n" });
  await stage.millrace(["backfill", "final.daily", "--from", "2026-10-22", "--to", "2026-10-25", "--force"]);
  const ask = async (path: string): Promise<any> => (await fetch(`${stage.url()}/api/v1${path}`)).json();
  const { runs } = (await ask("/runs")) as { readonly runs: readonly { readonly run: string; readonly status: string }[] };
  const backfill = runs.map(({ run }) => run).filter((run) => run.startsWith("b_"));
  const failed = runs.filter(({ status }) => status === "failed").map(({ run }) => run);
  routes = addresses({ run: failed, backfill, asset: ["raw.orders"], tab: ["data"], part: ["tokens"] });
  withData = addresses({
    run: runs.map(({ run }) => run),
    backfill,
    asset: ["raw.orders", "final.daily", "clean.cities"],
    tab: ["overview"],
    part: ["connections"],
  });
});
afterAll(async () => {
  await stage?.close();
  await empty?.close();
});

interface Auditor extends Visitor {
  readonly walk: Walker;
  /** What axe finds here, in all themes. */
  audit(): Promise<readonly string[]>;
}

interface Circumstances {
  readonly before?: (page: Page) => Promise<unknown>;
  readonly url?: string;
  readonly session?: boolean;
}

async function auditor({ before, url = stage.url(), session = false }: Circumstances = {}): Promise<Auditor> {
  const visitor = await stage.visit({ reducedMotion: "reduce", session });
  const { page } = visitor;
  await before?.(page);
  const walk = walkOn(page);
  await page.goto(url);
  await page.evaluate(axe);
  return { ...visitor, walk, audit: () => audit(page) };
}

async function audit(page: Page): Promise<readonly string[]> {
  const found: string[] = [];
  for (const theme of THEMES) {
    await page.emulateMedia({ colorScheme: theme.colorScheme, contrast: theme.contrast });
    await page.waitForFunction(
      ({ colorScheme, contrast }) =>
        document.documentElement.dataset["theme"] === colorScheme &&
        document.documentElement.dataset["contrast"] === (contrast === "more" ? "more" : "normal"),
      theme,
    );
    const violations = await page.evaluate(
      async (runOnly) => {
        const { axe: engine } = globalThis as unknown as { readonly axe: { run(options: unknown): Promise<any> } };
        const answer = await engine.run({
          resultTypes: ["violations"],
          rules: { "target-size": { enabled: true } },
          ...(runOnly === null ? {} : { runOnly }),
        });
        return answer.violations.flatMap(({ id, nodes }: any) =>
          nodes.map(({ html, failureSummary }: any) => `${id} ${html} ${failureSummary}`),
        );
      },
      theme === THEMES[0] ? null : RULES_OF_COLOUR,
    );
    found.push(...violations.map((each: string) => `${new URL(page.url()).pathname} ${theme.name}: ${each.replaceAll(/\s+/g, " ")}`));
  }
  return found;
}

// Hundreds of looks in a row: slow where the machine is busy.
describe("axe finds nothing", { timeout: 400_000 }, () => {
  it("on pages with data, nor on what their tabs show", async () => {
    const { page, walk, audit: look, errors, close } = await auditor();
    const found: string[] = [];
    const all = new Set([...withData, "/graph?view=tree", "/graph?view=table", "/no/such/page", "/a/no.such", "/r/r_00000000000000000"]);
    for (const address of all) {
      await walk.go(address);
      const tabs = await page.locator(".tabs a").evaluateAll((links) => links.map((link) => link.getAttribute("href")!));
      for (const tab of tabs) all.add(tab);
      found.push(...(await look()));
    }
    expect(all.size).toBeGreaterThan(withData.length + 10);
    expect(found).toEqual([]);
    expect(errors).toEqual([]);
    await close();
  });

  it("where a filter leaves nothing", async () => {
    const { page, walk, audit: look, close } = await auditor();
    const found: string[] = [];
    for (const address of NOTHING_FOUND) {
      await walk.go(address);
      expect(await page.getByText(/^No .* match the filters\.$/).count(), address).toBeGreaterThan(0);
      found.push(...(await look()));
    }
    expect(found).toEqual([]);
    await close();
  });

  it("at first use", async () => {
    const { walk, audit: look, errors, close } = await auditor({ url: empty.url() });
    const found: string[] = [];
    for (const address of addresses({ run: ["r_0"], backfill: ["b_0"], asset: ["none"], tab: ["data"], part: ["tokens", "audit"] })) {
      await walk.go(address);
      found.push(...(await look()));
    }
    expect(found).toEqual([]);
    expect(errors).toEqual([]);
    await close();
  });

  it("with a layer over the page, which Esc closes and nothing else", async () => {
    await stage.millrace(["token", "create", "spare", "--scope", "read"]);
    await stage.millrace(["env", "create", "spare"]);
    const { page, walk, audit: look, errors, close } = await auditor({ session: true });
    const found: string[] = [];
    const layer = page.locator("dialog[open]");
    for (const { address, open } of LAYERS) {
      await walk.go(address);
      await open(page);
      await layer.waitFor().catch(() => {
        throw new Error(`no layer over ${address} after ${String(open)}`);
      });
      await walk.settled();
      found.push(...(await look()));
      await page.keyboard.press("Escape");
      await layer.waitFor({ state: "detached" });
      expect(new URL(page.url()).pathname, address).toBe(address.split("?")[0]);
    }
    expect(found).toEqual([]);
    expect(errors).toEqual([]);
    await close();
  });

  it("with a key asked for, an inspector, nor SQL that is completed and typed over", async () => {
    const { page, walk, audit: look, errors, close } = await auditor();
    const found: string[] = [];
    await walk.go("/quality");
    await button("Run all checks")(page);
    await page.getByRole("dialog", { name: "This needs a key" }).waitFor();
    found.push(...(await look()));
    await page.keyboard.press("Escape");
    await walk.go("/quality?suggest=raw.customers");
    await page.getByText("- notNull: [id, name, city]").waitFor();
    found.push(...(await look()));
    await walk.go("/partitions?row=final.daily&from=2026-10-22&to=2026-10-24");
    found.push(...(await look()));
    await walk.go("/sql?sql=select%20*%0Afrom%20clean.orders");
    const editor = page.locator(".cm-content");
    await editor.click();
    await page.keyboard.press("Control+a");
    await page.keyboard.type("select cus");
    await page.locator(".cm-tooltip-autocomplete").waitFor();
    found.push(...(await look()));
    expect(await editor.innerText()).toBe("select cus");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+z");
    expect(await editor.innerText()).toContain("clean.orders");
    expect(found).toEqual([]);
    // The server's policy refused nothing.
    expect(errors).toEqual([]);
    await close();
  });

  it("while answers are awaited", async () => {
    const {
      page,
      walk,
      audit: look,
      close,
    } = await auditor({ before: (each) => each.route("**/api/v1/**", () => new Promise<void>(() => {})) });
    const found: string[] = [];
    let waiting = 0;
    for (const address of routes) {
      await walk.open(address);
      waiting += await page
        .locator(".skeleton i")
        .first()
        .waitFor({ timeout: 700 })
        .then(
          () => 1,
          () => 0,
        );
      found.push(...(await look()));
    }
    // Not all: some show what needs no answer.
    expect(waiting).toBeGreaterThan(routes.length / 2);
    expect(found).toEqual([]);
    await close();
  });

  it("where the server stumbles", async () => {
    const { page, walk, audit: look, close } = await auditor({ before: (each) => stumbling(each) });
    const found: string[] = [];
    let failures = 0;
    for (const address of routes) {
      await walk.go(address);
      failures += (await page.getByText("MR9001").count()) > 0 ? 1 : 0;
      found.push(...(await look()));
    }
    expect(failures).toBeGreaterThan(routes.length / 2);
    expect(found).toEqual([]);
    await close();
  });

  it("where what is shown is old, nor when the server is gone", async () => {
    const {
      page,
      walk,
      audit: look,
      close,
    } = await auditor({
      before: (each) =>
        each.addInitScript(() => {
          const now = Date.now.bind(Date);
          Date.now = () => now() + Number(Reflect.get(globalThis, "laterMs") ?? 0);
        }),
    });
    const found: string[] = [];
    for (const address of routes) await walk.go(address);
    await stumbling(page);
    // All that is known counts as old now and is asked for again.
    await page.evaluate(() => Reflect.set(globalThis, "laterMs", 60_000));
    let notes = 0;
    for (const address of routes) {
      await walk.go(address);
      notes += (await page.locator(".stale-note").count()) > 0 ? 1 : 0;
      found.push(...(await look()));
    }
    expect(notes).toBeGreaterThan(routes.length / 2);
    await page.unroute("**/api/v1/**");
    await stage.restart("SIGKILL", async () => {
      await page.getByText("Disconnected: what is shown may be old").waitFor();
      for (const address of routes) {
        await walk.open(address);
        found.push(...(await look()));
      }
    });
    expect(found).toEqual([]);
    await close();
  });
});

/** Every answer is an error of ours. */
async function stumbling(page: Page): Promise<void> {
  await page.route("**/api/v1/**", (route) =>
    route.fulfill({ status: 500, json: { v: 1, error: { code: "MR9001", message: "The server stumbled.", hint: "Ask again." } } }),
  );
}
