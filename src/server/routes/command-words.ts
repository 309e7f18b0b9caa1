// Words of the command line that say the same as a route's input.

/** `--why "wrong file"`; nothing where it is not given. */
export function option(name: string, value: string | number | undefined): readonly string[] {
  return value === undefined ? [] : [`--${name}`, String(value)];
}

/** `--dry-run`, where it is so. */
export function on(name: string, isSo: boolean | undefined): readonly string[] {
  return isSo === true ? [`--${name}`] : [];
}

/** An argument that may be left out. */
export function maybe(word: string | undefined): readonly string[] {
  return word === undefined ? [] : [word];
}

/** `--param region=north`, one for each. */
export function pairs(name: string, record: Readonly<Record<string, string>> = {}, between = "="): readonly string[] {
  return Object.entries(record).flatMap(([key, value]) => [`--${name}`, `${key}${between}${value}`]);
}

/** Intervals or partitions that are made again. */
export function restateWords(
  given: { readonly asset: string; readonly from: string; readonly to?: string } | undefined,
): readonly string[] {
  return given === undefined ? [] : ["--restate", given.asset, "--from", given.from, ...option("to", given.to)];
}
