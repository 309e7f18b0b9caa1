// Checks that a profile of the rows suggests: where to begin, not what is right. Pure.
import type { AssetProfileAnswer, ProfileColumn } from "../../../src/model/look-answers.ts";

/** Fewer rows say little. */
const ROWS_MIN = 20;
const VALUES_MAX = 6;
/** Distinct values are estimated: this near to the rows they may be as many. */
const KEY_SHARE = 0.9;
const INTEGER = /^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/;
const NUMBER = /^(DECIMAL|DOUBLE|FLOAT)/;

interface Suggestion {
  readonly line: string;
  readonly why: string;
}

/** Of the columns that are `wanted`. Counts of distinct values are estimates: what they say is checked before it is believed. */
export function suggestionsFor({ rows, sampled, columns }: AssetProfileAnswer, wanted: ReadonlySet<string>): readonly Suggestion[] {
  const open = columns.filter(({ name }) => wanted.has(name));
  const full = open.filter(({ nulls }) => nulls === 0).map(({ name }) => name);
  const of = sampled < rows ? `of the ${sampled.toLocaleString("en-US")} rows looked at` : `of ${rows.toLocaleString("en-US")} rows`;
  if (rows === 0) return [];
  return [
    ...(full.length === 0 ? [] : [{ line: `- notNull: [${full.map(plain).join(", ")}]`, why: `none ${of} lacks them` }]),
    ...(rows < ROWS_MIN ? [] : open.flatMap((column) => ofColumn(column, { rows: sampled, of }))),
  ];
}

function ofColumn(column: ProfileColumn, { rows, of }: { readonly rows: number; readonly of: string }): readonly Suggestion[] {
  const { name, type, min, max, distinct, nulls, frequent } = column;
  const word = plain(name);
  const isKey = nulls === 0 && distinct >= rows * KEY_SHARE && (INTEGER.test(type) || type === "VARCHAR" || type === "UUID");
  if (isKey) return [{ line: `- unique: ${word}`, why: `about as many values as rows (${of})` }];
  const known = frequent.reduce((sum, each) => sum + each.rows, 0);
  if (type === "VARCHAR" && distinct > 0 && distinct <= VALUES_MAX && frequent.length <= VALUES_MAX && known >= rows - nulls)
    return [
      {
        line: `- acceptedValues: { column: ${word}, values: [${frequent.map(({ value }) => JSON.stringify(value)).join(", ")}] }`,
        why: `only these ${frequent.length} values stand there`,
      },
    ];
  if ((INTEGER.test(type) || NUMBER.test(type)) && min !== null && Number(min) >= 0)
    return [{ line: `- range: { column: ${word}, min: 0 }`, why: `from ${min} to ${max ?? "?"}: never below 0` }];
  return [];
}

function plain(name: string): string {
  return /^[a-z_]\w*$/i.test(name) ? name : JSON.stringify(name);
}
