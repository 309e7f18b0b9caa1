// What a page keeps in its address, typed: `const [search, setSearch] = usePageSearch(runsSearch)`. Unknown or wrong values count as absent; the values are plain text,
// so that an address can be read and written by hand.
import { useNavigate, useSearch } from "@tanstack/react-router";

export type Parse<Value> = (text: string) => Value | undefined;
type Values<Shape extends Record<string, Parse<unknown>>> = {
  readonly [Name in keyof Shape]?: Exclude<ReturnType<Shape[Name]>, undefined>;
};
type Change<Shape extends Record<string, Parse<unknown>>> = {
  readonly [Name in keyof Shape]?: Exclude<ReturnType<Shape[Name]>, undefined> | undefined;
};

export const text: Parse<string> = (given) => (given === "" ? undefined : given);
export const whole: Parse<number> = (given) => (/^\d{1,15}$/.test(given) ? Number(given) : undefined);
export const flag: Parse<true> = (given) => (given === "" || given === "true" ? true : undefined);
export const list: Parse<readonly string[]> = (given) => {
  const words = given.split(",").filter((word) => word !== "");
  return words.length === 0 ? undefined : words;
};
export function oneOf<const Words extends readonly string[]>(words: Words): Parse<Words[number]> {
  return (given) => words.find((word) => word === given);
}

/** @returns what the address says, and a function that changes it: `undefined` takes a name out. `push` makes a step in the history (default: replaces). */
export function usePageSearch<Shape extends Record<string, Parse<unknown>>>(
  shape: Shape,
): readonly [Values<Shape>, (change: Change<Shape>, how?: "push" | "replace") => void] {
  const raw = useSearch({ strict: false }) as unknown as Readonly<Record<string, unknown>>;
  const navigate = useNavigate();
  const values: Record<string, unknown> = {};
  for (const [name, parse] of Object.entries(shape)) {
    const given = raw[name];
    const value = typeof given === "string" ? parse(given) : undefined;
    if (value !== undefined) values[name] = value;
  }
  const change = (wanted: Change<Shape>, how: "push" | "replace" = "replace"): void => {
    void navigate({
      to: ".",
      replace: how === "replace",
      resetScroll: false,
      search: (before: Readonly<Record<string, unknown>>) => merged(before, wanted),
    } as never);
  };
  return [values as Values<Shape>, change];
}

function merged(before: Readonly<Record<string, unknown>>, wanted: Readonly<Record<string, unknown>>): Record<string, string> {
  const next: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...before, ...wanted })) {
    const text = Array.isArray(value) ? value.join(",") : typeof value === "string" ? value : plain(value);
    if (text !== "") next[name] = text;
  }
  return next;
}

function plain(value: unknown): string {
  return typeof value === "number" || value === true ? String(value) : "";
}

export function parseSearch(search: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(search));
}

export function stringifySearch(search: Readonly<Record<string, unknown>>): string {
  const query = new URLSearchParams(merged({}, search)).toString();
  return query === "" ? "" : `?${query}`;
}
