// The project in a folder: its engine carries out what is asked where one runs, else this process does, by the same routes of the same API.
//   P1. In this process the project is opened when something is asked and let go of IDLE_MS after the last of it has ended, so that neither the warehouse
//       is held nor the process kept alive by a client that nobody uses.
import { randomBytes } from "node:crypto";
import { type App, findEngine, type OpenProject, openProject, ownAccess } from "../app.ts";
import { createServerApp } from "../server/server.ts";
import { createAsk } from "./ask.ts";
import { openNews, type Send } from "./news.ts";
import type { Place } from "./place.ts";

export interface FolderPlace {
  readonly dir: string;
  readonly environment?: string;
  /** Go with every request. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is asked in a row finds the project open. */
const IDLE_MS = 250;
/** What waits for time alone has nothing else that keeps the process alive. */
const ALIVE_MS = 2 ** 31 - 1;
/** Where requests in this process are sent; nothing listens there. */
const HERE = "http://127.0.0.1";

export function placeIn({ dir, environment, headers = {} }: FolderPlace): Place {
  const own = ownServer(dir);
  const send: Send = async (path, init) => {
    const engine = findEngine(dir);
    if (engine === undefined) return own.send(path, init);
    const headers = { ...init.headers, authorization: `Bearer ${engine.token}` };
    return fetch(`${engine.url}${path}`, { ...init, headers });
  };
  return {
    ask: createAsk({
      url: "",
      headers,
      ...(environment === undefined ? {} : { environment }),
      fetch: send,
    }),
    news: (topics) =>
      openNews(topics, (path, init) =>
        findEngine(dir) === undefined ? Promise.resolve(new Response(null, { status: 404 })) : send(path, init),
      ),
    engine: () => findEngine(dir)?.pid ?? null,
    close: () => own.close(),
  };
}

interface OwnServer {
  send: Send;
  close(): Promise<void>;
}

function ownServer(dir: string): OwnServer {
  const token = randomBytes(24).toString("base64url");
  let opened: Promise<OpenProject> | undefined;
  let working = 0;
  let alive: NodeJS.Timeout | undefined;
  let idle: NodeJS.Timeout | undefined;
  let closing: Promise<void> = Promise.resolve();
  const close = async (): Promise<void> => {
    clearTimeout(idle);
    const open = opened;
    opened = undefined;
    closing = Promise.all([closing, open?.then((project) => project.close()).catch(() => undefined)]).then(() => undefined);
    return closing;
  };
  const during = async <Value>(work: () => Promise<Value>): Promise<Value> => {
    if (working++ === 0) alive = setInterval(() => {}, ALIVE_MS);
    clearTimeout(idle);
    try {
      return await work();
    } finally {
      if (--working === 0) {
        clearInterval(alive);
        idle = setTimeout(() => void close(), IDLE_MS);
      }
    }
  };
  const open = async (): Promise<OpenProject> => {
    await closing;
    return openProject(dir);
  };
  const appOf = async (environment: string | undefined): Promise<App> => {
    opened ??= open().catch((error: unknown) => {
      opened = undefined; // the next request tries again
      throw error;
    });
    return counted(await (await opened).app(environment), during);
  };
  const server = createServerApp({
    host: "127.0.0.1",
    port: 0,
    token,
    webhooks: { now: Date.now, route: () => undefined, accept: () => Promise.reject(new TypeError("there are no webhooks here")) },
    access: ownAccess(async () => (await appOf(undefined)).access()),
    api: { app: appOf },
  });
  return {
    send: (path, init) =>
      during(async () => {
        const headers = { ...init.headers, authorization: `Bearer ${token}`, host: "127.0.0.1" };
        return server.fetch(new Request(`${HERE}${path}`, { ...init, headers }));
      }),
    close,
  };
}

/** The operations, each of which keeps the project open until it has ended: an act goes on after its answer. */
function counted(app: App, during: <Value>(work: () => Promise<Value>) => Promise<Value>): App {
  return new Proxy(app, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function" || name === "close" || name === "logs" || name === "access") return value;
      const operation = value as (...given: readonly unknown[]) => Promise<unknown>;
      return (...given: readonly unknown[]) => during(() => operation(...given));
    },
  });
}
