// Patterns of paths in a store or an archive, by the rules of src/platform/glob.ts, for lists of paths in place of folders.
import { isPattern, matcherOf, unfoldBraces } from "../platform/glob.ts";

export interface PathPattern {
  readonly isPattern: boolean;
  /** What every path that matches begins with, up to a whole name or into one. */
  readonly prefix: string;
  /** Folders below that of the prefix that a path that matches may lie in. */
  readonly depthMax: number;
  matches(path: string): boolean;
  /** Can something that matches lie below this folder? */
  mayHold(folder: string): boolean;
}

/** The alternatives of `pattern`, one by one: `a{1,2}/*` has two prefixes. */
export function pathPatterns(pattern: string): readonly PathPattern[] {
  return unfoldBraces(pattern).map((single) => compile(single.replace(/^(\.?\/)+/, "")));
}

function compile(pattern: string): PathPattern {
  const parts = pattern.split("/").filter((part) => part !== "" && part !== ".");
  if (!isPattern(pattern)) {
    const path = parts.join("/");
    return {
      isPattern: false,
      prefix: path,
      depthMax: 0,
      matches: (candidate) => candidate === path,
      mayHold: (folder) => path.startsWith(`${folder}/`),
    };
  }
  const first = parts.findIndex((part) => isPattern(part));
  const letters = parts[first] ?? "";
  const prefix = [...parts.slice(0, first), letters.slice(0, letters.search(/[*?[]/))].join("/");
  const steps = parts.map((part) => (part === "**" ? "**" : isPattern(part) ? { test: partTest(part) } : part));
  return {
    isPattern: true,
    prefix,
    depthMax: parts.includes("**") ? Infinity : parts.length - first - 1,
    matches: (path) => matchParts(steps, path.split("/"), "whole"),
    mayHold: (folder) => matchParts(steps, folder.split("/"), "beginning"),
  };
}

type Step = string | { readonly test: (name: string) => boolean };

/** `*` passes over names that begin with a dot unless the pattern's part does. */
function partTest(part: string): (name: string) => boolean {
  const matcher = matcherOf(part);
  return (name) => matcher.test(name) && (!name.startsWith(".") || part.startsWith("."));
}

/** `**` stands for any number of folders; at the end, for all files below. */
function matchParts(steps: readonly Step[], names: readonly string[], what: "whole" | "beginning"): boolean {
  const [step, ...rest] = steps;
  const [name, ...others] = names;
  if (name === undefined) return what === "beginning" ? steps.length > 0 : steps.length === 0;
  if (step === undefined) return false;
  if (step === "**") {
    if (rest.length === 0) return names.every((part) => !part.startsWith("."));
    if (matchParts(rest, names, what)) return true;
    if (what === "whole" && others.length === 0) return false;
    return !name.startsWith(".") && matchParts(steps, others, what);
  }
  const fits = typeof step === "string" ? step === name : step.test(name);
  return fits && matchParts(rest, others, what);
}
