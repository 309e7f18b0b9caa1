// Where a page of a list ends: `next` of an answer, which nobody but the next request reads. It names the last row by what the list is ordered by, so that
// rows that are added meanwhile neither repeat one nor hide one.
import { MillraceError } from "../model/errors.ts";

export function cursorOf(parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

/** @throws MR7001 for what is no cursor of this list */
export function partsOf(cursor: string, many: number, list: string): readonly string[] {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    parts = null; // told below
  }
  if (Array.isArray(parts) && parts.length === many && parts.every((part) => typeof part === "string")) return parts;
  throw wrongCursor(list);
}

export function wrongCursor(list: string): MillraceError {
  return new MillraceError({ code: "MR7001", message: `this cursor is none of ${list}`, hint: "give `next` of the answer before" });
}
