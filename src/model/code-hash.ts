// The code hash of a model says, besides whether it changed, whether only columns were added: `HASH`, or `HASH:REST:ITEM,ITEM!,…`.
// HASH is of everything; REST of everything but the outermost select list; an ITEM is of one of its columns, with `!` where adding it could change the rows.
// Where the meaning of the SQL is known, these three are of it (its fingerprint), and two more follow: `:TEXT:KEPT`. TEXT is what HASH would be without
// it, of the syntax tree; KEPT is of the settings that change what rows and values are kept.

export interface CodeParts {
  readonly whole: string;
  readonly rest: string;
  /** Empty where the list of columns decides which rows there are. */
  readonly items: readonly { readonly hash: string; readonly plain: boolean }[];
  /** Where the three are of the meaning: the hash of the text, and that of the settings that decide what is kept. */
  readonly meaning?: { readonly text: string; readonly kept: string };
}

/** Digits kept of an item's hash: items are only compared with those of the version before. */
const ITEM_DIGITS = 10;
const PARTS_WITH_MEANING = 5;

export function writeCodeHash({ whole, rest, items, meaning }: CodeParts): string {
  if (items.length === 0 && meaning === undefined) return whole;
  const list = items.map(({ hash, plain }) => `${hash.slice(0, ITEM_DIGITS)}${plain ? "" : "!"}`).join(",");
  return [whole, rest, list, ...(meaning === undefined ? [] : [meaning.text, meaning.kept])].join(":");
}

/** Does `next` have every column of `previous`, unchanged, over the same rows, and behind them only columns that cannot change the rows? */
export function isAdditive(previous: string, next: string): boolean {
  const [before, after] = [previous.split(":"), next.split(":")];
  if (before.length < 3 || after.length !== before.length || before[1] !== after[1]) return false;
  const [old, now] = [before[2]!.split(","), after[2]!.split(",")];
  return now.length > old.length && now.every((item, index) => (index < old.length ? item === old[index] : !item.endsWith("!")));
}

/** Would both build the same of the same inputs? Where both know what the SQL means that decides, else its text. */
export function isSameCode(previous: string, next: string): boolean {
  if (previous === next) return true;
  return hasMeaning(previous) && hasMeaning(next) ? head(previous) === head(next) : textOfCode(previous) === textOfCode(next);
}

export function hasMeaning(codeHash: string): boolean {
  return codeHash.split(":").length === PARTS_WITH_MEANING;
}

/** The hash of the text and the settings, whatever is known of its meaning. */
export function textOfCode(codeHash: string): string {
  return hasMeaning(codeHash) ? codeHash.split(":")[3]! : head(codeHash);
}

/** The hash of the settings that decide what is kept of the query's result; null where the meaning is not known. */
export function keptOfCode(codeHash: string): string | null {
  return hasMeaning(codeHash) ? codeHash.split(":")[4]! : null;
}

function head(codeHash: string): string {
  return codeHash.split(":")[0]!;
}
