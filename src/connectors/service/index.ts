// The service connector: one request for each distinct key of an asset (or a batch of them). The asset is its own cache: what was answered is not asked again.
//   V1. Every key that is asked gets exactly one row: `answer` is found, miss, or fallback.
//   V2. An answer that cannot be told to belong to one key is an error, never a guess.
import type { RowsDelivery, ReadContext } from "../../load/connector.ts";
import { defineConnector } from "../../load/connector.ts";
import { isDisconnection } from "./failure.ts";
import { MillraceError, messageOf } from "../../model/errors.ts";
import { rowsOf } from "../http/bodies/rows.ts";
import { valueAt } from "../http/bodies/paths.ts";
import { mergeOptions, settingsOf, type Merged } from "../http/settings.ts";
import { openSession, type Session } from "../http/wire/session.ts";
import { type Key, keyPart, keysToAsk, positionOf } from "./keys.ts";
import { serviceOptions, type ServiceOptions } from "./options.ts";

export const service = defineConnector<ServiceOptions>({
  name: "service",
  summary: "Asks an HTTP service about each distinct key of an asset; answers are kept, failures fall back.",
  options: serviceOptions,
  capabilities: { read: true, write: [], resume: true },
  async *read(options, context): AsyncGenerator<RowsDelivery> {
    const keys = await keysToAsk(options, context);
    const { batch = 1, parallel = 1 } = options;
    const merged = requestOf(options, context);
    const session = openSession(
      settingsOf({ ...merged, url: (merged.url ?? "").replaceAll(/\{[^{}]*\}/g, "x"), body: undefined, params: undefined }),
      context,
    );
    const asker = new Asker(options, merged, session, context);
    try {
      for (let from = 0; from < keys.length; from += batch * parallel) {
        const batches: (readonly Key[])[] = [];
        for (let at = from; at < Math.min(keys.length, from + batch * parallel); at += batch) batches.push(keys.slice(at, at + batch));
        const answers = await Promise.all(batches.map((each) => asker.ask(each)));
        for (const [index, rows] of answers.entries()) {
          const last = batches[index]!.at(-1)!;
          const name = `keys ${from + index * batch + 1} to ${from + index * batch + batches[index]!.length}`;
          yield { kind: "rows", name, rows, position: positionOf(last, options.keys.columns) };
        }
      }
    } finally {
      session.close();
    }
  },
});

function requestOf(
  {
    keys: _keys,
    batch: _batch,
    match: _match,
    parallel: _parallel,
    cache: _cache,
    misses: _misses,
    fallback: _fallback,
    ...http
  }: ServiceOptions,
  { connections }: ReadContext,
): Merged {
  return mergeOptions(http, connections);
}

type AnsweredRow = Readonly<Record<string, unknown>>;

class Asker {
  private readonly options: ServiceOptions;
  private readonly merged: Merged;
  private readonly session: Session;
  private readonly context: ReadContext;

  constructor(options: ServiceOptions, merged: Merged, session: Session, context: ReadContext) {
    this.options = options;
    this.merged = merged;
    this.session = session;
    this.context = context;
  }

  /** V1. @throws what the service does wrong, where there is no fallback. */
  async ask(keys: readonly Key[]): Promise<readonly AnsweredRow[]> {
    const { fallback } = this.options;
    try {
      return await this.answers(keys);
    } catch (error) {
      if (fallback === undefined || this.context.signal.aborted || !isDisconnection(error)) throw error;
      this.context.log("warn", `${keys.length} keys got the fallback: ${messageOf(error).split("\n", 1)[0]}`);
      return keys.map((key) => ({ ...fallback, ...key, answer: "fallback", asked_at: new Date() }));
    }
  }

  private async answers(keys: readonly Key[]): Promise<readonly AnsweredRow[]> {
    const { batch = 1, match } = this.options;
    const isSingle = batch === 1;
    const values = isSingle ? { row: keys[0]! } : {};
    const body = isSingle ? this.merged.body : withRows(this.merged.body, keys);
    const settings = settingsOf({ ...this.merged, ...(body === undefined ? {} : { body }) }, undefined, values);
    const { url, method, headers } = settings;
    const fetched = await this.session.fetch(settings, { url, method, headers, body: settings.body, repeatable: true });
    const found = fetched.isIgnored ? [] : this.rowsIn(fetched.body, isSingle);
    const askedAt = new Date();
    const answerOf = match === undefined ? this.byOrder(keys, found, isSingle) : this.byMatch(found, match);
    return keys.map((key, index) => {
      const answer = answerOf(key, index);
      return answer === undefined
        ? { ...key, answer: "miss", asked_at: askedAt }
        : { ...answer, ...key, answer: "found", asked_at: askedAt };
    });
  }

  /** One key may be answered by an object that is no list. */
  private rowsIn(body: unknown, isSingle: boolean): readonly unknown[] {
    const { rows } = this.options;
    const at = rows === undefined ? body : valueAt(body, rows);
    const hasKeys = body === null || body === undefined || typeof body === "object";
    if (isSingle && hasKeys && (at === null || at === undefined)) return [];
    if (isSingle && typeof at === "object" && !Array.isArray(at)) return [at];
    return rowsOf(body, rows, this.options.url ?? "the service");
  }

  private byOrder(
    keys: readonly Key[],
    found: readonly unknown[],
    isSingle: boolean,
  ): (key: Key, index: number) => AnsweredRow | undefined {
    if (isSingle ? found.length > 1 : found.length !== keys.length)
      throw ambiguous(`${found.length} answers came for ${keys.length} ${keys.length === 1 ? "key" : "keys"}`);
    return (_key, index) => asRow(found[index]);
  }

  private byMatch(
    found: readonly unknown[],
    match: Readonly<Record<string, string>>,
  ): (key: Key, index: number) => AnsweredRow | undefined {
    const columns = Object.keys(match);
    const byKey = new Map<string, AnsweredRow>();
    for (const row of found) {
      const text = JSON.stringify(columns.map((column) => keyPart(valueAt(row, match[column]!))));
      if (byKey.has(text)) throw ambiguous(`two answers are of the key ${text}`);
      const answer = asRow(row);
      if (answer !== undefined) byKey.set(text, answer);
    }
    return (key) => byKey.get(JSON.stringify(columns.map((column) => keyPart(key[column]))));
  }
}

/** `{rows}` stands for the keys of the batch. */
function withRows(template: unknown, keys: readonly Key[]): unknown {
  if (template === undefined) return keys;
  if (template === "{rows}") return keys;
  if (Array.isArray(template)) return template.map((inner) => withRows(inner, keys));
  if (typeof template !== "object" || template === null) return template;
  return Object.fromEntries(Object.entries(template).map(([name, inner]) => [name, withRows(inner, keys)]));
}

function asRow(answer: unknown): AnsweredRow | undefined {
  if (answer === null || answer === undefined) return undefined;
  return typeof answer === "object" && !Array.isArray(answer) ? (answer as AnsweredRow) : { value: answer };
}

function ambiguous(message: string): MillraceError {
  return new MillraceError({ code: "MR8602", message: `service: ${message}`, hint: "match: { column of the key: path in the answer }" });
}
