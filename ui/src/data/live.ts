// What changes on the server reaches the page: one connection per browser (a shared worker; where there is none, one per page). A change asks again for what is shown of its
// topic; who wants the change itself listens with `onTopic`.
import type { QueryClient } from "@tanstack/react-query";
import { signal } from "./signal.ts";

export type Connection = "connecting" | "live" | "away" | "old";

/** `away`: the server cannot be reached; `old`: the server is of another version than this page. */
export const connection = signal<Connection>("connecting");

export type Listener = (changed: unknown) => void;

/** Hears the changes of a topic while the returned function has not been called. */
export function onTopic(_topic: string, _listener: Listener): () => void {
  return () => {};
}

export function startLive(_client: QueryClient): void {}
