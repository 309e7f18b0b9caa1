// The rail: where one can go, with counts of what waits there.
import { useRouter, useRouterState } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { appearance, changeAppearance } from "../data/appearance.ts";
import { useRead } from "../data/read.ts";
import { useSignal } from "../data/signal.ts";
import { Link } from "../kit/link.tsx";
import { Icon } from "./icons.tsx";
import { placeOf, places, type Place } from "./places.ts";

export function Rail(): ReactNode {
  const counts = useCounts();
  const project = useRead("project.show", {});
  const pathname = useRouterState({ select: (state) => state.location.pathname });
  const known = useRouter().routesByPath as Readonly<Record<string, unknown>>;
  const { rail } = useSignal(appearance);
  const current = placeOf(pathname);
  return (
    <nav className="rail" aria-label="Main">
      <div className="brand">
        <svg width="18" height="18" viewBox="0 0 18 18" fill="none" stroke="currentColor" strokeWidth="1.6" aria-hidden="true">
          <circle cx="9" cy="9" r="6.5" />
          <path d="M9 2.5v13M2.5 9h13M4.4 4.4l9.2 9.2M13.6 4.4l-9.2 9.2" opacity=".55" />
        </svg>
        <span className="rail-word cut">{project.data?.project ?? "Millrace"}</span>
      </div>
      {places.map((group) => (
        <ul key={group[0]?.id} className="plain">
          {group
            .filter(({ path }) => path in known)
            .map((place) => (
              <li key={place.id}>
                <RailLink place={place} isCurrent={place === current} count={counts[place.id] ?? 0} />
              </li>
            ))}
        </ul>
      ))}
      <button
        type="button"
        className="rail-fold"
        aria-expanded={rail === "open"}
        onClick={() => changeAppearance({ rail: rail === "open" ? "narrow" : "open" })}
      >
        <span aria-hidden="true">{rail === "open" ? "«" : "»"}</span>
        <span className="rail-word">Fold</span>
      </button>
    </nav>
  );
}

/** What waits: things in the inbox, as its tab `All` and Home's title count them; rows in quarantine. */
function useCounts(): Readonly<Partial<Record<Place["id"], number>>> {
  const { data } = useRead("status.show", { soon: true });
  if (data === undefined) return {};
  const aside = data.needs.filter(({ about }) => about.kind === "quarantine");
  return {
    inbox: data.needs.length,
    quarantine: aside.reduce((sum, { about }) => sum + (about.count ?? 0), 0),
  };
}

function RailLink({ place, isCurrent, count }: { readonly place: Place; readonly isCurrent: boolean; readonly count: number }): ReactNode {
  return (
    <Link to={place.to} aria-current={isCurrent ? "page" : undefined} title={`${place.name} (g ${place.letter})`}>
      <Icon name={place.id} />
      <span className="rail-word">{place.name}</span>
      {count === 0 ? null : (
        <span className="rail-count">
          {count > 999 ? "999+" : count}
          <span className="unseen"> waiting</span>
        </span>
      )}
    </Link>
  );
}
