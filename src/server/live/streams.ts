// `GET /live`: server-sent events. `hello` first, then what was missed, then what happens; `reset` where what was missed cannot be told any more.
//   E1. A client that does not read is cut off when QUEUE_BYTES_MAX wait for it; it comes back and resumes behind the last event that it heard.
//   E2. A message is written once, whoever follows it.
//   E3. A stream lives as long as whoever opened it may read.
import type { Context, Hono } from "hono";
import type { ServerResponse } from "node:http";
import { API_ROOT, apiPaths } from "../../model/api-paths.ts";
import { MillraceError } from "../../model/errors.ts";
import type { LiveMessage, LiveOpened, LivePort } from "../../model/live.ts";
import { errorAnswer } from "../errors.ts";

const QUEUE_BYTES_MAX = 1_000_000;
export const STREAMS_MAX = 2_000;
const TOPICS_MAX = 100;
const HEARTBEAT_MS = 15_000;
const TOPIC = /^(runs|assets|jobs|project|data|run:[\w-]{1,64}|logs:[\w-]{1,64})$/;
const HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  connection: "close",
  "x-accel-buffering": "no",
};
const LIVE_PATH = `${API_ROOT}${apiPaths["live.stream"].slice("GET ".length)}`;

/** Who opened a stream: by what, and until when that holds (ms since 1970; null: for good). */
export interface StreamOwner {
  readonly token: string | null;
  readonly untilMs: number | null;
}

export interface LiveStreams {
  readonly count: () => number;
  /** Ends the streams that a token opened (it was revoked), or all, with an event that says why. */
  end(why: "expired" | "revoked" | "closing", token?: string): void;
}

interface Stream {
  readonly owner: StreamOwner;
  write(chunk: Uint8Array): void;
  end(why: string): void;
}

export interface LiveOptions {
  readonly live: LivePort;
  /** Default: nobody's, for good. */
  readonly ownerOf?: (context: Context) => StreamOwner;
  /** By which tokens expire; default: this machine's. */
  readonly now?: () => number;
}

export function addLive(
  server: Hono,
  { live, ownerOf = () => ({ token: null, untilMs: null }), now: nowMs = Date.now }: LiveOptions,
): LiveStreams {
  const streams = new Set<Stream>();
  let heart: NodeJS.Timeout | undefined;
  const beat = (): void => {
    const now = nowMs();
    const sign = encode(`: ${new Date(now).toISOString()}\n\n`);
    for (const stream of streams) {
      if (stream.owner.untilMs !== null && stream.owner.untilMs <= now) stream.end("expired");
      else stream.write(sign);
    }
  };
  server.get(LIVE_PATH, async (context) => {
    const topics = (context.req.query("topics") ?? "").split(",").filter((topic) => topic !== "");
    const wrong = topics.find((topic) => !TOPIC.test(topic));
    if (topics.length === 0 || topics.length > TOPICS_MAX || wrong !== undefined)
      return refuse(context, {
        code: "MR8109",
        message:
          wrong === undefined ? `live.stream: topics: 1 to ${TOPICS_MAX} of them, with commas` : `live.stream: there is no topic ${wrong}`,
        hint: "runs, assets, jobs, project, data, run:ID, logs:ID",
      });
    if (streams.size >= STREAMS_MAX)
      return refuse(context, { code: "MR8173", message: `${STREAMS_MAX} streams are open`, retryable: true, retryAfterMs: 5_000 });
    const after = context.req.header("last-event-id") ?? context.req.query("after") ?? null;
    const environment = context.req.query("env") ?? context.req.header("millrace-environment");
    if (context.req.method === "HEAD") return context.newResponse(null, 200, HEADERS); // nobody would read, nor end, a stream
    const owner = ownerOf(context);
    let opened: LiveOpened | undefined;
    let isOver = false;
    let leave = (): void => {
      isOver = true;
    };
    const body = new ReadableStream<Uint8Array>(
      {
        async start(controller) {
          const stream: Stream = {
            owner,
            write(chunk) {
              if (isOver) return;
              if (QUEUE_BYTES_MAX + (controller.desiredSize ?? 0) < chunk.length) {
                leave();
                cutOff(context, controller); // E1
              } else controller.enqueue(chunk);
            },
            end(why) {
              if (isOver) return;
              controller.enqueue(encode(`event: end\ndata: ${JSON.stringify({ why })}\n\n`));
              leave();
              controller.close();
            },
          };
          const expiry = timerIn(owner.untilMs === null ? Infinity : owner.untilMs - nowMs(), () => stream.end("expired"));
          leave = () => {
            isOver = true;
            clearTimeout(expiry);
            streams.delete(stream);
            opened?.close();
            if (streams.size > 0) return;
            clearInterval(heart);
            heart = undefined;
          };
          streams.add(stream);
          heart ??= setInterval(beat, HEARTBEAT_MS).unref();
          opened = await live.open({ topics, environment, after }, (message) => stream.write(chunkOf(message)));
          if (isOver) return opened.close();
          stream.write(eventOf("hello", opened.id, { v: 1, version: live.version, position: opened.id }));
          if (opened.missed === null) stream.write(eventOf("reset", opened.id, { position: opened.id }));
          for (const message of opened.missed ?? []) stream.write(chunkOf(message));
        },
        cancel: () => leave(),
      },
      { highWaterMark: 0, size: (chunk) => chunk.length },
    );
    return context.newResponse(body, 200, HEADERS);
  });
  return {
    count: () => streams.size,
    end: (why, token) => {
      for (const stream of streams) if (token === undefined || stream.owner.token === token) stream.end(why);
    },
  };
}

function cutOff(context: Context, controller: ReadableStreamDefaultController<Uint8Array>): void {
  const { outgoing } = (context.env ?? {}) as { readonly outgoing?: ServerResponse };
  if (outgoing === undefined) controller.error(new Error("the client does not read"));
  else outgoing.destroy();
}

/** Node's timers do not reach further. */
const TIMER_MS_MAX = 2_147_483_647;

function timerIn(waitMs: number, act: () => void): NodeJS.Timeout | undefined {
  return waitMs > TIMER_MS_MAX ? undefined : setTimeout(act, Math.max(0, waitMs)).unref(); // the heartbeat sees those further away
}

const encoder = new TextEncoder();
const encode = (text: string): Uint8Array => encoder.encode(text);

/** E2. */
const chunks = new WeakMap<LiveMessage, Uint8Array>();

function chunkOf(message: LiveMessage): Uint8Array {
  const known = chunks.get(message);
  if (known !== undefined) return known;
  const { id, topic, changed } = message;
  const chunk = encode(`id: ${id}\ndata: ${JSON.stringify({ topic, changed })}\n\n`);
  chunks.set(message, chunk);
  return chunk;
}

function eventOf(event: string, id: string, data: object): Uint8Array {
  return encode(`event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`);
}

function refuse(context: Context, error: ConstructorParameters<typeof MillraceError>[0]): Response {
  const { status, answer, retryAfterMs } = errorAnswer(new MillraceError(error));
  return context.json(answer, status as 400, retryAfterMs === undefined ? {} : { "retry-after": String(Math.ceil(retryAfterMs / 1_000)) });
}
