// The view of one asset: what it is, how it went, its columns with where they come from, checks, lineage, code.
import type { CatalogueIndex, PageAsset, PageCheck, PageColumn, PageSource } from "../data.ts";
import { assetLink, badge, type Child, element, moment, number } from "./elements.ts";
import { assetPicture, columnPicture } from "./picture.ts";
import { loadAsset } from "./store.ts";
import { traceColumn } from "./trace.ts";

const HOPS = [1, 2, 3, Number.POSITIVE_INFINITY];
const SOURCES_SHOWN = 6;

export interface AssetViewInput {
  readonly index: CatalogueIndex;
  /** Per place the places of what reads it. */
  readonly users: readonly (readonly number[])[];
  readonly place: number;
  readonly asset: PageAsset;
  /** The column whose way is drawn. */
  readonly column: string | null;
}

export async function assetView(input: AssetViewInput): Promise<HTMLElement> {
  const { asset, index, place } = input;
  const entry = index.assets[place]!;
  return element(
    "article",
    { "aria-label": asset.id },
    element("h1", { tabindex: "-1" }, asset.id),
    element(
      "p",
      { class: "about" },
      element("span", { class: "kind" }, entry.materialize ?? entry.kind),
      badge(entry.status),
      ...entry.tags.map((tag) => element("span", { class: "tag" }, tag)),
    ),
    entry.description === null ? null : element("p", { class: "description" }, entry.description, origin(asset.descriptionFrom)),
    facts(input),
    section("Lineage", ...(await lineage(input))),
    asset.columns.length === 0 ? null : section("Columns", columnsTable(input)),
    asset.checks.length === 0 ? null : section("Checks", checksTable(asset.checks)),
    asset.tests.length === 0
      ? null
      : section("Tests", element("ul", {}, ...asset.tests.map(({ name, file }) => element("li", {}, `${name} — ${file}`)))),
    asset.code === null ? null : section("Code", element("pre", { tabindex: "0" }, element("code", {}, asset.code))),
  );
}

function section(title: string, ...children: readonly Child[]): HTMLElement {
  return element("section", {}, element("h2", {}, title), ...children);
}

function origin(from: string | null): HTMLElement | null {
  return from === null ? null : element("span", { class: "origin" }, ` from ${from}`);
}

function facts({ asset, index, users, place }: AssetViewInput): HTMLElement {
  const entry = index.assets[place]!;
  const { lastRun } = asset;
  const run =
    lastRun === null
      ? null
      : `${lastRun.status} ${moment(lastRun.at)}${lastRun.seconds === null ? "" : `, ${lastRun.seconds} s`}, ${lastRun.run}`;
  const list: readonly (readonly [string, Child])[] = [
    ["file", asset.file],
    ["owner", entry.owner],
    ["connector", asset.connector],
    ["uses", asset.components.length === 0 ? null : asset.components.join(", ")],
    ["rows", entry.rows === null ? null : number(entry.rows)],
    ["updated", entry.updatedAt === null ? null : `${moment(entry.updatedAt)} UTC`],
    ["last run", run],
    ["error", lastRun?.error ?? null],
    ["in quarantine", asset.quarantined === 0 ? null : `${number(asset.quarantined)} records`],
    ["version", asset.version],
    ["made from", assetLinks(index, entry.reads)],
    ["goes into", assetLinks(index, users[place]!)],
  ];
  return element("dl", {}, ...list.flatMap(([name, value]) => (value === null ? [] : [element("dt", {}, name), element("dd", {}, value)])));
}

function assetLinks({ assets }: CatalogueIndex, places: readonly number[]): HTMLElement | null {
  if (places.length === 0) return null;
  return element(
    "span",
    { class: "links" },
    ...places.map((place) => element("a", { href: assetLink(assets[place]!.id) }, assets[place]!.id)),
  );
}

async function lineage({ index, users, place, asset, column }: AssetViewInput): Promise<readonly Child[]> {
  if (column !== null) {
    const trace = await traceColumn(loadAsset, place, column);
    const back = element("a", { href: assetLink(asset.id) }, "all of the asset");
    const title = element("p", {}, "The way of ", element("strong", {}, column), " — ", back, legend());
    return [title, columnPicture(index.assets, trace, { place, column })];
  }
  const holder = element("div", {});
  const draw = (hops: number): void => holder.replaceChildren(assetPicture(index.assets, users, place, hops));
  draw(1);
  const buttons = HOPS.map((hops) => {
    const button = element("button", { type: "button", "aria-pressed": String(hops === 1) }, Number.isFinite(hops) ? String(hops) : "all");
    button.addEventListener("click", () => {
      for (const each of buttons) each.setAttribute("aria-pressed", String(each === button));
      draw(hops);
    });
    return button;
  });
  const decided =
    asset.influences.length === 0
      ? null
      : element("p", { class: "decided" }, "Its rows are decided by ", sourceLinks(index, asset.influences));
  return [element("p", { class: "hops" }, "hops ", ...buttons), holder, decided];
}

function legend(): HTMLElement {
  const kinds = ["identity", "transform", "aggregate", "condition"];
  return element("span", { class: "legend" }, ...kinds.map((kind) => element("span", { class: `key ${kind}` }, kind)));
}

function columnsTable({ asset, index, column }: AssetViewInput): HTMLElement {
  return table(
    ["column", "type", "description", "made from", "goes into"],
    asset.columns.map((each) => [
      element("a", { href: assetLink(asset.id, each.name), ...(each.name === column ? { "aria-current": "true" } : {}) }, each.name),
      element("span", { class: "type" }, each.type, marks(each)),
      each.description === null ? null : element("span", {}, each.description, origin(each.descriptionFrom)),
      sourceLinks(index, each.sources),
      sourceLinks(index, each.users),
    ]),
  );
}

function marks({ isKey, personal, origin: original }: PageColumn): HTMLElement | null {
  const told = [
    isKey ? "key" : null,
    personal === null ? null : `personal: ${personal}`,
    original === null ? null : `was ${JSON.stringify(original)}`,
  ].filter((each) => each !== null);
  return told.length === 0 ? null : element("span", { class: "marks" }, ...told.map((each) => element("span", { class: "tag" }, each)));
}

function sourceLinks({ assets }: CatalogueIndex, sources: readonly PageSource[]): HTMLElement | null {
  const shown = sources.slice(0, SOURCES_SHOWN).map(({ asset, outside, column, kind }) => {
    const id = asset < 0 ? outside! : assets[asset]!.id;
    const name = column === "" ? id : `${id}.${column}`;
    const link =
      asset < 0 ? element("span", {}, name) : element("a", { href: column === "" ? assetLink(id) : assetLink(id, column) }, name);
    return element("span", { class: "source" }, link, element("span", { class: `how ${kind}` }, kind));
  });
  const more = sources.length - SOURCES_SHOWN;
  if (shown.length === 0) return null;
  return element("span", { class: "sources" }, ...shown, more > 0 ? `and ${more} more` : null);
}

function checksTable(checks: readonly PageCheck[]): HTMLElement {
  return table(
    ["check", "last result", "failing", "severity", "when it fails"],
    checks.map(({ name, status, failing, severity, onFail }) => [
      name,
      badge(status ?? "not run"),
      failing === null ? "" : number(failing),
      severity,
      onFail,
    ]),
  );
}

function table(header: readonly string[], rows: readonly (readonly Child[])[]): HTMLElement {
  const head = element("tr", {}, ...header.map((name) => element("th", { scope: "col" }, name)));
  const body = rows.map((cells) => element("tr", {}, ...cells.map((cell, index) => element("td", { "data-name": header[index]! }, cell))));
  return element(
    "div",
    { class: "table", tabindex: "0", role: "region", "aria-label": header[0]! },
    element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)),
  );
}
