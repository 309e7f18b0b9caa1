// One request to the API, in Node or in a browser: a route by its name, its input, its answer.
import { API_ROOT, fillPath, methodOf } from "../model/api-paths.ts";
import type { ErrorRecord } from "../model/errors.ts";
import type { Api } from "../server/api.ts";

export interface AskOptions {
  /** `http://127.0.0.1:4400`; "" in a page of that server. */
  readonly url: string;
  readonly token?: string;
  readonly environment?: string;
  /** Go with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: the platform's. */
  readonly fetch?: AskFetch;
}

export type AskFetch = (url: string, init: AskInit) => Promise<Response>;

interface AskInit {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export interface Asked<Wait extends boolean = boolean> {
  readonly signal?: AbortSignal;
  /** The same act asked for twice with the same key is done once. */
  readonly idempotencyKey?: string;
  /** A long act answers when its run has ended; default: once it is durable. */
  readonly wait?: Wait;
}

/** What a long act is answered that is not waited for, where it led to a run; with it comes what is known by then. */
export interface BegunAnswer {
  readonly run: string;
  readonly status: "running" | "queued";
}

export type AnswerOf<Id extends keyof Api, Wait extends boolean> =
  | Api[Id]["answer"]
  | (Wait extends true ? never : Api[Id]["kind"] extends "long" ? BegunAnswer : never);

export type Ask = <Id extends keyof Api, Wait extends boolean = false>(
  id: Id,
  input: Api[Id]["input"],
  asked?: Asked<Wait>,
) => Promise<AnswerOf<Id, Wait>>;

interface Refusal {
  readonly error?: ErrorRecord;
  readonly errors?: readonly ErrorRecord[];
}

/** What the server refused, as it told it. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly error: ErrorRecord;
  /** Where there are several, all of them: those of a project's files. */
  readonly errors: readonly ErrorRecord[];

  constructor(status: number, error: ErrorRecord, errors: readonly ErrorRecord[] = []) {
    super(error.message);
    this.status = status;
    this.error = error;
    this.errors = errors;
  }

  get code(): string {
    return this.error.code;
  }
}

/** @throws ApiError what the server refuses; TypeError where it cannot be reached */
export function createAsk(options: AskOptions): Ask {
  const { url, token, environment } = options;
  return async (id, input, { signal, idempotencyKey, wait } = {}) => {
    const method = methodOf(id);
    const { path, rest } = fillPath(id, input);
    const query = new URLSearchParams(wait === true ? { wait: "true" } : {});
    if (method === "GET")
      for (const [name, value] of Object.entries(rest))
        if (value !== undefined) query.set(name, Array.isArray(value) ? value.join(",") : text(value));
    const search = query.toString();
    const response = await (options.fetch ?? fetch)(`${url}${API_ROOT}${path}${search === "" ? "" : `?${search}`}`, {
      method,
      headers: {
        ...options.headers,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(environment === undefined ? {} : { "millrace-environment": environment }),
        ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
        ...(method === "GET" ? {} : { "content-type": "application/json" }),
      },
      ...(method === "GET" ? {} : { body: JSON.stringify(rest) }),
      ...(signal === undefined ? {} : { signal }),
    });
    const answer = (await response.json().catch(() => null)) as Refusal | null;
    if (response.ok && answer !== null) return answer as never;
    throw new ApiError(
      response.status,
      answer?.error ?? { code: "MR8106", message: `the server answered ${response.status}`, retryable: response.status >= 500 },
      answer?.errors,
    );
  };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
