// The handlers of the API, made of the table of routes.
//   H1. An act that was begun goes on when whoever asked goes away.
import type { Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { API_ROOT, apiPaths, methodOf } from "../model/api-paths.ts";
import type { ApiPort } from "../operations/port.ts";
import type { Holder } from "../model/access.ts";
import { anyRoutes } from "./api.ts";
import { errorAnswer } from "./errors.ts";
import { holderIn } from "./guard.ts";
import { inputOf } from "./input.ts";
import type { Begin, Route } from "./route.ts";

/** One request to a route, its input checked. */
export interface Asking {
  readonly route: Route;
  /** What was asked for, as it was sent: where, and in which environment. */
  readonly address: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Whose names are meant; undefined: the engine's. */
  readonly environment: string | undefined;
  /** A long act is answered when its run has ended. */
  readonly wait: boolean;
  readonly headers: Headers;
  readonly holder: Holder;
  /** Hears the answer of a long act that is told before its run has ended. */
  onBegun?: (reply: Reply) => void;
}

export interface Reply {
  readonly status: number;
  /** JSON; null with 304. */
  readonly body: string | null;
  /** The body as it is sent, where `headers` say that it is encoded. */
  readonly bytes?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export const ENVIRONMENT = "millrace-environment";
export const JSON_TYPE = "application/json; charset=utf-8";

export function addressOf(pathAndQuery: string, environment: string | null | undefined): string {
  return `${environment ?? ""} ${pathAndQuery}`;
}

/** What stands around every route: who may, what is remembered, what is noted. The first is the outermost. */
export type Around = (asking: Asking, next: () => Promise<Reply>) => Promise<Reply>;

export function addApi(server: Hono, port: ApiPort, arounds: readonly Around[] = []): void {
  for (const route of anyRoutes) {
    const template: string = apiPaths[route.id];
    const handle = (context: Context): Promise<Response> => answer(context, route, port, arounds);
    server.on(methodOf(route.id), `${API_ROOT}${template.slice(template.indexOf("/"))}`, handle);
  }
}

async function answer(context: Context, route: Route, port: ApiPort, arounds: readonly Around[]): Promise<Response> {
  const reply = await replyTo(context, route, port, arounds).catch(failure);
  const headers = { "content-type": JSON_TYPE, ...reply.headers };
  return context.newResponse(
    reply.bytes === undefined ? reply.body : Uint8Array.from(reply.bytes),
    reply.status as ContentfulStatusCode,
    headers,
  );
}

async function replyTo(context: Context, route: Route, port: ApiPort, arounds: readonly Around[]): Promise<Reply> {
  const { req } = context;
  const asking: Asking = {
    route,
    address: addressOf(req.url.slice(req.url.indexOf("/", "https://".length)), req.header(ENVIRONMENT)),
    input: await inputOf(route, context),
    environment: req.query("env") ?? req.header(ENVIRONMENT),
    wait: req.query("wait") === "true",
    headers: req.raw.headers,
    holder: holderIn(context),
  };
  const work = (): Promise<Reply> => carryOut(asking, port);
  return arounds.reduceRight<() => Promise<Reply>>((next, around) => () => around(asking, next).catch(failure), work)();
}

async function carryOut(asking: Asking, port: ApiPort): Promise<Reply> {
  const { route, input, environment, wait } = asking;
  const app = await port.app(environment);
  if (environment !== undefined && route.environment === undefined) {
    const { unknown } = await app.environmentWord();
    if (unknown !== undefined) throw unknown;
  }
  if (route.kind !== "long") return answeredWith(await route.run(app, input, () => {}));
  return begun((begin) => route.run(app, input, begin), { wait, onBegun: (reply) => asking.onBegun?.(reply) });
}

/** Answers as soon as the run is durable, or when it has ended. */
function begun(
  work: (begin: Begin) => Promise<unknown>,
  { wait, onBegun }: { readonly wait: boolean; readonly onBegun: (reply: Reply) => void },
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    let isBegun = false;
    const begin: Begin = (told) => {
      if (isBegun || !("run" in told) || told.run === null || told.run === "") return;
      isBegun = true;
      const { type: _type, ...rest } = { type: "", ...told };
      const status = "type" in told && told.type === "queued" ? "queued" : "running";
      const reply = { status: 202, body: JSON.stringify({ v: 1, status, ...rest }) };
      onBegun(reply);
      if (!wait) resolve(reply);
    };
    work(begin).then((answered) => resolve(answeredWith(answered)), reject); // H1: without `wait`, after `begin`, this is heard by nobody
  });
}

function answeredWith(answered: unknown): Reply {
  return { status: 200, body: JSON.stringify({ v: 1, ...(answered as object) }) };
}

/** What an error is answered with. */
export function failure(thrown: unknown): Reply {
  const { status, answer: told, retryAfterMs } = errorAnswer(thrown);
  const headers = retryAfterMs === undefined ? {} : { "retry-after": String(Math.ceil(retryAfterMs / 1_000)) };
  return { status, body: JSON.stringify(told), headers };
}
