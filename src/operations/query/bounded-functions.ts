// Functions that make values of any size out of small ones, bounded for queries of the API: DuckDB cannot be interrupted while it makes a value, nor does
// its memory limit count it. Their names mean macros of the session that look at the size first.
//   F1. The macros are there while the query runs and no longer: sessions are used again, also by runs.
import { MillraceError } from "../../model/errors.ts";
import type { Session } from "../../sql/session.ts";
import { isNode, textOf, type TreeNode } from "../../sql/syntax/tree.ts";
import { literal } from "../../sql/text.ts";

/** Characters of a text, items of a list. */
const SIZE_MAX = 1_000_000;
/** Steps of a comparison of two texts. */
const STEPS_MAX = 100_000_000;
const TOO_LARGE = "a value is larger than a query of the API may make";

/** Per function its parameters, and how large what it makes is. */
const BOUNDED: Readonly<Record<string, readonly (readonly [parameters: string, size: string, most: number])[]>> = {
  repeat: [["s, n", "n::double * strlen(s::varchar)", SIZE_MAX]],
  lpad: [["s, n, with", "n::double", SIZE_MAX]],
  rpad: [["s, n, with", "n::double", SIZE_MAX]],
  replace: [["s, a, b", "strlen(s)::double * strlen(b) / greatest(strlen(a), 1)", 50 * SIZE_MAX]],
  range: rangesOf(),
  generate_series: rangesOf(),
  levenshtein: [["a, b", "strlen(a)::double * strlen(b)", STEPS_MAX]],
  editdist3: [["a, b", "strlen(a)::double * strlen(b)", STEPS_MAX]],
  damerau_levenshtein: [["a, b", "strlen(a)::double * strlen(b)", STEPS_MAX]],
};

/** Of numbers: a range of times has as many steps as its interval says. */
function rangesOf(): readonly (readonly [string, string, number])[] {
  const number = (name: string): string => `try_cast(${name}::varchar as double)`;
  return [
    ["n", number("n"), SIZE_MAX],
    ["a, b", `abs(${number("b")} - ${number("a")})`, SIZE_MAX],
    ["a, b, c", `abs((${number("b")} - ${number("a")}) / ${number("c")})`, SIZE_MAX],
  ];
}

const MAKE = Object.entries(BOUNDED)
  .map(([name, forms]) => {
    const bodies = forms.map(([parameters, size, most]) => {
      const own = parameters.split(", ").map((each) => `m_${each}`);
      const sized = parameters.split(", ").reduce((text, each) => text.replaceAll(new RegExp(`\\b${each}\\b`, "g"), `m_${each}`), size);
      return `(${own.join(", ")}) as case when ${sized} > ${most} then error(${literal(TOO_LARGE)}) else system.main.${name}(${own.join(", ")}) end`;
    });
    return `create or replace temp macro ${name}${bodies.join(", ")};`;
  })
  .join("\n");
const DROP = Object.keys(BOUNDED)
  .map((name) => `drop macro if exists temp.main.${name};`)
  .join("\n");

/** F1. @throws MR8185, and what `use` throws */
export async function withBoundedFunctions<Result>(session: Session, use: () => Promise<Result>): Promise<Result> {
  await session.run(MAKE);
  try {
    return await use();
  } catch (error) {
    throw error instanceof Error && error.message.includes(TOO_LARGE) ? tooLarge(error) : error;
  } finally {
    await session.run(DROP);
  }
}

/** The functions themselves, by their whole names. @throws MR8185 */
export function refuseUnbounded(statements: readonly TreeNode[]): void {
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(walk);
    if (!isNode(value)) return;
    const isQualified = textOf(value["schema"]) !== "" || textOf(value["catalog"]) !== "";
    if (value["class"] === "FUNCTION" && isQualified && Object.hasOwn(BOUNDED, textOf(value["function_name"]).toLowerCase()))
      throw tooLarge();
    for (const inner of Object.values(value)) walk(inner);
  };
  walk(statements);
}

function tooLarge(cause?: unknown): MillraceError {
  return new MillraceError({
    code: "MR8185",
    message: TOO_LARGE,
    hint: `texts and lists of up to ${SIZE_MAX.toLocaleString("en-US")} items; as rows there may be any number: from range(n)`,
    ...(cause === undefined ? {} : { cause }),
  });
}
