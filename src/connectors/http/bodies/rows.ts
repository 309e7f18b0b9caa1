// Finds the list of rows in a body.
import { MillraceError } from "../../../model/errors.ts";
import { isObject, valueAt } from "./paths.ts";

const LISTED_MAX = 12;

/**
 * The list of records of a page, as they stand there: the loader quarantines what is no object.
 * @throws MillraceError MR3507 that lists the keys that are there.
 */
export function rowsOf(body: unknown, path: string | undefined, shown: string): readonly unknown[] {
  return path === undefined || path === "" ? onlyList(body, shown) : listAt(body, path, shown);
}

/** A list of plain values; its rows have one column, `value`. */
export function isPlainList(list: readonly unknown[]): boolean {
  return list.length > 0 && list.every((item) => item !== null && typeof item !== "object");
}

function listAt(body: unknown, path: string, shown: string): readonly unknown[] {
  const found = valueAt(body, path);
  if (Array.isArray(found)) return found;
  const what = found === undefined ? `there is no "${path}"` : `"${path}" is ${kindOf(found)}, not a list`;
  throw new MillraceError({ code: "MR3507", message: `${what} in the answer of ${shown}; ${contents(body)}`, hint: suggestion(body) });
}

function onlyList(body: unknown, shown: string): readonly unknown[] {
  if (Array.isArray(body)) return body;
  const lists = listPaths(body);
  const [only] = lists;
  if (only !== undefined && lists.length === 1) return valueAt(body, only) as readonly unknown[];
  const many = lists.length === 0 ? "no list" : `${lists.length} lists`;
  throw new MillraceError({
    code: "MR3507",
    message: `the answer of ${shown} holds ${many}, so \`rows\` must say where the rows are; ${contents(body)}`,
    hint: suggestion(body),
  });
}

/** Paths of lists at the top and one level below. */
export function listPaths(body: unknown): readonly string[] {
  if (!isObject(body)) return [];
  return Object.entries(body).flatMap(([key, value]) => {
    if (Array.isArray(value)) return [key];
    return isObject(value) ? Object.keys(value).flatMap((inner) => (Array.isArray(value[inner]) ? [`${key}.${inner}`] : [])) : [];
  });
}

function contents(body: unknown): string {
  if (!isObject(body)) return `the body is ${kindOf(body)}`;
  const keys = Object.entries(body).map(([key, value]) => `${key} (${kindOf(value)})`);
  const shown = keys.slice(0, LISTED_MAX).join(", ");
  if (keys.length === 0) return "the body has no keys";
  return `keys there: ${shown}${keys.length > LISTED_MAX ? `, and ${keys.length - LISTED_MAX} more` : ""}`;
}

function suggestion(body: unknown): string {
  if (Array.isArray(body)) return "the body itself is the list: leave `rows` out";
  const lists = listPaths(body);
  return lists.length === 0 ? "look at the address and its parameters" : `lists are at: ${lists.slice(0, LISTED_MAX).join(", ")}`;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `list of ${value.length}`;
  return typeof value === "object" ? "object" : typeof value === "bigint" ? "number" : typeof value;
}
