// What an attempt says is cut to what an event may hold (EVENT_LIMITS), before it is stored: the control plane stays small whatever users' code does.
import type { JsonValue } from "../model/answers.ts";
import type { AttemptResult } from "../model/attempt.ts";
import { asMillraceError, type ErrorRecord, MillraceError } from "../model/errors.ts";
import { type CheckFact, EVENT_LIMITS, type NodeFacts } from "../model/events.ts";

/** The facts of a result. Throws MR6006 when its output is too large or no JSON. */
export function factsOf(result: AttemptResult | undefined): NodeFacts {
  const facts: { rows?: NodeFacts["rows"] & {}; checks?: readonly CheckFact[]; output?: JsonValue } = {};
  if (result?.rows !== undefined) facts.rows = result.rows;
  if (result?.checks !== undefined && result.checks.length > 0) facts.checks = boundChecks(result.checks);
  if (result?.output !== undefined) facts.output = boundOutput(result.output);
  return facts;
}

/** Anything that was thrown, as a record of bounded length. */
export function recordOf(thrown: unknown): ErrorRecord {
  const { message, hint, cause, ...record } = asMillraceError(thrown).toJSON();
  return {
    ...record,
    message: cut(message, EVENT_LIMITS.messageChars),
    ...(hint === undefined ? {} : { hint: cut(hint, EVENT_LIMITS.hintChars) }),
    ...(cause === undefined ? {} : { cause: cut(cause, EVENT_LIMITS.causeChars) }),
  };
}

/** A sentence of bounded length. */
export function boundText(text: string): string {
  return cut(text, EVENT_LIMITS.hintChars);
}

/** The items of a mapped node. Throws MR6012 when they are too many or too large, or no JSON. */
export function boundItems(items: readonly JsonValue[]): readonly JsonValue[] {
  const refuse = (what: string): never => {
    throw new MillraceError({
      code: "MR6012",
      message: `the list to map over has ${what}`,
      hint: "map over keys instead of rows, or over batches; what is done with many rows belongs in SQL",
    });
  };
  if (items.length > EVENT_LIMITS.items) refuse(`${items.length} items; at most ${EVENT_LIMITS.items} are carried out`);
  const text = textOf(items);
  const bytes = Buffer.byteLength(text);
  if (bytes > EVENT_LIMITS.itemsBytes) refuse(`${bytes} bytes of JSON; at most ${EVENT_LIMITS.itemsBytes} are kept`);
  return JSON.parse(text) as readonly JsonValue[];
}

function boundChecks(checks: readonly CheckFact[]): readonly CheckFact[] {
  let bytesLeft: number = EVENT_LIMITS.samplesBytes;
  return checks.slice(0, EVENT_LIMITS.checks).map((check) => {
    const sample = check.sample.slice(0, EVENT_LIMITS.sampleRows).filter((row) => {
      bytesLeft -= Buffer.byteLength(JSON.stringify(row));
      return bytesLeft >= 0;
    });
    return { ...check, check: cut(check.check, EVENT_LIMITS.hintChars / 4), sample };
  });
}

function boundOutput(output: JsonValue): JsonValue {
  const text = textOf(output);
  const bytes = Buffer.byteLength(text);
  if (bytes > EVENT_LIMITS.outputBytes)
    throw new MillraceError({
      code: "MR6006",
      message: `the output is ${bytes} bytes of JSON; at most ${EVENT_LIMITS.outputBytes} are kept`,
      hint: "return a few numbers or names; write rows with an asset",
    });
  return JSON.parse(text) as JsonValue;
}

function textOf(output: JsonValue): string {
  try {
    const text = JSON.stringify(output) as string | undefined;
    if (text !== undefined) return text;
  } catch (error) {
    throw new MillraceError({ code: "MR6006", message: "the output is no JSON", cause: error });
  }
  throw new MillraceError({ code: "MR6006", message: `the output is no JSON: ${typeof output}` });
}

function cut(text: string, chars: number): string {
  return text.length <= chars ? text : `${text.slice(0, chars - 1)}…`;
}
