// Which columns two relations share, and as what their values can be compared.
import type { DiffAnswer } from "../../model/diff-answers.ts";
import { ident } from "../../sql/text.ts";

export interface RelationColumn {
  readonly name: string;
  readonly type: string;
}

/** A column of both sides. `before` and `after`: expressions over each side's own columns, of one type. */
export interface SharedColumn {
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

export interface SharedColumns {
  readonly shared: readonly SharedColumn[];
  readonly schema: DiffAnswer["schema"];
}

export function sharedColumns(before: readonly RelationColumn[], after: readonly RelationColumn[]): SharedColumns {
  const [old, now] = [byName(before), byName(after)];
  const both = after.filter(({ name }) => old.has(name.toLowerCase()));
  const shared = both.map((column) => {
    const was = old.get(column.name.toLowerCase())!;
    const type = was.type === column.type ? null : commonType(was.type, column.type);
    const as = (name: string): string => (type === null ? ident(name) : `cast(${ident(name)} as ${type})`);
    return { name: column.name, before: as(was.name), after: as(column.name) };
  });
  const order = before.flatMap(({ name }) => (now.has(name.toLowerCase()) ? [name.toLowerCase()] : []));
  return {
    shared,
    schema: {
      added: after.filter(({ name }) => !old.has(name.toLowerCase())),
      removed: before.filter(({ name }) => !now.has(name.toLowerCase())),
      retyped: both.flatMap(({ name, type }) => {
        const was = old.get(name.toLowerCase())!;
        return was.type === type ? [] : [{ name, before: was.type, after: type }];
      }),
      isReordered: order.some((name, index) => name !== both[index]!.name.toLowerCase()),
    },
  };
}

const INTEGER = /^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/;
const DECIMAL = /^DECIMAL\((\d+),(\d+)\)$/;
const FLOATING = /^(FLOAT|DOUBLE|REAL)$/;
const TIMES = /^(DATE|TIMESTAMP(_S|_MS|_NS)?)$/;
/** Digits of the largest integers that are compared as decimals. */
const INTEGER_DIGITS = 20;
const DECIMAL_DIGITS_MAX = 38;

/** A type that holds the values of both without loss, as far as there is one; else their text. */
function commonType(a: string, b: string): string {
  if (INTEGER.test(a) && INTEGER.test(b)) return "HUGEINT";
  const exact = [a, b].map((type) => (INTEGER.test(type) ? [INTEGER_DIGITS, 0] : digitsOf(type)));
  if (exact.every((each) => each !== null)) {
    const whole = Math.max(...exact.map(([digits, scale]) => digits! - scale!));
    const scale = Math.max(...exact.map((each) => each[1]!));
    return whole + scale <= DECIMAL_DIGITS_MAX ? `DECIMAL(${DECIMAL_DIGITS_MAX},${scale})` : "VARCHAR";
  }
  const isNumber = (type: string): boolean => INTEGER.test(type) || DECIMAL.test(type) || FLOATING.test(type);
  if (isNumber(a) && isNumber(b)) return "DOUBLE";
  return TIMES.test(a) && TIMES.test(b) ? "TIMESTAMP" : "VARCHAR";
}

function digitsOf(type: string): readonly number[] | null {
  const match = DECIMAL.exec(type);
  return match === null ? null : [Number(match[1]), Number(match[2])];
}

function byName(columns: readonly RelationColumn[]): ReadonlyMap<string, RelationColumn> {
  return new Map(columns.map((column) => [column.name.toLowerCase(), column]));
}
