// What a question to the API, the same command, and the same command while `serve` runs answer, in a form in which they must be equal.
import { cpSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { type Asked, createAsk } from "../src/client/ask.ts";
import type { ErrorRecord } from "../src/model/errors.ts";
import { anyRoutes } from "../src/server/api.ts";
import type { Route } from "../src/server/route.ts";
import { project } from "./millrace.ts";
import { millrace } from "./warm.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A folder that is the same as `dir`, with all that Millrace has noted there. */
export function copyOf(dir: string): { readonly dir: string; remove(): void } {
  const copy = project({});
  cpSync(dir, copy.dir, { recursive: true, verbatimSymlinks: true });
  return copy;
}

export function routeNamed(id: string): Route {
  const found = anyRoutes.find((route) => route.id === id);
  if (found === undefined) throw new Error(`there is no route ${id}`);
  return found;
}

/** The last line that the command prints, which is its answer; those before tell what goes on. */
export async function byCommand(dir: string, words: readonly string[]): Promise<Json> {
  const { stdout, stderr, lines } = await millrace([...words, "--json"], dir);
  if (stdout === "") throw new Error(`${words.join(" ")} printed nothing: ${stderr}`);
  const last = lines().at(-1)!;
  return steady("error" in last && last["type"] === "error" ? errorOf(last["error"] as ErrorRecord) : last, dir);
}

export async function byApi(
  at: { readonly dir: string; readonly url: string; readonly token: string },
  route: Route,
  input: Readonly<Record<string, unknown>>,
  idempotencyKey: string = randomUUID(),
): Promise<Json> {
  const ask = createAsk(at) as (id: string, given: object, asked: Asked) => Promise<Record<string, unknown>>;
  const answer = await ask(route.id, input, { wait: route.kind === "long", ...(route.kind === "read" ? {} : { idempotencyKey }) }).catch(
    (thrown: unknown) => errorOf((thrown as { readonly error: ErrorRecord }).error),
  );
  // Where nothing was to be carried out, the command's last line is what else the API tells.
  const told = route.kind === "long" && answer["run"] === undefined ? (answer["act"] ?? answer["started"] ?? {}) : {};
  return steady({ ...answer, ...(told as object) }, at.dir);
}

function errorOf(error: ErrorRecord): Record<string, unknown> {
  return { v: 1, error };
}

/** Without what differs from one time to the next: moments, spans, ids of what is made now, the folder. */
function steady(value: unknown, dir: string): Json {
  return clean(JSON.parse(JSON.stringify(value).replaceAll(dir, "DIR")) as Json);
}

const MOMENT = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?/g;
const MADE = /\b([rbevqpl])_[0-9A-Za-z]{10,}|\b(t)_[\w-]{8}(?![\w-])/g;
const SPAN = /\b\d+(\.\d+)?( ?(ms|s|min|h|seconds?|minutes?)\b)( ago)?/g;
const ENGINE = /none is running|process \d+ at http:\S+/g;
const VOLATILE = new Set(["seconds", "engine", "ageSeconds", "promotion", "pid", "token", "bytes"]);
/** What the API adds to the command's answer: what the command has told before its last line, and where a list goes on. */
const ADDED = new Set(["decision", "started", "act", "next", "type"]);

function clean(value: Json, isTop = true): Json {
  if (typeof value === "string")
    return value.replaceAll(MOMENT, "WHEN").replaceAll(MADE, "$1$2_ID").replaceAll(ENGINE, "ENGINE").replaceAll(SPAN, "SPAN");
  if (Array.isArray(value)) return value.map((each: Json) => clean(each, false));
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !VOLATILE.has(key) && !(isTop && ADDED.has(key)));
  return Object.fromEntries(kept.map(([key, each]) => [key, clean(each as Json, false)]));
}
