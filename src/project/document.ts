// One definition as it was written: its plain value, and for every path in it the place in the user's file.
import type { SourceLocation } from "../model/errors.ts";

export type Path = readonly (string | number)[];

export interface Document {
  /** Relative to the project, with `/`. */
  readonly file: string;
  /** The whole text of the file. */
  readonly text: string;
  readonly value: unknown;
  /** Names of the components that were put into it. */
  readonly components?: readonly string[];
  /** A component could not be put in, which was told: what else is wrong with it says nothing. */
  readonly isBroken?: true;
  /** Place of a key or value; of the nearest thing around it when nothing stands at `path`. */
  locate(path: Path, what?: "key" | "value"): SourceLocation;
}

/** Turns offsets of one text into lines and columns; the line starts are found once, when first asked for. */
export function placesIn(file: string, text: string): (start: number, end?: number) => SourceLocation {
  let starts: number[] | undefined;
  return (start, end = start) => {
    starts ??= lineStarts(text);
    const offset = Math.max(0, Math.min(start, text.length));
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    // A mark never runs over the end of its line.
    const lineEnd = (starts[low + 1] ?? text.length + 1) - 1;
    const length = text.slice(offset, Math.min(end, lineEnd)).trimEnd().length;
    return { file, line: low + 1, column: offset - starts[low]! + 1, length: Math.max(1, length), text };
  };
}

/** A place that is looked up only when somebody reads it: finding one can cost a parse of the whole text. */
export function lazyPlace(find: () => SourceLocation): SourceLocation {
  let found: SourceLocation | undefined;
  const get = (): SourceLocation => (found ??= find());
  return {
    get file() {
      return get().file;
    },
    get line() {
      return get().line;
    },
    get column() {
      return get().column;
    },
    get length() {
      return get().length ?? 1;
    },
    get text() {
      return get().text ?? "";
    },
  };
}

/** `checks[0].range.min`, as it stands in messages. */
export function pathText(path: Path): string {
  return path
    .map((part, index) =>
      typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${/^[\w-]+$/.test(part) ? part : JSON.stringify(part)}`,
    )
    .join("");
}

/** What stands at a path of a plain value; undefined when nothing does. */
export function valueAt(value: unknown, path: Path): unknown {
  let found = value;
  for (const part of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, part)) return undefined;
    found = (found as Readonly<Record<string | number, unknown>>)[part];
  }
  return found;
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length);
  return starts;
}
