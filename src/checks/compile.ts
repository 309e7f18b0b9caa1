// From what users write under `checks:` to checks that can run. All errors of all entries are told in one go, each at its place.
//   C1. An entry has one key that names a kind; the common keys stand beside it or among its options, never in both places.
//   C2. A key that nobody knows is an error with "did you mean".
//   C3. Names are unique in an asset: a name that was given twice is an error, one that we made is numbered.
import * as z from "zod";
import type { CheckKind, CompiledCheck } from "../load/check.ts";
import { checkCommon, type CheckEntry } from "../model/definitions/check.ts";
import { messageOf, MillraceError, type SourceLocation } from "../model/errors.ts";
import type { CheckFile } from "../model/graph.ts";
import { didYouMean } from "../model/suggest.ts";
import { checks as builtIn, type CheckRegistry } from "./index.ts";

type Path = readonly (string | number)[];

/** Where entries come from: `place` finds a path below `checks:` in the user's file, such as `[0, "range", "min"]`. */
export interface CheckOrigin {
  readonly asset: string;
  readonly file: string;
  place?(path: Path): SourceLocation | undefined;
}

export interface CompiledChecks {
  readonly checks: readonly CompiledCheck[];
  readonly errors: readonly MillraceError[];
}

const common = z.strictObject(checkCommon);
type Common = z.infer<typeof common>;
const commonKeys = Object.keys(checkCommon);

/** Compiles the entries of one asset. Never throws: what is wrong is in `errors`. */
export function compileChecks(entries: readonly CheckEntry[], origin: CheckOrigin, registry: CheckRegistry = builtIn): CompiledChecks {
  const errors: MillraceError[] = [];
  const compiled: CompiledCheck[] = [];
  for (const [index, entry] of entries.entries()) {
    const report = (code: "MR4502" | "MR4503" | "MR4506", path: Path, message: string, hint?: string): void => {
      errors.push(failure(code, message, origin, [index, ...path], hint));
    };
    const check = compileEntry(entry, registry, origin, index, report);
    if (check !== undefined) compiled.push(check);
  }
  return { checks: withUniqueNames(compiled, origin, errors), errors };
}

/** A check in a file of its own: its SQL returns the failing rows of the asset that it is `on`. */
export function compileCheckFile(file: CheckFile, registry: CheckRegistry = builtIn): CompiledChecks {
  const { on: _on, description: _description, ...settings } = file.entry;
  const place = (): SourceLocation => ({ file: file.file, line: 1, column: 1, text: file.text });
  const entry = { query: { sql: file.sql }, ...settings, name: settings["name"] ?? file.name };
  return compileChecks([entry], { asset: file.on, file: file.file, place }, registry);
}

type Report = (code: "MR4502" | "MR4503" | "MR4506", path: Path, message: string, hint?: string) => void;

function compileEntry(
  entry: CheckEntry,
  registry: CheckRegistry,
  origin: CheckOrigin,
  index: number,
  report: Report,
): CompiledCheck | undefined {
  const kind = kindOf(entry, registry, report);
  if (kind === undefined) return undefined;
  const parts = separate(entry, kind, report);
  if (parts === undefined) return undefined;
  const settings = parse(common, parts.settings, report, parts.pathOf, "a check");
  const options = parse(kind.options, parts.options, report, (path) => [kind.name, ...path], kind.name);
  if (settings === undefined || options === undefined) return undefined;
  const tolerate = readTolerate(settings.tolerate);
  if (tolerate === undefined) {
    const given = JSON.stringify(settings.tolerate);
    report("MR4503", parts.pathOf(["tolerate"]), `tolerate: ${given} is neither a number of rows nor a share`, "write 3 or 0.5%");
    return undefined;
  }
  const tested = testOf(kind, options, report);
  if (tested === undefined) return undefined;
  const { test, columns, needs, label } = tested;
  const severity = settings.severity ?? "error";
  const onFail = settings.onFail ?? (severity === "warn" ? "warn" : "stop");
  if (onFail === "quarantine" && test.kind !== "row" && test.kind !== "duplicates") {
    report("MR4506", parts.pathOf(["onFail"]), `${kind.name} names no rows of ${origin.asset} that could be set aside`, "use stop or warn");
    return undefined;
  }
  const name = settings.name ?? label;
  const location = origin.place?.([index]) ?? null;
  return { name, kind: kind.name, severity, onFail, where: settings.where ?? null, tolerate, test, columns, needs: needs ?? [], location };
}

/** A kind from pipelines/ is code of the user's own; what it throws is told at the check that used it. */
function testOf(kind: CheckKind, options: unknown, report: Report): ReturnType<CheckKind["test"]> | undefined {
  try {
    return kind.test(options);
  } catch (error) {
    report("MR4503", [kind.name], `the check ${kind.name} fails on these options: ${messageOf(error)}`, "its code stands in pipelines/");
    return undefined;
  }
}

/** C1, C2: the one key that names a kind. */
function kindOf(entry: CheckEntry, registry: CheckRegistry, report: Report): CheckKind | undefined {
  const named = Object.keys(entry).filter((key) => !commonKeys.includes(key));
  const known = named.filter((key) => Object.hasOwn(registry, key));
  const unknown = named.find((key) => !Object.hasOwn(registry, key));
  const [kind] = known;
  if (unknown !== undefined) {
    const candidates = known.length === 0 ? Object.keys(registry) : commonKeys;
    const what = known.length === 0 ? "is no kind of check" : "is no key of a check";
    report("MR4502", [unknown], `"${unknown}" ${what}`, didYouMean(unknown, candidates) ?? `there are ${candidates.join(", ")}`);
    return undefined;
  }
  if (kind === undefined) report("MR4502", [], "this check has no kind", `there are ${Object.keys(registry).join(", ")}`);
  else if (known.length > 1)
    report("MR4502", [known[1]!], `one entry is one check; this has ${known.join(" and ")}`, "make it two entries");
  else return registry[kind];
  return undefined;
}

interface Parts {
  readonly options: unknown;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Where a common key stands: beside the kind or among its options. */
  readonly pathOf: (path: Path) => Path;
}

/** C1: the common keys, wherever they stand, apart from the kind's own. A key that the kind itself has belongs to the kind. */
function separate(entry: CheckEntry, kind: CheckKind, report: Report): Parts | undefined {
  const given = entry[kind.name];
  const beside = Object.fromEntries(Object.entries(entry).filter(([key]) => key !== kind.name));
  const isLong = typeof given === "object" && given !== null && !Array.isArray(given);
  if (!isLong) {
    const options = kind.short === undefined ? given : { [kind.short]: given };
    return { options, settings: beside, pathOf: (path) => path };
  }
  const own = keysOf(kind.options);
  const inside = Object.entries(given).filter(([key]) => commonKeys.includes(key) && !own.includes(key));
  const twice = inside.find(([key]) => Object.hasOwn(beside, key));
  if (twice !== undefined) {
    report("MR4503", [kind.name, twice[0]], `${twice[0]} is given twice: beside ${kind.name} and inside it`);
    return undefined;
  }
  const moved = new Set(inside.map(([key]) => key));
  return {
    options: Object.fromEntries(Object.entries(given).filter(([key]) => !moved.has(key))),
    settings: { ...beside, ...Object.fromEntries(inside) },
    pathOf: (path) => (moved.has(String(path[0])) ? [kind.name, ...path] : path),
  };
}

function parse<Value>(
  schema: z.ZodType<Value>,
  input: unknown,
  report: Report,
  pathOf: (path: Path) => Path,
  what: string,
): Value | undefined {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const keys = keysOf(schema);
  for (const issue of parsed.error.issues) {
    const path = issue.path.filter((part) => typeof part !== "symbol");
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) {
        const others = [...keys, ...commonKeys];
        report(
          "MR4503",
          pathOf([...path, key]),
          `"${key}" is no option of ${what}`,
          didYouMean(key, others) ?? `there are ${others.join(", ")}`,
        );
      }
    } else {
      const where = path.length === 0 ? "" : `${path.join(".")} `;
      report("MR4503", pathOf(path), `${what}: ${where}${issue.message}`);
    }
  }
  return undefined;
}

/** The keys of an object's schema, also of one that another copy of zod made. */
function keysOf(schema: z.ZodType): readonly string[] {
  const { shape } = schema as { readonly shape?: unknown };
  return typeof shape === "object" && shape !== null ? Object.keys(shape) : [];
}

/** `3` rows, `0.5%`; undefined when it is neither. */
function readTolerate(given: Common["tolerate"]): CompiledCheck["tolerate"] | undefined {
  if (given === undefined) return { rows: 0 };
  const text = String(given).trim();
  const share = /^(\d+(?:\.\d+)?)\s*%$/.exec(text);
  if (share !== null) return Number(share[1]) <= 100 ? { share: Number(share[1]) / 100 } : undefined;
  return /^\d+$/.test(text) ? { rows: Number(text) } : undefined;
}

/** C3. */
function withUniqueNames(compiled: readonly CompiledCheck[], origin: CheckOrigin, errors: MillraceError[]): readonly CompiledCheck[] {
  const taken = new Map<string, number>();
  return compiled.map((check) => {
    const before = taken.get(check.name) ?? 0;
    taken.set(check.name, before + 1);
    if (before === 0) return check;
    if (!check.name.startsWith(check.kind)) {
      errors.push(failure("MR4507", `two checks of ${origin.asset} are named "${check.name}"`, origin, [], "give one another name", check));
    }
    return { ...check, name: `${check.name} #${before + 1}` };
  });
}

function failure(
  code: "MR4502" | "MR4503" | "MR4506" | "MR4507",
  message: string,
  origin: CheckOrigin,
  path: Path,
  hint: string | undefined,
  check?: CompiledCheck,
): MillraceError {
  const location = check?.location ?? origin.place?.(path) ?? { file: origin.file, line: 1, column: 1 };
  return new MillraceError({ code, message: `${origin.asset}: ${message}`, location, ...(hint === undefined ? {} : { hint }) });
}
