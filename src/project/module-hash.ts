// The hash of a TypeScript module: of what it says and of what the local modules say that it imports, however they are laid out or commented.
//   H1. Text is compared after TypeScript's types, comments and layout are taken away by the same transform that runs it.
//   H2. Local imports (./ and ../) are followed through static, dynamic and require forms; packages count by name alone.
import { existsSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { DefinitionCache } from "./cache.ts";
import { hashTexts } from "./hash.ts";
import { readText } from "./text-file.ts";

const MODULES_MAX = 5_000;
const ENDINGS = ["", ".ts", ".tsx", ".mts", ".cts", ".js", ".mjs", ".cjs", ".json", "/index.ts", "/index.js"];
const IMPORTS = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*["'](\.{1,2}\/[^"']*|\.{1,2})["']/g;

export interface ModuleHashRequest {
  readonly dir: string;
  /** Absolute path of the module. */
  readonly path: string;
  readonly cache: DefinitionCache;
  /** Takes types, comments and layout away; throws when the text cannot be parsed. */
  readonly transform: (text: string) => string;
}

/** SHA-256, hex. A module that cannot be read or parsed counts by its text: loading it tells what is wrong. */
export function hashModule(request: ModuleHashRequest): string {
  const parts: string[] = [];
  const seen = new Set<string>();
  const queue = [request.path];
  for (let path = queue.shift(); path !== undefined && seen.size < MODULES_MAX; path = queue.shift()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const name = relative(request.dir, path);
    let text: string;
    try {
      text = readText(path, name);
    } catch {
      parts.push(name, "unreadable");
      continue;
    }
    parts.push(path === request.path ? "" : name, path.endsWith(".json") ? text : meaning(text, request));
    for (const [, specifier] of text.matchAll(IMPORTS)) {
      const target = resolveLocal(path, specifier!);
      if (target !== undefined) queue.push(target);
    }
  }
  return hashTexts(...parts);
}

function meaning(text: string, request: ModuleHashRequest): string {
  const key = `module\n${text}`;
  const known = request.cache.get(key)?.value;
  if (typeof known === "string") return known;
  let plain: string;
  try {
    plain = hashTexts(request.transform(text));
  } catch {
    return hashTexts(text);
  }
  request.cache.set(key, plain);
  return plain;
}

function resolveLocal(from: string, specifier: string): string | undefined {
  const base = join(dirname(from), specifier);
  const candidates = [...ENDINGS.map((ending) => base + ending), base.replace(/\.(m|c)?js$/, ".$1ts")];
  return candidates.find((path) => existsSync(path) && statSync(path).isFile());
}
