// Views of a page that somebody gave a name, kept in this browser. A view is nothing but its address, so a link to it is a saved view, too.
import { useRouterState } from "@tanstack/react-router";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { Button } from "../kit/button.tsx";
import { Link } from "../kit/link.tsx";
import { Copy } from "../kit/values.tsx";

interface View {
  readonly name: string;
  /** What stands behind the page's path, the `?` included. */
  readonly search: string;
}

const VIEWS_MAX = 50;
const NAME_MAX = 60;

export function SavedViews({ path }: { readonly path: "/graph" | "/assets" }): ReactNode {
  const [views, setViews] = useState(() => stored(path));
  const box = useRef<HTMLDetailsElement>(null);
  const search = useRouterState({ select: (state) => state.location.searchStr });
  const keep = (next: readonly View[]): void => {
    setViews(next);
    try {
      localStorage.setItem(nameOf(path), JSON.stringify(next));
    } catch {
      // A browser that keeps nothing: the list holds until the page is closed.
    }
  };
  useEffect(() => {
    const list = box.current!;
    const press = (event: KeyboardEvent): void => {
      if (event.key !== "Escape" || !list.open) return;
      list.open = false;
      list.querySelector("summary")!.focus();
      event.stopPropagation();
    };
    list.addEventListener("keydown", press);
    return () => list.removeEventListener("keydown", press);
  }, []);
  return (
    <details className="views" ref={box}>
      <summary className="btn small quiet">Views{views.length === 0 ? "" : ` ${views.length}`}</summary>
      <div className="views-list stack">
        {views.length === 0 ? <p className="muted">None is saved yet.</p> : null}
        <ul className="plain">
          {views.map((view) => (
            <li key={view.name} className="row">
              <Link className="link grow cut" to={`${path}${view.search}`} aria-current={view.search === search ? "page" : undefined}>
                {view.name}
              </Link>
              <Button small look="quiet" aria-label={`Forget ${view.name}`} onClick={() => keep(views.filter((each) => each !== view))}>
                ✕
              </Button>
            </li>
          ))}
        </ul>
        <form
          className="row"
          onSubmit={(event) => {
            event.preventDefault();
            const name = (new FormData(event.currentTarget).get("name") as string).trim();
            if (name === "") return;
            keep([...views.filter((each) => each.name !== name), { name, search }].slice(-VIEWS_MAX));
            event.currentTarget.reset();
          }}
        >
          <input
            className="input grow"
            name="name"
            aria-label="Name of this view"
            placeholder="Name of this view"
            maxLength={NAME_MAX}
            autoComplete="off"
          />
          <Button small type="submit">
            Save
          </Button>
        </form>
        <p className="muted">
          Kept in this browser. For others: <Copy text={`${location.origin}${path}${search}`}>copy the link</Copy>
        </p>
      </div>
    </details>
  );
}

function nameOf(path: string): string {
  return `millrace.views.${path.slice(1)}`;
}

function stored(path: string): readonly View[] {
  try {
    const found = JSON.parse(localStorage.getItem(nameOf(path)) ?? "[]") as unknown;
    if (!Array.isArray(found)) return [];
    return found.filter((each): each is View => {
      const view = each as Partial<View> | null;
      return typeof view?.name === "string" && typeof view.search === "string" && (view.search === "" || view.search.startsWith("?"));
    });
  } catch {
    return [];
  }
}
