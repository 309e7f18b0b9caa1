// Lines of a tap as messages. A line that is no whole message is refused: it may be half of a record.
import { MillraceError } from "../../model/errors.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export type Message =
  | { readonly type: "SCHEMA"; readonly stream: string; readonly schema: JsonObject; readonly keys: readonly string[] }
  | { readonly type: "RECORD"; readonly stream: string; readonly record: JsonObject; readonly version: number | null }
  | { readonly type: "STATE"; readonly value: unknown }
  | { readonly type: "ACTIVATE_VERSION"; readonly stream: string; readonly version: number }
  | { readonly type: "BATCH"; readonly stream: string }
  | { readonly type: "other"; readonly name: string };

const SHOWN_CHARS_MAX = 120;

/** null: words that are no message and may be left out. @throws MR4703. */
export function parseMessage(
  line: string,
  from: { readonly program: string; readonly line: number; readonly shown: (text: string) => string },
): Message | null {
  const refuse = (why: string): MillraceError =>
    new MillraceError({
      code: "MR4703",
      message: `line ${from.line} of ${from.program} ${why}: ${JSON.stringify(from.shown(line.slice(0, SHOWN_CHARS_MAX)))}`,
      retryable: line.startsWith("{"), // a torn line may be whole the next time
    });
  if (!line.trimStart().startsWith("{")) return null;
  let body: unknown;
  try {
    body = JSON.parse(line);
  } catch {
    throw refuse("is no JSON");
  }
  const message = body as JsonObject;
  const text = (key: string): string => {
    const value = message[key];
    if (typeof value !== "string") throw refuse(`has no ${key}`);
    return value;
  };
  const object = (key: string): JsonObject => {
    const value = message[key];
    if (!isObject(value)) throw refuse(`has no ${key}`);
    return value;
  };
  const type = text("type");
  switch (type) {
    case "SCHEMA":
      return { type, stream: text("stream"), schema: object("schema"), keys: textsOf(message["key_properties"]) };
    case "RECORD":
      return { type, stream: text("stream"), record: object("record"), version: numberOf(message["version"]) };
    case "STATE":
      if (!("value" in message)) throw refuse("has no value");
      return { type, value: message["value"] };
    case "ACTIVATE_VERSION": {
      const version = numberOf(message["version"]);
      if (version === null) throw refuse("has no version");
      return { type, stream: text("stream"), version };
    }
    case "BATCH":
      return { type, stream: text("stream") };
    default:
      return { type: "other", name: type };
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
