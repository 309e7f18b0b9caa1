// The bar on top: place, search, environment, live connection, time zone.
import { useRouterState } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { appearance, changeAppearance } from "../data/appearance.ts";
import { connection, type Connection } from "../data/live.ts";
import { useSignal } from "../data/signal.ts";
import { StatusMark } from "../kit/status.tsx";
import { EnvironmentChoice } from "./environment.tsx";
import { paletteOpen } from "./open.ts";
import { placeOf } from "./places.ts";

const connectionStatus: Readonly<Record<Connection, { readonly status: string; readonly word: string }>> = {
  connecting: { status: "pending", word: "Connecting" },
  live: { status: "ok", word: "Live" },
  away: { status: "late", word: "Disconnected" },
  ended: { status: "warn", word: "Signed out" },
  old: { status: "warn", word: "Reload" },
};

export function TopBar(): ReactNode {
  const pathname = useRouterState({ select: (state) => state.location.pathname });
  const place = placeOf(pathname);
  const { zone } = useSignal(appearance);
  const state = useSignal(connection);
  const { status, word } = connectionStatus[state];
  return (
    <header className="top">
      <span className="crumb">{place?.name ?? "Millrace"}</span>
      <button type="button" className="find" onClick={() => paletteOpen.set(true)} aria-keyshortcuts="/ Control+K Meta+K">
        <span>Search or do</span>
        <span className="grow" />
        <kbd aria-hidden="true">/</kbd>
      </button>
      <span className="grow" />
      <span className="live" role="status">
        <StatusMark status={status} word={word} />
      </span>
      <button
        type="button"
        className="btn quiet small zone"
        title="Times in this device's zone or in UTC"
        onClick={() => changeAppearance({ zone: zone === "utc" ? "local" : "utc" })}
      >
        {zone === "utc" ? "UTC" : localZone()}
      </button>
      <EnvironmentChoice />
    </header>
  );
}

function localZone(): string {
  return (
    new Intl.DateTimeFormat("en", { timeZoneName: "short" }).formatToParts(new Date()).find(({ type }) => type === "timeZoneName")?.value ??
    "local"
  );
}
