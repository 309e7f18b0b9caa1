// `connect`: a server, or the project in this folder, for code: submit a job, follow its run, ask for rows, backfill, repair what was set aside.
import type { JsonValue } from "../model/answers.ts";
import { MillraceError } from "../model/errors.ts";
import type { Ask } from "./ask.ts";
import { type Backfill, type BackfillWish, createBackfill, previewBackfill, startBackfill } from "./backfill.ts";
import type { BackfillStartedAnswer } from "../model/backfill-answers.ts";
import type { Place } from "./place.ts";
import { createQuarantine, type Quarantine } from "./quarantine.ts";
import { createRows, type Rows, type RowsByAsset } from "./rows.ts";
import { type AnyOutputs, createRun, nothingRan, type Run } from "./run.ts";
import { placeAt } from "./url-place.ts";

/** A server (`url`), or the project in a folder (`dir`, default: the working directory). Not both. */
export interface ConnectOptions {
  readonly url?: string;
  /** Of `millrace token create`, or the server's MILLRACE_TOKEN. */
  readonly token?: string;
  readonly dir?: string;
  /** Whose names are meant; default: the engine's, in a folder that of its git branch. */
  readonly environment?: string;
}

export interface Submission {
  /** Text as it is; what is no text as JSON. */
  readonly params?: Readonly<Record<string, JsonValue>>;
  /** The same job with the same key is submitted once, however often it is asked for. */
  readonly idempotencyKey?: string;
}

/** What to carry out besides a whole job. */
export interface RunWish extends Submission {
  readonly job?: string;
  readonly select?: string;
  readonly fullRefresh?: boolean;
  readonly partition?: string;
  /** A run: what failed in it. */
  readonly fromFailure?: string;
}

/** `Assets`: `JsonRows` of the file that `millrace types` writes. */
export interface Client<Assets = RowsByAsset> extends Rows<Assets>, AsyncDisposable {
  /** Resolves once the request is durable. `Outputs`: what the job's tasks answer, by their names. @throws MR6103 for a job that is none */
  submit<Outputs = AnyOutputs>(job: string, submission?: Submission): Promise<Run<Outputs>>;
  /** The same for a selection, a partition, or what failed in an earlier run. */
  start<Outputs = AnyOutputs>(wish: RunWish): Promise<Run<Outputs>>;
  /** A run that there is, to follow or cancel it. */
  run<Outputs = AnyOutputs>(id: string): Run<Outputs>;
  /** Resolves once it is durable. */
  startBackfill(asset: string, wish: BackfillWish): Promise<Backfill>;
  /** What it would do and how long it may take; nothing is done. */
  previewBackfill(asset: string, wish: BackfillWish): Promise<BackfillStartedAnswer>;
  /** One that there is. */
  backfill(id: string): Backfill;
  readonly quarantine: Quarantine;
  /** Any read or act of the API by its name: what the methods above are made of. */
  ask: Ask;
  /** Lets go of the project of a folder at once; a client of a server holds nothing. */
  close(): Promise<void>;
}

/** @throws MR8130 for a URL and a folder at once, or a URL that is none */
export function connect<Assets = RowsByAsset>(options: ConnectOptions = {}): Client<Assets> {
  let opened: Promise<Place> | undefined;
  const place = (): Promise<Place> => (opened ??= openPlace(options));
  checkOptions(options);
  const ask: Ask = async (id, input, asked) => (await place()).ask(id, input, asked);
  const start = async <Outputs>({ params, idempotencyKey, ...wish }: RunWish): Promise<Run<Outputs>> => {
    const input = { ...wish, ...(params === undefined ? {} : { params: textsOf(params) }) };
    const begun = await ask("runs.start", input, idempotencyKey === undefined ? {} : { idempotencyKey });
    if (begun.run !== "") return createRun<Outputs>(place, { id: begun.run, job: wish.job ?? null });
    return createRun<Outputs>(place, { id: "", job: null, result: nothingRan("", "the request led to no run") });
  };
  return {
    submit: (job, submission) => start({ ...submission, job }),
    start,
    run: (id) => createRun(place, { id, job: null }),
    ...createRows<Assets>(ask),
    startBackfill: (asset, wish) => startBackfill(place, asset, wish),
    previewBackfill: (asset, wish) => previewBackfill(place, asset, wish),
    backfill: (id) => createBackfill(place, id),
    quarantine: createQuarantine(place),
    ask,
    close: async () => (await opened)?.close(),
    [Symbol.asyncDispose]: async () => (await opened)?.close(),
  };
}

function checkOptions({ url, dir, token }: ConnectOptions): void {
  const wrong =
    url !== undefined && dir !== undefined
      ? "a client asks a server or a folder, not both: give url or dir"
      : url !== undefined && !URL.canParse(url)
        ? `${url} is no URL`
        : url === undefined && token !== undefined
          ? "a token is for a server: give its url"
          : undefined;
  if (wrong !== undefined) throw new MillraceError({ code: "MR8130", message: wrong, hint: "connect({ url, token }) or connect({ dir })" });
}

async function openPlace({ url, token, dir, environment }: ConnectOptions): Promise<Place> {
  const named = environment === undefined ? {} : { environment };
  if (url !== undefined) return placeAt({ url, ...(token === undefined ? {} : { token }), ...named });
  const { placeIn } = await import("./folder-place.ts"); // all of Millrace, which a client of a server needs none of
  return placeIn({ dir: dir ?? process.cwd(), ...named });
}

function textsOf(params: Readonly<Record<string, JsonValue>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}
