// The selection grammar (PROJECT §9, one for command line, jobs, page and API), parsed into a tree; `src/plan/selection.ts` evaluates it.
//   name  raw.*  +name  name+2  2+name+1  tag:finance  owner:@ana  kind:model  path:models/**  status:failed  and or not ( )
//   Words set apart by spaces (or commas) mean any of them. `not` binds tighter than `and`, `and` tighter than spaces and `or`.
import { MillraceError } from "./errors.ts";

const SELECTION_FIELDS = ["name", "tag", "owner", "kind", "path", "status"] as const;
type SelectionField = (typeof SELECTION_FIELDS)[number];

export type Selection =
  | {
      readonly type: "match";
      readonly field: SelectionField;
      readonly pattern: string;
      /** Hops upstream and downstream that are selected too; Infinity for all. */
      readonly up: number;
      readonly down: number;
    }
  | { readonly type: "and" | "or"; readonly parts: readonly Selection[] }
  | { readonly type: "not"; readonly part: Selection };

/** Words one selection may have; a longer one is a mistake of a program. */
const WORDS_MAX = 10_000;
/** Parentheses inside each other. */
const DEPTH_MAX = 100;

/** Reads a selection. Throws MR2021 where it cannot be read. */
export function parseSelection(text: string): Selection {
  const words = text.match(/[()]|"[^"]*"|[^\s,()"]+(?:"[^"]*")?[^\s,()"]*/g) ?? [];
  if (words.length === 0) throw unreadable(text, "it is empty");
  if (words.length > WORDS_MAX) throw unreadable(text.slice(0, 80), `it has more than ${WORDS_MAX} words`);
  let at = 0;
  let depth = 0;
  const next = (): string | undefined => words[at]?.toLowerCase();

  const any = (): Selection => {
    const parts = [all()];
    while (at < words.length && next() !== ")") {
      if (next() === "or") at++;
      parts.push(all());
    }
    return parts.length === 1 ? parts[0]! : { type: "or", parts };
  };
  const all = (): Selection => {
    const parts = [one()];
    while (next() === "and") {
      at++;
      parts.push(one());
    }
    return parts.length === 1 ? parts[0]! : { type: "and", parts };
  };
  const one = (): Selection => {
    const word = words[at];
    if (word === undefined) throw unreadable(text, "something is missing at its end");
    at++;
    switch (word.toLowerCase()) {
      case "not":
        return { type: "not", part: one() };
      case "(": {
        if (++depth > DEPTH_MAX) throw unreadable(text, `it has more than ${DEPTH_MAX} parentheses inside each other`);
        const inner = any();
        if (words[at] !== ")") throw unreadable(text, "a closing parenthesis is missing");
        at++;
        depth--;
        return inner;
      }
      case ")":
      case "and":
      case "or":
        throw unreadable(text, `"${word}" stands where a name is expected`);
      default:
        return match(word, text);
    }
  };
  const tree = any();
  if (at < words.length) throw unreadable(text, `"${words[at]}" has no counterpart`);
  return tree;
}

function match(word: string, text: string): Selection {
  const hops = /^(?:(\d*)\+)?(.*?)(?:\+(\d*))?$/s.exec(word)!;
  const body = hops[2]!.replaceAll('"', "");
  const colon = body.indexOf(":");
  const field = colon < 0 ? "name" : body.slice(0, colon).toLowerCase();
  // A task's node is named `task:NAME`: that colon belongs to the name.
  const named = field === "task";
  if (!named && !SELECTION_FIELDS.some((known) => known === field))
    throw unreadable(text, `nothing is selected by "${field}:"`, `use ${SELECTION_FIELDS.map((known) => `${known}:`).join(" ")}`);
  const pattern = colon < 0 || named ? body : body.slice(colon + 1);
  if (pattern === "") throw unreadable(text, `"${word}" names nothing`);
  return {
    type: "match",
    field: named ? "name" : (field as SelectionField),
    pattern,
    up: hopsOf(hops[1]),
    down: hopsOf(hops[3]),
  };
}

/** `+` alone is all the way; no `+` is none. */
function hopsOf(digits: string | undefined): number {
  if (digits === undefined) return 0;
  return digits === "" ? Number.POSITIVE_INFINITY : Number(digits);
}

function unreadable(text: string, why: string, hint = "for example: +clean.sales   tag:finance and not raw.*"): MillraceError {
  return new MillraceError({ code: "MR2021", message: `The selection "${text}" cannot be read: ${why}`, hint });
}
