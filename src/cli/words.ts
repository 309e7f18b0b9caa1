// Numbers, times and lists in words for people.

/** `1,234,567`, for whole numbers. The first use of Intl costs a process 10 ms; a pattern costs none. */
export function count(n: number): string {
  return String(n).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}

/** `1 row`, `2 rows`. */
export function plural(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? "" : "s"}`;
}

/** Digits of a commit that people know it by. */
const COMMIT_DIGITS = 8;

export function shortCommit(commit: string): string {
  return commit.slice(0, COMMIT_DIGITS);
}

export function seconds(value: number): string {
  if (value < 10) return `${value.toFixed(value < 1 ? 2 : 1)}s`;
  if (value < 90) return `${Math.round(value)}s`;
  const minutes = Math.floor(value / 60);
  return minutes < 90
    ? `${minutes}m${String(Math.round(value % 60)).padStart(2, "0")}s`
    : `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, "0")}m`;
}

/** `0:07`, `12:30`: elapsed time in a live line. */
export function stopwatch(totalSeconds: number): string {
  return `${Math.floor(totalSeconds / 60)}:${String(Math.floor(totalSeconds % 60)).padStart(2, "0")}`;
}

/** A command as it is typed into a shell; what was not given is left out. */
export function commandLine(words: readonly (string | undefined)[]): string {
  const given = words.filter((word) => word !== undefined);
  return given.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`)).join(" ");
}

/** `--name value` of every option that was given. */
export function optionWords(options: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
}
