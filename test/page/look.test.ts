// Every page, for those who look otherwise: nothing is cut off at 200 % text or on a narrow screen, the focus is seen wherever keys lead and leads out again, nothing
// moves for those who do not want it, colours of the system tell the same; and a planted script is the text it is.
import { afterAll, beforeAll, expect, it } from "vitest";
import { SCRIPT, shopFiles } from "./shop.ts";
import { openStage, type Stage } from "./stage.ts";
import { addresses, walkOn } from "./walk.ts";

/** Words that pages take from elsewhere, wherever a project may have them. */
const PLANTED = {
  "data/planted.csv": `id,"${SCRIPT.replaceAll('"', '""')}"\n1,"${SCRIPT.replaceAll('"', '""')}"\none,"${SCRIPT.replaceAll('"', '""')}"\n`,
  "sources/planted.yaml": `from: { files: { path: data/planted.csv } }
description: ${JSON.stringify(SCRIPT)}
owner: ${JSON.stringify(SCRIPT)}
tags: [${JSON.stringify(SCRIPT)}]
columns:
  id: { type: bigint, required: true, description: ${JSON.stringify(SCRIPT)} }
`,
};
/** Always due within the next hours. */
const SOON = {
  "jobs/soon.yaml": `select: []\ntasks: { hello: { shell: "echo hello" } }\ntriggers: [{ schedule: { cron: "0 */2 * * *" } }]\n`,
};
/** Pages in a state that stands in their address. */
const STATES = [
  "/graph?view=table&lens=change&sel=raw.orders",
  "/graph?lens=age&sel=raw.*",
  "/assets?sel=raw.orders,raw.customers&compare=true",
  "/inbox?show=decided",
  "/a/raw.orders/schema?col=amount",
];
const TIMEOUT = { timeout: 300_000 };

let stage: Stage;
let all: readonly string[];

beforeAll(async () => {
  stage = await openStage({ ...shopFiles, ...PLANTED, ...SOON });
  await stage.millrace(["backfill", "final.daily", "--from", "2026-10-22", "--to", "2026-10-25", "--force"]);
  const { runs } = (await (await fetch(`${stage.url()}/api/v1/runs`)).json()) as { readonly runs: readonly { readonly run: string }[] };
  all = [
    ...STATES,
    ...addresses({
      run: runs.map(({ run }) => run),
      backfill: runs.map(({ run }) => run).filter((run) => run.startsWith("b_")),
      asset: ["raw.orders", "raw.planted"],
      tab: ["data", "schema", "lineage", "checks", "history", "code"],
      part: ["tokens", "audit", "appearance"],
    }),
  ];
});
afterAll(() => stage?.close());

it("a planted script stays the text it is on every page", TIMEOUT, async () => {
  // Without the server's policy, so that nothing but the page itself holds it back.
  const { page, errors, close } = await stage.visit({ bypassCSP: true });
  await page.addInitScript(() => {
    const planted = (node: Node): boolean =>
      node instanceof Element &&
      [node, ...node.querySelectorAll("*")].some((each) => each.matches("img[onerror], img[src='x'], script:not([src])"));
    new MutationObserver((changes) => {
      if (changes.some(({ addedNodes }) => [...addedNodes].some(planted)) || document.title === "owned")
        Reflect.set(globalThis, "isOwned", true);
    }).observe(document, { subtree: true, childList: true, characterData: true });
  });
  const walk = walkOn(page);
  const said: string[] = [];
  const look = async (name: string): Promise<void> => {
    expect(await page.evaluate(() => document.title === "owned" || Reflect.get(globalThis, "isOwned") === true), name).toBe(false);
    if ((await page.locator("body").innerText()).includes("onerror=")) said.push(name);
  };
  await page.goto(stage.url());
  for (const address of all) {
    await walk.go(address);
    await look(address);
  }
  for (const address of [
    `/assets?q=${encodeURIComponent(SCRIPT)}`,
    `/a/${encodeURIComponent(SCRIPT)}`,
    `/runs?job=${encodeURIComponent(SCRIPT)}`,
  ]) {
    await walk.go(address);
    await look(address);
  }
  await page.keyboard.press("Control+k");
  await page.locator(".palette-input").fill("img");
  await page.locator(".palette-note").getByText("found").waitFor();
  await look("palette");
  await page.keyboard.press("Escape");
  await page.route("**/api/v1/**", (route) =>
    route.fulfill({ status: 500, json: { v: 1, error: { code: "MR9001", message: SCRIPT, hint: SCRIPT } } }),
  );
  await walk.go("/settings/audit?subject=other");
  await look("error");
  // It is there to be seen: in descriptions, rows, columns, logs, approvals, rows set aside, and what was asked for.
  for (const name of [
    "/inbox",
    "/assets",
    "/a/raw.orders",
    "/a/raw.planted/data",
    "/a/raw.planted/schema",
    "/quarantine/raw.planted",
    "palette",
    "error",
  ])
    expect(said).toContain(name);
  expect(said.some((name) => name.startsWith("/r/"))).toBe(true);
  expect(errors).toEqual([]);
  await close();
});

it.each([
  { name: "200 % text", width: 1280, height: 800, percent: 200 },
  { name: "360 px", width: 360, height: 740, percent: 100 },
  { name: "320 px", width: 320, height: 640, percent: 100 },
])("nothing is cut off and the page does not scroll sideways: $name", TIMEOUT, async ({ width, height, percent }) => {
  const { page, close } = await stage.visit({ viewport: { width, height }, reducedMotion: "reduce" });
  const walk = walkOn(page);
  await page.goto(stage.url());
  await page.evaluate((size) => document.documentElement.style.setProperty("font-size", `${size}%`), percent);
  const found: string[] = [];
  for (const address of all) {
    await walk.go(address);
    found.push(...(await page.evaluate(cutOff)).map((each) => `${address}: ${each}`));
  }
  expect(found).toEqual([]);
  await close();
});

it("the focus is seen on everything that keys reach, and no page orders it anew", TIMEOUT, async () => {
  const { page, close } = await stage.visit({ reducedMotion: "reduce" });
  const walk = walkOn(page);
  await page.goto(stage.url());
  const found: string[] = [];
  for (const forcedColors of ["none", "active"] as const) {
    await page.emulateMedia({ forcedColors });
    for (const address of all) {
      await walk.go(address);
      await page.keyboard.press("Tab");
      found.push(...(await page.evaluate(unseenFocus)).map((each) => `${address} (forced colours: ${forcedColors}): ${each}`));
    }
  }
  expect(found).toEqual([]);
  await close();
});

it("Tab leads through each page in its order and out again", TIMEOUT, async () => {
  const { page, close } = await stage.visit({ reducedMotion: "reduce" });
  const walk = walkOn(page);
  await page.goto(stage.url());
  for (const address of [
    "/",
    "/graph",
    "/graph?view=tree",
    "/partitions",
    "/sql",
    "/a/raw.orders/data",
    "/quarantine/raw.orders",
    "/runs",
  ]) {
    await walk.go(address);
    const stops = await page.evaluate(() => {
      const main = document.querySelector<HTMLElement>("main")!;
      const way: Element[] = [];
      Reflect.set(globalThis, "way", way);
      addEventListener("focusin", ({ target }) => way.push(target as Element));
      main.focus();
      return main.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0'], [contenteditable='true']").length;
    });
    for (let count = 0; count < stops + 25 && (await page.evaluate(() => document.activeElement?.closest("main") != null)); count += 1)
      await page.keyboard.press("Tab");
    const outcome = await page.evaluate(() => {
      const way = (Reflect.get(globalThis, "way") as Element[]).filter((each) => each.closest("main") !== null && each.id !== "main");
      return {
        isOut: document.activeElement?.closest("main") == null,
        back: way
          .slice(1)
          .filter((each, place) => (way[place]!.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_PRECEDING) !== 0)
          .map((each) => each.outerHTML.slice(0, 120)),
        stops: way.length,
      };
    });
    expect(outcome, address).toMatchObject({ isOut: true, back: [] });
    expect(outcome.stops, address).toBeGreaterThan(0);
  }
  await close();
});

it("nothing moves for those who want no motion", TIMEOUT, async () => {
  const { page, close } = await stage.visit({ reducedMotion: "reduce" });
  const walk = walkOn(page);
  await page.goto(stage.url());
  for (const address of all) {
    await walk.go(address);
    expect(await page.evaluate(() => document.getAnimations().filter(({ playState }) => playState === "running").length), address).toBe(0);
  }
  // The same page moves for the others: a run that waits turns.
  await page.emulateMedia({ reducedMotion: "no-preference" });
  await walk.go("/runs");
  expect(await page.evaluate(() => document.getAnimations().length)).toBeGreaterThan(0);
  await close();
});

it("what only a colour fills is seen with the colours of the system", TIMEOUT, async () => {
  const { page, close } = await stage.visit({ reducedMotion: "reduce" });
  const walk = walkOn(page);
  await page.goto(stage.url());
  const found: string[] = [];
  for (const address of all) {
    await page.emulateMedia({ forcedColors: "none" });
    await walk.go(address);
    await page.evaluate(markFilled);
    await page.emulateMedia({ forcedColors: "active" });
    found.push(...(await page.evaluate(lostFills)).map((each) => `${address}: ${each}`));
  }
  expect(found).toEqual([]);
  await close();
});

it("Home marks what is due and says which columns came since yesterday", TIMEOUT, async () => {
  const { page, close } = await stage.visit();
  stage.write("data/customers.csv", "id,name,city,age\n1,ana,Bonn,30\n2,bo,Kiel,40\n");
  await stage.millrace(["run", "--select", "raw.customers"]);
  await page.goto(stage.url());
  await page
    .getByRole("list", { name: /due in the next 6 hours/ })
    .getByRole("link", { name: /soon .* is due/ })
    .first()
    .waitFor();
  const changed = page.getByRole("region", { name: "Changed since yesterday" });
  await changed.getByRole("link", { name: /raw\.customers age added/ }).click();
  await page.waitForURL(/\/a\/raw\.customers\/schema/);
  await close();
});

it("the graph is looped around to select, and marks what differs from what readers see", TIMEOUT, async () => {
  const { page, close } = await stage.visit();
  stage.write("models/clean/cities.sql", "select city, count(distinct id) as customers\nfrom raw.customers\ngroup by city\n");
  await page.goto(`${stage.url()}/graph?q=clean.orders%20or%20final.daily`);
  const canvas = page.locator(".graph-stage canvas");
  await canvas.waitFor();
  await page.getByRole("button", { name: "Lasso" }).click();
  const { x, y, width, height } = (await canvas.boundingBox())!;
  await page.mouse.move(x + 5, y + 5);
  await page.mouse.down();
  for (const [right, down] of [
    [width - 5, 5],
    [width - 5, height - 60],
    [5, height - 60],
    [5, 10],
  ] as const)
    await page.mouse.move(x + right, y + down, { steps: 8 });
  await page.mouse.up();
  await page.getByRole("region", { name: "Selection" }).getByText("2 assets selected").waitFor();
  await page.goto(`${stage.url()}/graph?view=table&lens=change`);
  const cities = page.getByRole("row").filter({ hasText: "clean.cities" });
  await cities.getByText(/(breaking|changed)$/).waitFor();
  await page.getByRole("row").filter({ hasText: "raw.orders" }).getByText("none", { exact: true }).first().waitFor();
  await close();
});

/** In the page: texts that somebody cannot get to see, and what makes the page wider than the screen. */
function cutOff(): string[] {
  const found = new Set<string>();
  const nameOf = (element: Element): string =>
    `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""} "${element.textContent!.slice(0, 40)}"`;
  for (const box of [document.documentElement, document.body, document.querySelector("main")!])
    if (box.scrollWidth > box.clientWidth)
      found.add(`scrolls sideways: ${nameOf(box).slice(0, 20)} ${box.scrollWidth} > ${box.clientWidth}`);
  const texts = document.createTreeWalker(document.querySelector("#page")!, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text !== null; text = texts.nextNode()) {
    const own = text.parentElement!;
    if (text.textContent!.trim() === "" || own.closest(".unseen, .skip, [aria-hidden='true'], canvas, svg, .cm-editor") !== null) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const rect = range.getBoundingClientRect();
    if (rect.width === 0 || rect.height === 0 || !own.checkVisibility({ visibilityProperty: true })) continue;
    let { left, right, top, bottom } = rect;
    for (let box: Element | null = own; box !== null; box = box.parentElement) {
      const { overflowX, overflowY, textOverflow, clipPath } = getComputedStyle(box);
      if (clipPath !== "none") break;
      const edge = box.getBoundingClientRect();
      if (overflowX !== "visible" && (right > edge.right + 1 || left < edge.left - 1)) {
        if (overflowX === "hidden" && textOverflow !== "ellipsis")
          found.add(`cut at the side: ${nameOf(own)} by ${nameOf(box).split('"')[0]}`);
        [left, right] = [edge.left, edge.right];
      }
      if (overflowY !== "visible" && (bottom > edge.bottom + 2 || top < edge.top - 2)) {
        if (overflowY === "hidden") found.add(`cut below: ${nameOf(own)} by ${nameOf(box).split('"')[0]}`);
        [top, bottom] = [edge.top, edge.bottom];
      }
    }
    if (right > innerWidth + 1 || left < -1) found.add(`beyond the screen: ${nameOf(own)}`);
  }
  return [...found];
}

/** In the page, after a key: what takes the focus and does not show it. */
function unseenFocus(): string[] {
  (document.activeElement as HTMLElement | null)?.blur();
  const found: string[] = [];
  for (const element of document.querySelectorAll<HTMLElement>("a[href], button, input, select, textarea, summary, [tabindex]")) {
    if (element.tabIndex > 0) found.push(`${element.outerHTML.slice(0, 120)} has an order of its own`);
    if (element.tabIndex < 0 || !element.checkVisibility({ visibilityProperty: true }) || element.matches(":disabled")) continue;
    const looks = (): string =>
      [element, element.parentElement!, element.closest(".cm-editor") ?? element]
        .map((each) => getComputedStyle(each))
        .map(
          ({ outlineStyle, outlineWidth, boxShadow, borderColor }) =>
            (outlineStyle === "none" || outlineWidth === "0px" ? "" : outlineWidth) + boxShadow + borderColor,
        )
        // What comes into sight shows itself.
        .join() + String(element.getBoundingClientRect().top < 0);
    const before = looks();
    element.focus();
    if (document.activeElement !== element) found.push(`${element.outerHTML.slice(0, 120)} takes no focus`);
    else if (looks() === before && element.querySelector("canvas") === null && !element.matches("canvas"))
      found.push(`${element.outerHTML.slice(0, 120)} does not show the focus`);
    element.blur();
  }
  return found;
}

/** In the page: remembers what is told by a filled box alone. */
function markFilled(): void {
  for (const element of document.querySelectorAll<HTMLElement>("#page *")) {
    if (
      element.childElementCount > 0 ||
      element.textContent !== "" ||
      element instanceof SVGElement ||
      element.matches("canvas, input, .skeleton *")
    )
      continue;
    const { width, height } = element.getBoundingClientRect();
    const fill = getComputedStyle(element).backgroundColor;
    if (width < 2 || height < 2 || fill === "rgba(0, 0, 0, 0)") continue;
    element.dataset["filled"] = "";
  }
}

/** In the page: those that colours of the system leave nothing of. */
function lostFills(): string[] {
  return [...document.querySelectorAll<HTMLElement>("[data-filled]")]
    .filter((element) => {
      const { forcedColorAdjust, borderTopWidth, borderTopStyle } = getComputedStyle(element) as CSSStyleDeclaration & {
        readonly forcedColorAdjust: string;
      };
      return forcedColorAdjust !== "none" && (borderTopWidth === "0px" || borderTopStyle === "none");
    })
    .map((element) => `${element.parentElement!.className} > ${element.className}`);
}
