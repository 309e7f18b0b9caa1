// The page of the catalogue: the address says what is shown (`#/`, `#/a/ASSET`, `#/a/ASSET/COLUMN`); the keyboard reaches everything.
import type { CatalogueIndex } from "../data.ts";
import { assetView } from "./asset-view.ts";
import { element, moment, number } from "./elements.ts";
import { type ListState, listView } from "./list-view.ts";
import { loadAsset, loadColumns, loadIndex } from "./store.ts";
import { nextTheme, showTheme } from "./theme.ts";

const state: ListState = { text: "", filter: { kind: "", status: "", owner: "", tag: "" } };

async function start(): Promise<void> {
  showTheme();
  const index = await loadIndex();
  const places = new Map(index.assets.map(({ id }, place) => [id, place]));
  const users: number[][] = index.assets.map(() => []);
  for (const [place, { reads }] of index.assets.entries()) for (const read of reads) users[read]!.push(place);
  const list = listView(index, state);
  const search = element("input", {
    type: "search",
    id: "search",
    placeholder: "Search assets, columns, descriptions",
    "aria-label": "Search",
    autocomplete: "off",
  });
  const main = element("main", { id: "main" });
  const theme = element("button", { type: "button", id: "theme", "aria-label": "Light or dark" }, "◐");
  theme.addEventListener("click", nextTheme);
  const home = element("a", { href: "#/", class: "home" }, index.project);
  document.querySelector("#app")!.replaceChildren(element("header", {}, home, search, theme), main, footer(index));
  search.addEventListener("input", () => {
    state.text = search.value;
    if (location.hash.startsWith("#/a/")) location.hash = "#/";
    list.draw(undefined);
    void loadColumns().then(
      (columns) => list.draw(columns),
      () => undefined,
    ); // names of assets are found without it
  });
  const show = async (): Promise<void> => {
    const [id, column] = addressed();
    if (id === null) {
      document.title = index.project;
      main.replaceChildren(list.view);
      list.draw(undefined);
      if (state.text !== "") list.draw(await loadColumns());
      return;
    }
    const place = places.get(id);
    if (place === undefined) return main.replaceChildren(element("p", { class: "problem" }, `There is no asset ${id} in this catalogue.`));
    const view = await assetView({ index, users, place, asset: await loadAsset(place), column });
    document.title = `${id} · ${index.project}`;
    main.replaceChildren(view);
    view.querySelector(".box.focus rect")?.scrollIntoView({ block: "nearest", inline: "center" });
    scrollTo(0, 0);
    view.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
  };
  const shown = (): void => {
    show().catch((error: unknown) => main.replaceChildren(element("p", { class: "problem", role: "alert" }, String(error))));
  };
  addEventListener("hashchange", shown);
  addEventListener("keydown", (event) => onKey(event, search));
  shown();
}

function addressed(): readonly [asset: string | null, column: string | null] {
  const [, kind, asset, column] = location.hash.split("/");
  if (kind !== "a" || asset === undefined) return [null, null];
  try {
    return [decodeURIComponent(asset), column === undefined ? null : decodeURIComponent(column)];
  } catch {
    return [asset, null]; // an address that somebody wrote by hand
  }
}

/** `/` searches, ↓ and ↑ (j, k) go through the list, Escape goes back to it, t changes light and dark. */
function onKey(event: KeyboardEvent, search: HTMLInputElement): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
  const isDown = event.key === "ArrowDown" || (event.key === "j" && !isTyping);
  const isUp = event.key === "ArrowUp" || (event.key === "k" && !isTyping);
  if (event.key === "Escape") {
    if (event.target === search && search.value !== "") return; // the field empties itself
    location.hash = "#/";
  } else if ((isDown || isUp) && !(event.target instanceof HTMLSelectElement)) {
    const rows = [...document.querySelectorAll<HTMLElement>(".results .row")];
    if (rows.length === 0) return;
    const at = rows.indexOf(document.activeElement as HTMLElement);
    if (at === 0 && isUp) search.focus();
    else rows[Math.min(rows.length - 1, Math.max(0, at + (isDown ? 1 : -1)))]!.focus();
  } else if (event.key === "Enter" && event.target === search) {
    document.querySelector<HTMLElement>(".results .row")?.click();
  } else if (event.key === "/" && !isTyping) search.focus();
  else if (event.key === "t" && !isTyping) nextTheme();
  else return;
  event.preventDefault();
}

function footer({ builtAt, environment, assets }: CatalogueIndex): HTMLElement {
  return element(
    "footer",
    {},
    `${number(assets.length)} assets of ${environment}, as of ${moment(builtAt)} UTC. Keys: / searches, ↑ ↓ go, Enter opens, Esc goes back, t changes light and dark.`,
  );
}

void start();
