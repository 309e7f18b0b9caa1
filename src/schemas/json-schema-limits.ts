// Limits of values: does what a writer may write stay within what a reader takes?
import type { Obstacle } from "./compatibility.ts";
import { equalJson, numberOf, type Schema, TOGETHER } from "./json-schema-parts.ts";

export function together(r: Schema, w: Schema, path: string): readonly Obstacle[] {
  return TOGETHER.flatMap((keywords): Obstacle[] => {
    if (!keywords.some((keyword) => keyword in r)) return [];
    const hasReference = JSON.stringify(keywords.map((keyword) => r[keyword])).includes('"$ref"');
    if (!hasReference && keywords.every((keyword) => equalJson(r[keyword], w[keyword]))) return [];
    return [{ path, problem: `${keywords[0]} of the reader is not that of the writer` }];
  });
}

export function stringLimits(r: Schema, w: Schema, path: string): readonly Obstacle[] {
  const found = [...atLeast(r, w, "minLength", path, 0), ...atMost(r, w, "maxLength", path)];
  for (const keyword of ["pattern", "format"])
    if (keyword in r && r[keyword] !== w[keyword])
      found.push({ path, problem: `the reader wants the ${keyword} ${JSON.stringify(r[keyword])}` });
  return found;
}

export function numberLimits(r: Schema, w: Schema, type: "integer" | "number", path: string): readonly Obstacle[] {
  const found: Obstacle[] = [];
  const [low, high] = [bound(r, "min"), bound(r, "max")];
  const [writtenLow, writtenHigh] = [bound(w, "min"), bound(w, "max")];
  if (low !== null && (writtenLow === null || writtenLow.at < low.at || (writtenLow.at === low.at && low.open && !writtenLow.open)))
    found.push({ path, problem: `numbers below ${low.at} may be written` });
  if (high !== null && (writtenHigh === null || writtenHigh.at > high.at || (writtenHigh.at === high.at && high.open && !writtenHigh.open)))
    found.push({ path, problem: `numbers above ${high.at} may be written` });
  const step = numberOf(r["multipleOf"]);
  if (step !== undefined) {
    const written = numberOf(w["multipleOf"]) ?? (type === "integer" ? 1 : undefined);
    const isExact = Number.isSafeInteger(step) && written !== undefined && Number.isSafeInteger(written) && written % step === 0;
    if (written !== step && !isExact) found.push({ path, problem: `the reader wants multiples of ${step}` });
  }
  return found;
}

/** `exclusiveMinimum: true` beside `minimum` is how draft 4 said it. */
function bound(schema: Schema, side: "min" | "max"): { readonly at: number; readonly open: boolean } | null {
  const plain = numberOf(schema[`${side}imum`]);
  const exclusive = schema[side === "min" ? "exclusiveMinimum" : "exclusiveMaximum"];
  const open = numberOf(exclusive);
  if (open === undefined) return plain === undefined ? null : { at: plain, open: exclusive === true };
  if (plain === undefined) return { at: open, open: true };
  const isOpen = side === "min" ? open >= plain : open <= plain;
  return { at: isOpen ? open : plain, open: isOpen };
}

export function atLeast(r: Schema, w: Schema, keyword: string, path: string, otherwise: number): Obstacle[] {
  const wanted = numberOf(r[keyword]);
  if (wanted === undefined || Math.max(numberOf(w[keyword]) ?? 0, otherwise) >= wanted) return [];
  return [{ path, problem: `the reader wants ${keyword} ${wanted}` }];
}

export function atMost(r: Schema, w: Schema, keyword: string, path: string): Obstacle[] {
  const wanted = numberOf(r[keyword]);
  if (wanted === undefined || (numberOf(w[keyword]) ?? Infinity) <= wanted) return [];
  return [{ path, problem: `the reader wants ${keyword} ${wanted}` }];
}
