// The listener of `serve`: one HTTP server with the routes of the engine. The page and the API join it here.
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { randomBytes } from "node:crypto";
import type { createServer, Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { AccessPort } from "../model/access.ts";
import { MillraceError } from "../model/errors.ts";
import type { CallPort } from "../model/calls.ts";
import type { LivePort } from "../model/live.ts";
import type { WebhookPort } from "../model/webhook.ts";
import type { ApiPort } from "../operations/port.ts";
import { type AccessRules, isLoopback } from "./access.ts";
import { addCalls } from "./calls.ts";
import { followHolders } from "./ending.ts";
import { guard, holderIn } from "./guard.ts";
import { addDescription } from "./described.ts";
import { errorAnswer } from "./errors.ts";
import { addApi, type Around } from "./handlers.ts";
import { idempotency } from "./idempotency.ts";
import { addAgents } from "./mcp/http.ts";
import { createKeys, type Keys } from "./keys.ts";
import { createLimits } from "./limits.ts";
import { keepAnswers, type KeptAnswers } from "./live/answers.ts";
import { lane } from "./live/lane.ts";
import { addLive, type LiveStreams } from "./live/streams.ts";
import { addQueryFiles } from "./query-files.ts";
import { scopes } from "./scopes.ts";
import { sessions } from "./session.ts";
import { addPage, pageFolder } from "./static.ts";
import { createReadServer } from "./unread.ts";
import { unknownAddress } from "./unknown.ts";
import { addWebhooks } from "./webhooks.ts";

export interface ServerOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Null: one is made, which is enough on loopback alone. */
  readonly token: string | null;
  readonly webhooks: WebhookPort;
  readonly calls?: CallPort;
  readonly api?: ApiPort;
  readonly access?: AccessPort;
  readonly live?: LivePort;
  /** Is handed the event streams, so that who ends sessions can end theirs. */
  readonly onStreams?: (streams: LiveStreams) => void;
}

export interface RunningServer {
  readonly url: string;
  readonly token: string;
  /** Opens one session of the page; null where others could read it. */
  readonly link: string | null;
  /** Takes no new request; those that are being answered have a moment. */
  close(): Promise<void>;
}

/** How long requests in flight may take when the server closes. */
const CLOSE_GRACE_MS = 1_000;
/** A sender that does not finish its request is cut off. */
const HEADERS_TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 60_000;
const LATE_LOOK_MS = 5_000;
/** Twice as many as event streams; without an end they would take the files that the engine opens. */
const CONNECTIONS_MAX = 4_000;

/** @throws MR8101 when the port is taken or the host is none of this machine, MR8102 when others could reach it without a token. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  if (!isLoopback(options.host) && (options.token ?? "") === "")
    throw new MillraceError({
      code: "MR8102",
      message: `${options.host} can be reached from other machines; a server there wants a token`,
      hint: "set MILLRACE_TOKEN",
    });
  const token = options.token ?? randomBytes(24).toString("base64url");
  let streams: LiveStreams | undefined;
  const onStreams = (opened: LiveStreams): void => {
    streams = opened;
    options.onStreams?.(opened);
  };
  let url: string | null = null;
  const keys = createKeys(() => options.access?.now() ?? Date.now());
  const kept = options.live === undefined ? undefined : keepAnswers(options.live);
  const app = createServerApp({ ...options, token, onStreams }, { keys, url: () => url }, kept);
  const rules = rulesOf(options.host, token);
  const server = createAdaptorServer({
    fetch: app.fetch,
    overrideGlobalObjects: false, // `Request` of users' code stays Node's
    serverOptions: { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: LATE_LOOK_MS },
    createServer: ((settings, answer) =>
      createReadServer(
        settings,
        kept === undefined ? answer : lane(rules, kept, answer),
      )) as typeof createReadServer as typeof createServer,
  }) as Server;
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  const name = options.host.includes(":") ? `[${options.host.replaceAll(/[[\]]/g, "")}]` : options.host;
  url = `http://${name}:${port}`;
  return {
    url,
    token,
    // What a server that others can reach prints is read by others, too.
    link: isLoopback(options.host) && options.access !== undefined ? `${url}/#key=${keys.make().key}` : null,
    close: () => {
      streams?.end("closing");
      return close(server);
    },
  };
}

/** What links to the page are made of. */
interface Linked {
  readonly keys: Keys;
  /** Null before the server listens. */
  readonly url: () => string | null;
}

function unlinked(): Linked {
  return { keys: createKeys(() => Date.now()), url: () => null };
}

/** The routes alone, for tests without a port. */
export function createServerApp(
  { host, token, webhooks, calls, api, live, access, onStreams }: ServerOptions,
  linked: Linked = unlinked(),
  kept: KeptAnswers | undefined = live === undefined ? undefined : keepAnswers(live),
): Hono {
  const rules = rulesOf(host, token);
  const app = new Hono();
  addWebhooks(app, rules, live === undefined ? webhooks : toldWebhooks(webhooks, live));
  const limits = createLimits(() => access?.now() ?? Date.now());
  app.use("*", guard({ rules, access, limits }));
  if (calls !== undefined) addCalls(app, rules.token, calls);
  if (live !== undefined) {
    const endings = followHolders(access);
    const streams = addLive(app, { live, ownerOf: endings.ownerOf, now: () => access?.now() ?? Date.now() });
    endings.follow(streams);
    onStreams?.(streams);
  }
  if (api !== undefined) addQueryFiles(app, api);
  const arounds: readonly Around[] = [
    scopes(limits),
    ...(access === undefined ? [] : [sessions({ access, keys: linked.keys, url: linked.url }), idempotency(access)]),
    ...(kept === undefined ? [] : [kept.around]),
  ];
  if (api !== undefined) addApi(app, api, arounds);
  if (api !== undefined) addAgents(app, holderIn);
  addDescription(app);
  app.get("/healthz", (context) => context.json({ v: 1, status: "ok" }));
  const folder = pageFolder();
  if (folder !== undefined) addPage(app, folder);
  app.notFound(unknownAddress);
  app.onError((error, context) => {
    const { status, answer } = errorAnswer(error);
    return context.json(answer, status as ContentfulStatusCode);
  });
  return app;
}

function rulesOf(host: string, token: string | null): AccessRules {
  return { loopback: isLoopback(host), token: token ?? "" };
}

/** What was accepted is shown by every read from then on. */
function toldWebhooks(webhooks: WebhookPort, live: LivePort): WebhookPort {
  return { ...webhooks, accept: (route, delivery) => webhooks.accept(route, delivery).finally(() => live.answered()) };
}

function listen(server: Server, { host, port }: { readonly host: string; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      const taken = error.code === "EADDRINUSE";
      reject(
        new MillraceError({
          code: "MR8101",
          message: taken ? `port ${port} of ${host} is taken` : `nothing can listen on ${host}:${port}: ${error.message}`,
          hint: taken ? "another server uses it; choose one with --port, or 0 for any" : "--host names an address of this machine",
          cause: error,
        }),
      );
    };
    server.once("error", onError);
    server.listen(port, host.replaceAll(/[[\]]/g, ""), () => {
      server.off("error", onError);
      resolve();
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      if ("closeAllConnections" in server) server.closeAllConnections();
    }, CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    if ("closeIdleConnections" in server) server.closeIdleConnections();
  });
}
