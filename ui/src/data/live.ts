// What changes on the server reaches the page: one connection per browser (a shared worker; where there is none, one per page). A change asks again for what is shown of its
// topic; who wants the change itself listens with `useTopic`.
import type { Query, QueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { RunAnswer, RunsAnswer } from "../../../src/model/answers.ts";
import type { AssetGraphAnswer } from "../../../src/model/graph-answers.ts";
import { withAssets, withRuns } from "./deltas.ts";
import { createLiveHub, type LiveNews, type LiveWish } from "./live-hub.ts";
import { signal } from "./signal.ts";

export type Connection = "connecting" | "live" | "away" | "ended" | "old";

/** `away`: the server cannot be reached; `ended`: it wants a session, and there is none any more; `old`: the server is of another version than this page. */
export const connection = signal<Connection>("connecting");

type Listener = (changed: unknown) => void;

const ALWAYS = ["runs", "assets", "jobs", "project", "data"];
/** A change is shown at once, those after it together this much later. */
const AGAIN_MS = 150;
/** Beginnings of the names of reads that a topic changes; `project`, `data` and a reset change all. */
const touches: Readonly<Record<string, readonly string[]>> = {
  runs: ["runs.list", "runs.strip", "status.", "approvals.", "backfills.", "partitions.", "jobs.", "triggers."],
  assets: ["status.", "assets.", "partitions.", "quarantine.", "checks.", "quality.", "lineage.", "reviews.", "environments.", "plan."],
  jobs: ["jobs.", "triggers.", "status."],
};

declare const MILLRACE_VERSION: string;

const listeners = new Map<string, Set<Listener>>();
let send: (wish: LiveWish) => void = () => {};
let environment: string | null = null;

/** Hears the changes of a topic while the component is there; `null` changed: read it again. */
export function useTopic(topic: string | null, listener: Listener): void {
  const newest = useRef(listener);
  useEffect(() => {
    newest.current = listener;
  });
  useEffect(() => {
    if (topic === null) return undefined;
    return onTopic(topic, (changed) => newest.current(changed));
  }, [topic]);
}

function onTopic(topic: string, listener: Listener): () => void {
  const known = listeners.get(topic) ?? new Set<Listener>();
  listeners.set(topic, known.add(listener));
  if (known.size === 1) wish();
  return () => {
    known.delete(listener);
    if (known.size > 0) return;
    listeners.delete(topic);
    wish();
  };
}

/** The environment of the address changed. */
export function followEnvironment(next: string | undefined): void {
  if (environment === (next ?? null)) return;
  environment = next ?? null;
  wish();
}

function wish(): void {
  send({ environment, topics: [...new Set([...ALWAYS, ...listeners.keys()])] });
}

export function startLive(client: QueryClient): void {
  const take = (news: LiveNews): void => {
    if (news.kind === "hello") {
      if (news.version !== MILLRACE_VERSION) connection.set("old");
    } else if (news.kind === "state") {
      if (connection.get() === "old") return;
      const wasAway = connection.get() === "away" || connection.get() === "ended";
      connection.set(news.isLive ? "live" : "away");
      if (news.isLive && wasAway) void client.refetchQueries({ type: "active", predicate: ({ state }) => state.error !== null });
    } else if (news.kind === "refused") {
      if (connection.get() !== "old") connection.set("ended");
    } else if (news.kind === "reset") {
      refresh(client, () => true);
    } else {
      for (const listener of listeners.get(news.topic) ?? []) listener(news.changed);
      if (Array.isArray(news.changed)) show(client, news.topic, news.changed);
      refresh(client, isTouchedBy(news.topic));
    }
  };
  if (typeof SharedWorker === "function") {
    const worker = new SharedWorker(new URL("./live-worker.ts", import.meta.url), { type: "module", name: "millrace-live" });
    worker.port.addEventListener("message", ({ data }: MessageEvent<LiveNews>) => take(data));
    worker.port.start();
    send = (each) => worker.port.postMessage(each);
  } else {
    const hub = createLiveHub<null>((_, news) => take(news));
    send = (each) => hub.wish(null, each);
  }
  addEventListener("pagehide", () => send({ environment, topics: [] }));
  addEventListener("pageshow", wish);
  wish();
}

function isTouchedBy(topic: string): (query: Query) => boolean {
  if (topic === "project" || topic === "data") return () => true;
  const [kind, of] = topic.split(":");
  if (of !== undefined)
    return ({ queryKey: [id, input] }) =>
      kind === "run" &&
      typeof id === "string" &&
      id.startsWith("runs.") &&
      (input as { readonly run?: string }).run === of &&
      id !== "runs.logs";
  const begins = touches[topic] ?? [];
  return ({ queryKey: [id] }) => typeof id === "string" && begins.some((begin) => id.startsWith(begin));
}

/** At once, what the change itself tells of the answers that are kept. */
function show(client: QueryClient, topic: string, changed: readonly unknown[]): void {
  for (const query of client.getQueryCache().getAll()) {
    const [id, input, of] = query.queryKey;
    if (of !== (environment ?? "") || query.state.data === undefined) continue;
    const before = query.state.data;
    const after =
      topic === "runs" && id === "runs.list"
        ? withRuns(before as RunsAnswer, input as object, changed as readonly RunAnswer[])
        : topic === "assets" && id === "assets.graph"
          ? withAssets(before as AssetGraphAnswer, changed as Parameters<typeof withAssets>[1])
          : before;
    if (after !== before) client.setQueryData(query.queryKey, after);
  }
}

const dirty = new Set<Query>();
let timer: ReturnType<typeof setTimeout> | undefined;

/** What is in flight may answer what was before the change: it is asked for again when it is there. */
function refresh(client: QueryClient, isTouched: (query: Query) => boolean): void {
  for (const query of client.getQueryCache().getAll()) if (isTouched(query)) dirty.add(query);
  if (timer === undefined) flush(client);
}

function flush(client: QueryClient): void {
  timer = undefined;
  if (dirty.size === 0) return;
  for (const query of dirty) {
    if (query.state.fetchStatus === "fetching" && query.state.data !== undefined) continue;
    dirty.delete(query);
    void client.invalidateQueries({ queryKey: query.queryKey, exact: true }, { cancelRefetch: false });
  }
  timer = setTimeout(() => flush(client), AGAIN_MS);
}
