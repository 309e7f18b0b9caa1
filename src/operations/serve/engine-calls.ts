// Operations on a warehouse that this project's own engine holds: the engine is asked to carry them out (`server/calls.ts`), as if it were this process.
import { type CallLine, errorOf, packArguments } from "../../model/calls.ts";
import { MillraceError, messageOf } from "../../model/errors.ts";
import { actor } from "../actor.ts";
import { type EngineFile, runningEngine } from "./engine-file.ts";

const CALLS_PATH = "/api/v1/calls";

/** What the engine does not carry out for others: what ends or serves a process, and what streams and needs no warehouse. */
const NOT_CALLED: ReadonlySet<string> = new Set(["serve", "dev", "close", "logs", "access"]);

type Operation = (...values: readonly unknown[]) => unknown;

/** The operations; those that need the warehouse while this project's engine holds it are carried out there. */
export function throughEngine<Operations extends object>(
  here: { readonly dir: string; readonly signal: AbortSignal; environment(): Promise<{ readonly name: string }> },
  own: Operations,
): Operations {
  const wrapped = Object.entries(own).map(([method, operation]: [string, unknown]) => {
    if (typeof operation !== "function" || NOT_CALLED.has(method)) return [method, operation] as const;
    const call = async (...values: readonly unknown[]): Promise<unknown> => {
      try {
        return await (operation as Operation)(...values);
      } catch (error) {
        const engine = holderOf(here.dir, error);
        if (engine === undefined) throw error;
        return callEngine(engine, { signal: here.signal, method, values, environment: (await here.environment()).name });
      }
    };
    return [method, call] as const;
  });
  return Object.fromEntries(wrapped) as unknown as Operations;
}

/** In the engine: carries an operation out by its name. @throws MR8108, and what it throws. */
export async function callOwn(own: object, method: string, values: readonly unknown[]): Promise<unknown> {
  const operation: unknown = Object.hasOwn(own, method) && !NOT_CALLED.has(method) ? Reflect.get(own, method) : undefined;
  if (typeof operation !== "function") throw new MillraceError({ code: "MR8108", message: `the engine has no operation ${method}` });
  return (operation as Operation)(...values);
}

interface EngineCall {
  readonly signal: AbortSignal;
  readonly method: string;
  readonly values: readonly unknown[];
  readonly environment: string;
}

/** The engine that holds the warehouse because of which an operation failed; undefined when another process does. */
function holderOf(dir: string, error: unknown): EngineFile | undefined {
  if (!(error instanceof MillraceError) || error.code !== "MR5001") return undefined;
  const engine = runningEngine(dir);
  return engine !== undefined && error.message.includes(`process ${engine.pid} `) ? engine : undefined;
}

/** Somebody holds the warehouse who cannot be asked: what is known without it must do. The project's own engine is asked (`throughEngine`), and knows better. */
export function isHeldByOthers(dir: string, error: unknown): boolean {
  return error instanceof MillraceError && error.code === "MR5001" && holderOf(dir, error) === undefined;
}

/** Carries a call out in the engine. @throws what the operation throws there, MR8106 when the engine goes away meanwhile. */
async function callEngine(engine: EngineFile, { signal, method, values, environment }: EngineCall): Promise<unknown> {
  const { packed, listeners } = packArguments(values);
  let run: string | undefined;
  const gone = (cause: unknown): MillraceError =>
    run === undefined
      ? new MillraceError({ code: "MR8106", message: `the engine, process ${engine.pid}, does not answer: ${messageOf(cause)}`, cause })
      : new MillraceError({
          code: "MR8106",
          message: `the engine that carries out ${run} is gone; the run goes on with the next one`,
          hint: `start millrace serve; millrace run show ${run} tells how it went`,
          retryable: true,
          cause,
        });
  const response = await fetch(`${engine.url}${CALLS_PATH}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${engine.token}`,
      "content-type": "application/json",
      "millrace-by": encodeURIComponent(actor()),
    },
    body: JSON.stringify({ method, arguments: packed, environment }),
    signal,
  }).catch((error: unknown) => {
    throw signal.aborted ? signal.reason : gone(error);
  });
  if (response.status !== 200 || response.body === null) throw gone(`it answered ${response.status}`);
  try {
    for await (const line of linesOf(response.body)) {
      if ("to" in line) {
        run ??= runIn(line.values);
        listeners[line.to]?.(...line.values);
      } else if ("error" in line) throw errorOf(line);
      else return line.result;
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw error instanceof MillraceError ? error : gone(error);
  }
  throw gone("it stopped in the middle");
}

/** The run that an observer is told of. */
function runIn([told]: readonly unknown[]): string | undefined {
  const { run } = (typeof told === "object" && told !== null ? told : {}) as { readonly run?: unknown };
  return typeof run === "string" && run !== "" ? run : undefined;
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<CallLine> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const line of lines) if (line !== "") yield JSON.parse(line) as CallLine;
  }
}
