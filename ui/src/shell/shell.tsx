// The frame around every page: rail, top bar, what lies above all of it.
import { Outlet, useRouterState, type ErrorComponentProps } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useRef, type ReactNode } from "react";
import { appearance } from "../data/appearance.ts";
import { useEnvironment } from "../data/environment.ts";
import { connection, followEnvironment } from "../data/live.ts";
import { askForSession } from "../data/session.ts";
import { useSignal } from "../data/signal.ts";
import { Button } from "../kit/button.tsx";
import { Link } from "../kit/link.tsx";
import { Page } from "../kit/page.tsx";
import { Failure } from "../kit/states.tsx";
import { Toasts } from "../kit/toast.tsx";
import { links } from "../links.ts";
import { KeySheet } from "./key-sheet.tsx";
import { useKeys } from "./keys.ts";
import { paletteOpen } from "./open.ts";
import { Rail } from "./rail.tsx";
import { SessionDialog } from "./session-dialog.tsx";
import { TopBar } from "./top-bar.tsx";

const PALETTE_AFTER_MS = 1_000;
const loadPalette = () => import("./palette.tsx").then((module) => ({ default: module.Palette }));
const Palette = lazy(loadPalette);

export function Shell(): ReactNode {
  const { rail } = useSignal(appearance);
  const pathname = useRouterState({ select: (state) => state.location.pathname });
  const [environment] = useEnvironment();
  useEffect(() => followEnvironment(environment), [environment]);
  const isPaletteOpen = useSignal(paletteOpen);
  useKeys();
  // What is typed at once after its key is meant for it: it is there before it is asked for, but after the first page.
  useEffect(() => {
    const timer = setTimeout(() => void loadPalette().catch(() => {}), PALETTE_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  const main = useRef<HTMLElement>(null);
  // Who hears the page, or goes by keys, begins at the top of the next one.
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current) main.current?.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [pathname]);
  return (
    <div className={`shell ${rail}`}>
      <a className="skip" href="#main">
        To the content
      </a>
      <Rail />
      <TopBar />
      <main className="main" id="main" ref={main} tabIndex={-1}>
        <ConnectionBanner />
        <Outlet />
      </main>
      <Toasts />
      <SessionDialog />
      <KeySheet />
      {isPaletteOpen ? (
        <Suspense>
          <Palette onClose={() => paletteOpen.set(false)} />
        </Suspense>
      ) : null}
    </div>
  );
}

function ConnectionBanner(): ReactNode {
  const state = useSignal(connection);
  if (state === "away")
    return (
      <div className="banner late" role="status">
        Disconnected: what is shown may be old. The page goes on by itself when the server is back.
      </div>
    );
  if (state === "ended")
    return (
      <div className="banner warn" role="alert">
        Your session has ended: what is shown may be old. Sign in with a token, or with the link of <code>millrace token link</code>.
        <Button small onClick={() => void askForSession("the session has ended").then((begun) => (begun ? location.reload() : undefined))}>
          Sign in
        </Button>
      </div>
    );
  if (state === "old")
    return (
      <div className="banner warn" role="alert">
        The server is of another version than this page.
        <Button small onClick={() => location.reload()}>
          Reload
        </Button>
      </div>
    );
  return null;
}

export function NotThere(): ReactNode {
  return (
    <Page title="There is no such page">
      <p>
        <Link className="link" to={links.home()}>
          To Home
        </Link>
      </p>
    </Page>
  );
}

/** A page that stumbled over a bug of ours: the rest of the shell goes on. */
export function Stumbled({ error, reset }: ErrorComponentProps): ReactNode {
  return (
    <Page title="This page stumbled">
      <Failure error={error instanceof Error ? error : new Error(String(error))} retry={reset} />
    </Page>
  );
}
