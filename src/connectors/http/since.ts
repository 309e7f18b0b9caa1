// The last committed cursor as a part of a request.
import type { HttpOptions } from "../../model/definitions/http.ts";
import type { HttpPlace } from "../../model/definitions/http-pages.ts";

export interface SinceValue {
  readonly param: string;
  readonly in: HttpPlace;
  readonly value: string | number;
}

/** Undefined when nothing is to be sent: no `since`, or no cursor yet and no start. */
export function sinceValue(spec: HttpOptions["since"], since: unknown): SinceValue | undefined {
  if (spec === undefined) return undefined;
  const { param, in: place = "query", format, start } = typeof spec === "string" ? { param: spec } : { ...spec };
  const given = since ?? start;
  const text = sinceText(given);
  if (text === undefined) return undefined;
  return { param, in: place, value: formatted(text, format) };
}

/** A cursor as text. */
export function sinceText(since: unknown): string | undefined {
  if (since === undefined || since === null) return undefined;
  if (since instanceof Date) return since.toISOString();
  return typeof since === "string" || typeof since === "number" || typeof since === "bigint" ? String(since) : JSON.stringify(since);
}

function formatted(text: string, format: "iso" | "date" | "epoch" | "epochMs" | undefined): string | number {
  if (format === undefined) return text;
  // DuckDB writes "2026-01-31 10:00:00"; without a zone that is UTC.
  const moment = Date.parse(/^\d{4}-\d\d-\d\d[ T][\d:.]+$/.test(text) ? `${text.replace(" ", "T")}Z` : text);
  if (Number.isNaN(moment)) return text;
  switch (format) {
    case "iso":
      return new Date(moment).toISOString();
    case "date":
      return new Date(moment).toISOString().slice(0, 10);
    case "epoch":
      return Math.floor(moment / 1_000);
    case "epochMs":
      return moment;
    default:
      return format satisfies never;
  }
}
