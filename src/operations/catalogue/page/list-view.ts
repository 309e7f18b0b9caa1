// The first view: all assets, found by words and filters.
import type { CatalogueColumns, CatalogueIndex, IndexAsset } from "../data.ts";
import { assetLink, badge, element, moment, number } from "./elements.ts";
import { type Filter, type Found, searchAssets } from "./search.ts";

const SHOWN = 200;
const STATUSES = ["current", "stale", "failed", "missing", "check failed"];

export interface ListState {
  text: string;
  filter: Filter;
}

export interface ListView {
  readonly view: HTMLElement;
  /** Draws what the state asks for. */
  draw(columns: CatalogueColumns | undefined): void;
}

export function listView(index: CatalogueIndex, state: ListState): ListView {
  const results = element("div", { class: "results" });
  const told = element("p", { class: "told", role: "status" });
  let columns: CatalogueColumns | undefined;
  const draw = (): void => {
    const found = searchAssets(index.assets, columns, state.text, state.filter);
    told.textContent = `${number(found.length)} of ${number(index.assets.length)} assets`;
    results.replaceChildren(...rowsOf(index.assets, found, 0));
  };
  const view = element("section", { "aria-label": "Assets" }, filters(index.assets, state, draw), told, results);
  return {
    view,
    draw(loaded) {
      columns = loaded;
      draw();
    },
  };
}

function rowsOf(assets: readonly IndexAsset[], found: readonly Found[], from: number): readonly HTMLElement[] {
  const rows = found.slice(from, from + SHOWN).map((each) => row(assets[each.place]!, each.columns));
  const left = found.length - from - SHOWN;
  if (left <= 0) return rows;
  const more = element("button", { type: "button", class: "more" }, `${number(Math.min(left, SHOWN))} more of ${number(left)}`);
  more.addEventListener("click", () => {
    const next = rowsOf(assets, found, from + SHOWN);
    more.replaceWith(...next);
    next[0]?.focus();
  });
  return [...rows, more];
}

function row(asset: IndexAsset, columns: readonly string[]): HTMLElement {
  const { checks } = asset;
  const bad = checks.failed + checks.warned;
  const count = checks.passed + bad + checks.unknown;
  const facts = [
    asset.rows === null ? null : `${number(asset.rows)} rows`,
    count === 0 ? null : checksTold(count, bad, checks.passed),
    asset.owner,
    asset.updatedAt === null ? null : moment(asset.updatedAt),
  ].filter((fact) => fact !== null);
  return element(
    "a",
    { class: "row", href: assetLink(asset.id) },
    element("span", { class: "name" }, asset.id),
    element("span", { class: "kind" }, asset.materialize ?? asset.kind),
    badge(asset.status),
    element("span", { class: `facts${bad > 0 ? " bad" : ""}` }, facts.join(" · ")),
    asset.description === null ? null : element("span", { class: "description" }, asset.description),
    columns.length === 0 ? null : element("span", { class: "matched" }, `columns: ${columns.join(", ")}`),
  );
}

function checksTold(count: number, bad: number, passed: number): string {
  const all = count === 1 ? "1 check" : `${count} checks`;
  if (bad > 0) return `${bad} of ${all} failed`;
  return passed === 0 ? all : passed === count ? `${all} passed` : `${passed} of ${all} passed`;
}

function filters(assets: readonly IndexAsset[], state: ListState, draw: () => void): HTMLElement {
  const choice = (label: string, key: keyof Filter, values: readonly string[]): HTMLElement | null => {
    if (values.length === 0) return null;
    const select = element("select", {}, ...["", ...values].map((value) => element("option", { value }, value === "" ? "all" : value)));
    select.value = state.filter[key];
    select.addEventListener("change", () => {
      state.filter = { ...state.filter, [key]: select.value };
      draw();
    });
    return element("label", {}, `${label} `, select);
  };
  const distinct = (values: readonly (string | null)[]): readonly string[] =>
    [...new Set(values.filter((value) => value !== null))].toSorted();
  return element(
    "div",
    { class: "filters" },
    choice("kind", "kind", distinct(assets.map(({ kind }) => kind))),
    choice("status", "status", STATUSES),
    choice("owner", "owner", distinct(assets.map(({ owner }) => owner))),
    choice("tag", "tag", distinct(assets.flatMap(({ tags }) => [...tags]))),
  );
}
