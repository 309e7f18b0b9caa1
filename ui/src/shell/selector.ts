// The selection grammar in the palette: whether a text is one, and what its last word may become. Pure.
import type { Found } from "../../../src/model/look-answers.ts";

const FIELDS = {
  tag: "assets with this tag",
  owner: "assets of this owner",
  kind: "source, model, table, view, incremental …",
  path: "by file: path:models/**",
  status: "by how they stand",
  name: "by name: name:raw.*",
} as const;
type Field = keyof typeof FIELDS;
const VALUES: Readonly<Partial<Record<Field, readonly string[]>>> = {
  kind: ["source", "model", "table", "view", "incremental"],
  status: ["succeeded", "failed", "stale", "running", "quarantined", "unknown"],
  path: ["models/**", "sources/**"],
};
const OWN = /^(tag|owner|kind|path|status|name):|^\d*\+|\+\d*$|^[()]|[*?]/;
const JOINS = /^(and|or|not)$/i;

export interface Completion {
  /** The whole text after it is taken. */
  readonly text: string;
  readonly word: string;
  readonly detail: string;
}

/** Words of the grammar are in it: hops, fields, joins, patterns. */
export function isSelection(text: string): boolean {
  const words = text.trim().split(/[\s,]+/);
  return words.some((word) => OWN.test(word)) || words.slice(1).some((word) => JOINS.test(word)) || /^not$/i.test(words[0]!);
}

/** What the last word looks for among what the server finds by words. */
export function soughtBy(text: string): string {
  const { field, value } = lastOf(text);
  return field === undefined || field === "tag" || field === "owner" || field === "name" ? value : "";
}

export function completionsOf(text: string, found: readonly Found[]): readonly Completion[] {
  const { begin, hops, field, value } = lastOf(text);
  if (value === "" && field === undefined) return [];
  const taken = (word: string, detail: string, end = " "): Completion => ({ text: `${begin}${word}${end}`, word, detail });
  const among = (kind: Found["kind"], before: string): readonly Completion[] =>
    found
      .filter((each) => each.kind === kind && each.name.toLowerCase() !== value)
      .map(({ name }) => taken(`${before}${quoted(name)}`, kind));
  if (field === undefined) {
    const fields = (Object.keys(FIELDS) as Field[]).filter((each) => each.startsWith(value) && hops === "");
    return [...fields.map((each) => taken(`${each}:`, FIELDS[each], "")), ...among("asset", hops)];
  }
  if (field === "tag" || field === "owner") return among(field, `${field}:`);
  if (field === "name") return among("asset", "name:");
  return (VALUES[field] ?? [])
    .filter((each) => each.startsWith(value) && each !== value)
    .map((each) => taken(`${field}:${each}`, FIELDS[field]));
}

function lastOf(text: string): {
  readonly begin: string;
  readonly hops: string;
  readonly field: Field | undefined;
  readonly value: string;
} {
  const last = /[^\s,()]*$/.exec(text)![0];
  const begin = text.slice(0, text.length - last.length);
  const named = /^(tag|owner|kind|path|status|name):(.*)$/s.exec(last);
  if (named !== null) return { begin, hops: "", field: named[1] as Field, value: named[2]!.toLowerCase() };
  const hops = /^\d*\+/.exec(last)?.[0] ?? "";
  return {
    begin,
    hops,
    field: undefined,
    value: last
      .slice(hops.length)
      .replace(/\+\d*$/, "")
      .toLowerCase(),
  };
}

function quoted(name: string): string {
  return /[\s,()]/.test(name) ? `"${name}"` : name;
}
