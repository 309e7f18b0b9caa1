// Acts need a session. It begins with the one-time key of the link that `dev` and `serve` print (`#key=…`), or with a token that a person pastes.
import { API_ROOT, apiPaths } from "../../../src/model/api-paths.ts";
import { signal } from "./signal.ts";

export interface SessionWish {
  readonly why: string;
  readonly done: (begun: boolean) => void;
}

/** What the dialog for a session shows; null: nothing is wanted. */
export const sessionWish = signal<SessionWish | null>(null);

/** @returns true once a session has begun, false where the person does not want to */
export function askForSession(why: string): Promise<boolean> {
  return new Promise((resolve) => {
    sessionWish.set({
      why,
      done: (begun) => {
        sessionWish.set(null);
        resolve(begun);
      },
    });
  });
}

/** @returns null once it has begun, else why not */
export async function beginSession(key: string): Promise<string | null> {
  try {
    const response = await fetch(`${API_ROOT}${apiPaths["session.begin"].replace("POST ", "")}`, {
      method: "POST",
      credentials: "same-origin",
      headers: { "content-type": "application/json", "x-millrace": "page" },
      body: JSON.stringify({ key }),
    });
    if (response.ok) return null;
    const answer = (await response.json().catch(() => null)) as { readonly error?: { readonly message: string } } | null;
    return answer?.error?.message ?? `the server answered ${response.status}`;
  } catch {
    return "the server cannot be reached";
  }
}

/** The key of the link, once: it is taken out of the address before anything else sees it. */
export async function beginFromAddress(): Promise<void> {
  const key = /^#(?:.*&)?key=([^&]+)/.exec(location.hash)?.[1];
  if (key === undefined) return;
  history.replaceState(history.state, "", location.pathname + location.search);
  await beginSession(decodeURIComponent(key));
}
