// Loads the user's TypeScript: millrace.config.ts and pipelines/*.ts. The loader itself is only imported when there is something to load.
//   M1. `import … from "millrace"` is this very package, one instance of it, from source and from the build.
//   M2. What a module throws while it is loaded is told at its place in the user's file.
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MillraceError, messageOf, type SourceLocation } from "../model/errors.ts";
import { placesIn } from "./document.ts";
import { readText } from "./text-file.ts";

export interface ModuleLoader {
  /** Exports of a module; `file` is relative to the project. Throws MR1060, MR1061, or a MillraceError of a define… function with its place. */
  readonly load: (file: string) => Promise<Readonly<Record<string, unknown>>>;
  /** The text without types, comments and layout. */
  readonly transform: (text: string) => string;
}

export interface LoaderOptions {
  /** `fresh` reads modules of the project again, also when this process has loaded them before. */
  readonly modules: "fresh" | "loaded";
}

/** A loader for the modules of the project in `dir`. */
export async function createLoader(dir: string, options: LoaderOptions): Promise<ModuleLoader> {
  const { createJiti } = await import("jiti");
  const entry = (await import(packageModule("index").href)) as Record<string, unknown>;
  const jiti = createJiti(join(dir, "millrace.config.ts"), {
    virtualModules: { millrace: entry },
    alias: {
      "millrace/client": fileURLToPath(packageModule("client")),
      "millrace/testing": fileURLToPath(packageModule("testing")),
      ...zodFor(dir),
    },
    fsCache: join(dir, ".millrace", "cache", "modules"),
    interopDefault: false,
  });
  if (options.modules === "fresh") {
    for (const path of Object.keys(jiti.cache))
      if (path.startsWith(join(dir, "/")) && !path.includes("/node_modules/")) delete jiti.cache[path];
  }
  return {
    async load(file) {
      const path = join(dir, file);
      try {
        return await jiti.import<Readonly<Record<string, unknown>>>(path);
      } catch (error) {
        throw moduleError(error, dir, file);
      }
    },
    transform: (text) => jiti.transform({ source: text, ts: true, async: true, retainLines: false, babel: { comments: false } }),
  };
}

/** A definition that a run needs: the export `exportName` of `file`. Throws as `ModuleLoader.load`, and MR1062 when it is not there. */
export async function loadDefinition(dir: string, file: string, exportName: string): Promise<unknown> {
  const loader = await createLoader(dir, { modules: "loaded" });
  const found = (await loader.load(file))[exportName];
  if (found !== undefined) return found;
  throw new MillraceError({
    code: "MR1062",
    message: `${file} has no export ${JSON.stringify(exportName)} any more`,
    location: { file, line: 1, column: 1 },
  });
}

/** Place of `export const NAME`, or of the line that names a key of it; the first line when neither is found. */
export function placeOfExport(file: string, text: string, exportName: string, key?: string): SourceLocation {
  const place = placesIn(file, text);
  const escaped = exportName.replaceAll(/[$\\]/g, String.raw`\$&`);
  const pattern =
    exportName === "default"
      ? /\bexport\s+default\b/
      : new RegExp(String.raw`\bexport\s+(?:const|let|var|async\s+function|function)\s+(${escaped})\b|\b(${escaped})\b`);
  const match = pattern.exec(text);
  if (match === null) return place(0);
  const name = match[1] ?? match[2];
  const start = name === undefined ? match.index : text.indexOf(name, match.index);
  const inner = key === undefined ? null : new RegExp(String.raw`\b${key}\b`).exec(text.slice(match.index));
  if (inner !== null) return place(match.index + inner.index, match.index + inner.index + inner[0].length);
  return place(start, start + (name ?? match[0]).length);
}

/** Options of checks and connectors are zod schemas: a project that has no zod of its own takes ours. */
function zodFor(dir: string): Readonly<Record<string, string>> {
  try {
    createRequire(join(dir, "package.json")).resolve("zod");
    return {};
  } catch {
    return { zod: createRequire(import.meta.url).resolve("zod") };
  }
}

/** src/NAME.ts in the source, dist/NAME.js in the build. */
function packageModule(name: string): URL {
  return new URL(import.meta.url.endsWith(".ts") ? `../${name}.ts` : `../${name}.js`, import.meta.url);
}

/** M2. */
function moduleError(error: unknown, dir: string, file: string): MillraceError {
  const message = messageOf(error);
  const parse = /^ParseError: ([\s\S]*?)\s*\n\s*(\S.*):(\d+):(\d+)\s*$/.exec(message);
  if (parse !== null) {
    const location = placeIn(dir, parse[2]!, Number(parse[3]), Number(parse[4]) + 1) ?? { file, line: 1, column: 1 };
    return new MillraceError({ code: "MR1060", message: parse[1]!.trim(), location, cause: error });
  }
  const location = placeOfThrow(error, dir) ?? { file, line: 1, column: 1 };
  if (error instanceof MillraceError) {
    const { code, hint, cause } = error;
    return new MillraceError({
      code,
      message,
      location: error.location ?? location,
      ...(hint === undefined ? {} : { hint }),
      ...(cause === undefined ? {} : { cause }),
    });
  }
  const missing = /Cannot find (?:module|package) '([^']*)'/.exec(message)?.[1];
  const words =
    missing === undefined
      ? `${file} threw while it was loaded: ${message.split("\n")[0]}`
      : `${file} imports ${JSON.stringify(missing)}, which is not there`;
  return new MillraceError({ code: "MR1061", message: words, location, cause: error });
}

/** The innermost line of the stack that lies in the project's own files. */
function placeOfThrow(error: unknown, dir: string): SourceLocation | undefined {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  for (const match of stack.matchAll(/(?:\(|at (?:async )?)(?:file:\/\/)?(\/[^():\n]+|[A-Za-z]:[^():\n]+):(\d+):(\d+)/g)) {
    const path = match[1]!;
    if (path.startsWith(join(dir, "/")) && !path.includes("/node_modules/")) return wholeLine(placeIn(dir, path, Number(match[2]), 1));
  }
  return undefined;
}

/** Lines survive the transform that runs the module, columns do not. */
function wholeLine(place: SourceLocation | undefined): SourceLocation | undefined {
  const line = place?.text?.split(/\r\n|\n/)[place.line - 1];
  if (place === undefined || line === undefined || line.trim() === "") return place;
  return { ...place, column: line.length - line.trimStart().length + 1, length: line.trim().length };
}

function placeIn(dir: string, path: string, line: number, column: number): SourceLocation | undefined {
  if (!path.startsWith(join(dir, "/"))) return undefined;
  const file = path.slice(dir.length + 1).replaceAll("\\", "/");
  try {
    return { file, line, column, text: readText(path, file) };
  } catch {
    return { file, line, column };
  }
}
