// Hears of changes as they happen, so that who follows something need not ask all the time. It is never needed: where the live stream cannot be had, who
// waits asks again after a while.
//   N1. A stream that breaks is opened again behind the last event that came; nothing is thrown.
import { API_ROOT, apiPaths } from "../model/api-paths.ts";
import { readEvents } from "./events.ts";

export interface News {
  /** Resolves at the next change, after `atMostMs`, or when the signal is aborted. */
  next(atMostMs: number): Promise<void>;
  close(): void;
}

const LIVE_PATH = `${API_ROOT}${apiPaths["live.stream"].slice("GET ".length)}`;
const OPEN_AGAIN_MS = 1_000;

/** Sends a request to a path of the server. */
export type Send = (path: string, init: SentInit) => Promise<Response>;

export interface SentInit extends RequestInit {
  readonly headers?: Readonly<Record<string, string>>;
}

export function openNews(topics: readonly string[], send: Send): News {
  const closed = new AbortController();
  const { signal } = closed;
  let isNew = false;
  let wake: (() => void) | undefined;
  const tell = (): void => {
    isNew = true;
    wake?.();
  };
  void (async () => {
    let last: string | null = null;
    while (!signal.aborted) {
      try {
        const headers: Record<string, string> = { accept: "text/event-stream", ...(last === null ? {} : { "last-event-id": last }) };
        const response = await send(`${LIVE_PATH}?topics=${encodeURIComponent(topics.join(","))}`, { headers, signal });
        const isStream = response.ok && response.headers.get("content-type")?.startsWith("text/event-stream") === true;
        if (response.body === null || !isStream) return; // a server without it
        for await (const { id } of readEvents(response.body)) {
          last = id ?? last;
          tell();
        }
      } catch {
        // N1
      }
      await pause(OPEN_AGAIN_MS, signal);
    }
  })();
  return {
    next: (atMostMs) =>
      new Promise((resolve) => {
        if (isNew || signal.aborted) {
          isNew = false;
          return resolve();
        }
        const timer = setTimeout(() => wake?.(), atMostMs);
        wake = () => {
          clearTimeout(timer);
          wake = undefined;
          isNew = false;
          resolve();
        };
      }),
    close: () => {
      closed.abort();
      wake?.();
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
