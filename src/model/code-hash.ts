// The code hash of a model says, besides whether it changed, whether only columns were added: `HASH`, or `HASH:REST:ITEM,ITEM!,…`.
// HASH is of everything; REST of everything but the outermost select list; an ITEM is of one of its columns, with `!` where adding it could change the rows.

export interface CodeParts {
  readonly whole: string;
  readonly rest: string;
  /** Empty where the list of columns decides which rows there are. */
  readonly items: readonly { readonly hash: string; readonly plain: boolean }[];
}

/** Digits kept of an item's hash: items are only compared with those of the version before. */
const ITEM_DIGITS = 10;

export function writeCodeHash({ whole, rest, items }: CodeParts): string {
  if (items.length === 0) return whole;
  return `${whole}:${rest}:${items.map(({ hash, plain }) => `${hash.slice(0, ITEM_DIGITS)}${plain ? "" : "!"}`).join(",")}`;
}

/** Does `next` have every column of `previous`, unchanged, over the same rows, and behind them only columns that cannot change the rows? */
export function isAdditive(previous: string, next: string): boolean {
  const [before, after] = [previous.split(":"), next.split(":")];
  if (before.length !== 3 || after.length !== 3 || before[1] !== after[1]) return false;
  const [old, now] = [before[2]!.split(","), after[2]!.split(",")];
  return now.length > old.length && now.every((item, index) => (index < old.length ? item === old[index] : !item.endsWith("!")));
}
