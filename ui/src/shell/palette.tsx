// Search or do: places, acts of the shell, what the server finds by words (assets, columns, checks, jobs, runs, codes), and selections of assets with their words
// completed. Arrow keys choose, Enter goes, Tab completes.
import { useRouter } from "@tanstack/react-router";
import { useDeferredValue, useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import type { Found } from "../../../src/model/look-answers.ts";
import { changeAppearance } from "../data/appearance.ts";
import { useRead } from "../data/read.ts";
import { useGo } from "../kit/link.tsx";
import { links } from "../links.ts";
import { completionsOf, isSelection, soughtBy } from "./selector.ts";
import { keysOpen } from "./open.ts";
import { places } from "./places.ts";

interface Entry {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly detail?: string | null;
  readonly run: () => void;
  /** The text that it makes of what is typed; the palette stays. */
  readonly text?: string;
  /** The error code that it explains where it stands. */
  readonly code?: string;
}

const FOUND_LIMIT = 30;

export function Palette({ onClose }: { readonly onClose: () => void }): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const [words, setWords] = useState("");
  const [chosen, setChosen] = useState(0);
  const typed = useDeferredValue(words.trim());
  const selection = isSelection(typed) ? typed : undefined;
  const query = selection === undefined ? typed : soughtBy(typed);
  const read = useRead("search.find", { q: query, limit: FOUND_LIMIT }, { enabled: query !== "" });
  const found = query === "" ? [] : (read.data?.found ?? []);
  const own = useOwn(words.trim().toLowerCase());
  const known = useFound(found);
  const selecting = useSelecting(selection);
  const completing = completionsOf(words, found).map(({ text, word, detail }): Entry => ({
    id: `complete/${text}`,
    kind: "select",
    name: word,
    detail,
    text,
    run: () => {},
  }));
  const entries =
    selection === undefined
      ? [...own, ...known, ...completing.filter(({ name }) => name.endsWith(":"))]
      : // What is not finished is no mistake yet.
        [...selecting.filter(({ kind }) => kind === "show" || completing.length === 0), ...completing];
  const at = Math.min(chosen, entries.length - 1);
  useEffect(() => {
    const element = dialog.current;
    if (element !== null && !element.open) element.showModal();
    return () => element?.close();
  }, []);
  useEffect(() => {
    dialog.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [at]);
  const take = (entry: Entry | undefined): void => {
    if (entry === undefined || entry.code !== undefined) return;
    if (entry.text !== undefined) {
      setWords(entry.text);
      setChosen(0);
      dialog.current?.querySelector("input")?.focus();
      return;
    }
    onClose();
    entry.run();
  };
  const press = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setChosen((at + step + entries.length) % Math.max(1, entries.length));
    else if (event.key === "Enter") take(entries[at]);
    else if (event.key === "Tab" && !event.shiftKey && completing.length > 0)
      take(entries[at]?.text === undefined ? completing[0] : entries[at]);
    else return;
    event.preventDefault();
  };
  return (
    <dialog
      ref={dialog}
      className="dialog palette"
      aria-label="Search or do"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <input
        className="palette-input"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={at < 0 ? undefined : `palette-${at}`}
        aria-label="Search for assets, columns, runs, jobs, codes, or say what to do"
        placeholder="Assets, columns, runs, codes, +a.selection, or what to do"
        value={words}
        onChange={(event) => {
          setWords(event.target.value);
          setChosen(0);
        }}
        onKeyDown={press}
      />
      <div id="palette-list" role="listbox" aria-label="Found" className="palette-list">
        {entries.map((entry, index) => (
          // Keys are heard by the field.
          // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
          <div
            key={entry.id}
            id={`palette-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            onClick={() => take(entry)}
            onPointerMove={() => setChosen(index)}
          >
            <span className="tag">{entry.kind}</span>
            <span className="cut strong">{entry.name}</span>
            {entry.detail == null ? null : <span className="cut muted grow">{entry.detail}</span>}
          </div>
        ))}
      </div>
      {entries[at]?.code === undefined ? null : <Explained code={entries[at].code} />}
      <p className="palette-note muted" role="status">
        {entries.length === 0
          ? read.isLoading
            ? "Looking…"
            : read.error === null
              ? "Nothing has these words."
              : read.error.message
          : selection === undefined
            ? `${entries.length} found`
            : "Tab completes, Enter goes"}
        <span className="grow" />
        <button type="button" className="btn quiet small" onClick={onClose}>
          Close <kbd>Esc</kbd>
        </button>
      </p>
    </dialog>
  );
}

/** What the page knows itself. */
function useOwn(words: string): readonly Entry[] {
  const router = useRouter();
  const go = useGo();
  const goTo = places
    .flat()
    .filter(({ path }) => path in router.routesByPath)
    .map(({ id, name, to, letter }): Entry => ({ id, kind: "go", name, detail: `g ${letter}`, run: () => go(to) }));
  const look = (name: string, change: Parameters<typeof changeAppearance>[0]): Entry => ({
    id: name,
    kind: "look",
    name,
    run: () => changeAppearance(change),
  });
  const all: readonly Entry[] = [
    ...goTo,
    { id: "failed-runs", kind: "go", name: "Failed runs", run: () => go(links.runs({ status: "failed" })) },
    { id: "running", kind: "go", name: "Runs that go on", run: () => go(links.runs({ status: "running" })) },
    look("Light theme", { theme: "light" }),
    look("Dark theme", { theme: "dark" }),
    look("Theme of the system", { theme: "system" }),
    look("High contrast", { contrast: "more" }),
    look("Contrast of the system", { contrast: "system" }),
    look("Compact rows", { density: "compact" }),
    look("Comfortable rows", { density: "comfortable" }),
    look("Usual rows", { density: "default" }),
    look("Times in UTC", { zone: "utc" }),
    look("Times of this device", { zone: "local" }),
    { id: "keys", kind: "help", name: "Keys", detail: "?", run: () => keysOpen.set(true) },
    { id: "api", kind: "help", name: "Docs of the API", detail: "every read and act", run: () => location.assign("/api") },
    { id: "agents", kind: "help", name: "Set up an agent (MCP)", detail: "in Settings", run: () => go(links.settings("agents")) },
  ];
  return words === "" ? goTo : all.filter(({ name, kind }) => `${kind} ${name}`.toLowerCase().includes(words));
}

/** A selection is looked at where it leads, once it selects something. */
function useSelecting(selection: string | undefined): readonly Entry[] {
  const go = useGo();
  const read = useRead("assets.list", { select: selection ?? "" }, { enabled: selection !== undefined });
  if (selection === undefined) return [];
  const { data, error, isStale } = read;
  if (data === undefined || isStale || error !== null)
    return error === null
      ? []
      : [{ id: "selects", kind: "select", name: selection, detail: error.message, text: selection, run: () => {} }];
  const detail = data.assets.length === 1 ? data.assets[0]!.asset : `${data.assets.length} assets`;
  return [
    { id: "selects/graph", kind: "show", name: "In the graph", detail, run: () => go(links.graph({ q: selection })) },
    { id: "selects/table", kind: "show", name: "As a table", detail, run: () => go(links.graph({ q: selection, view: "table" })) },
    { id: "selects/plan", kind: "show", name: "What a run would do", detail, run: () => go(links.changes({ select: selection })) },
  ];
}

/** What a code means, without leaving. */
function Explained({ code }: { readonly code: string }): ReactNode {
  const { data } = useRead("codes.explain", { code });
  if (data === undefined) return null;
  return (
    <div className="palette-code">
      <p>{data.why}</p>
      <p className="second">{data.fix}</p>
    </div>
  );
}

function useFound(found: readonly Found[]): readonly Entry[] {
  const go = useGo();
  return found.flatMap((each, index): Entry[] => {
    const { kind, name, detail } = each;
    if (kind === "code") return [{ id: `code/${name}`, kind, name, detail, code: name, run: () => {} }];
    const to = placeOf(each);
    return to === undefined ? [] : [{ id: `${index}/${kind}/${name}`, kind, name, detail, run: () => go(to) }];
  });
}

function placeOf({ kind, name, asset }: Found): string | undefined {
  switch (kind) {
    case "asset":
      return links.asset(name);
    case "column":
      return asset === null ? undefined : links.asset(asset, "lineage", { col: name.slice(asset.length + 1) });
    case "check":
      return asset === null ? links.quality() : links.asset(asset, "checks");
    case "job":
      return links.automations({ job: name });
    case "run":
      return links.run(name);
    case "tag":
      return links.catalog({ tag: name });
    case "owner":
      return links.catalog({ owner: name });
    case "test":
      return asset === null ? undefined : links.asset(asset, "code");
    case "code":
      return undefined;
    default:
      return kind satisfies never;
  }
}
