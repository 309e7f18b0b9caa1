// Commands of this machine that need the warehouse while `serve` holds it: they are carried out here, for whoever has the token of `.millrace/engine.json`.
//   A1. An operation that was begun goes on when its caller goes away.
import type { Context, Hono } from "hono";
import { type CallLine, type CallPort, errorLine, unpackArguments } from "../model/calls.ts";
import { hasToken } from "./access.ts";

export const CALLS_PATH = "/api/v1/calls";
const BODY_BYTES_MAX = 4_000_000;
/** Readers give up on a stream that says nothing for minutes. */
const SIGN_OF_LIFE_MS = 10_000;

export function addCalls(app: Hono, token: string, port: CallPort): void {
  app.post(CALLS_PATH, async (context) => {
    if (!hasToken(token, context.req.raw.headers))
      return context.json({ v: 1, error: { message: "this wants the token of the engine" } }, 401);
    const asked = await requestOf(context);
    if (asked === undefined) return context.json({ v: 1, error: { message: "send { method, arguments }" } }, 400);
    return context.body(answer(port, asked), 200, { "content-type": "application/x-ndjson" });
  });
}

interface Asked {
  readonly method: string;
  readonly values: readonly unknown[];
  readonly environment: string | undefined;
}

async function requestOf(context: Context): Promise<Asked | undefined> {
  if (Number(context.req.header("content-length") ?? Infinity) > BODY_BYTES_MAX) return undefined;
  const body = await context.req
    .json<{ readonly method?: unknown; readonly arguments?: unknown; readonly environment?: unknown }>()
    .catch(() => undefined);
  if (typeof body?.method !== "string" || !Array.isArray(body.arguments)) return undefined;
  const environment = typeof body.environment === "string" ? body.environment : undefined;
  return { method: body.method, values: body.arguments as readonly unknown[], environment };
}

function answer(port: CallPort, { method, values, environment }: Asked): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let life: NodeJS.Timeout | undefined;
  let isGone = false;
  return new ReadableStream({
    start(controller) {
      const write = (text: string): void => {
        if (!isGone) controller.enqueue(encoder.encode(`${text}\n`));
      };
      const send = (line: CallLine): void => write(JSON.stringify(line));
      life = setInterval(() => write(""), SIGN_OF_LIFE_MS);
      const given = unpackArguments(values, (to, told) => send({ to, values: told }));
      void port
        .call(method, given, environment)
        .then(
          (result) => send({ result: result ?? null }),
          (thrown: unknown) => send(errorLine(thrown)),
        )
        .finally(() => {
          clearInterval(life);
          if (!isGone) controller.close();
        });
    },
    cancel() {
      isGone = true; // A1
      clearInterval(life);
    },
  });
}
