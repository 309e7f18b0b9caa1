// Answers as an agent reads them: short lines, never longer than an agent can take.

/** About 12,000 tokens. */
export const ANSWER_BYTES_MAX = 48_000;

/** Lines that are there; what is not given is left out. */
export function lines(...given: readonly (string | null | undefined | readonly string[])[]): string {
  return given
    .flat()
    .filter((line): line is string => typeof line === "string" && line !== "")
    .join("\n");
}

/** The first of many, and how many more there are. */
export function firstOf<Value>(values: readonly Value[], most: number, write: (value: Value) => string, more: string): readonly string[] {
  const shown = values.slice(0, most).map(write);
  return values.length > most ? [...shown, `… ${values.length - most} more ${more}`] : shown;
}

/** Cut where it is too long, at a line. */
export function capped(text: string): string {
  if (Buffer.byteLength(text) <= ANSWER_BYTES_MAX) return text;
  const cut = Buffer.from(text).subarray(0, ANSWER_BYTES_MAX).toString("utf8");
  return `${cut.slice(0, Math.max(cut.lastIndexOf("\n"), ANSWER_BYTES_MAX / 2))}\n… cut: the answer is longer than ${ANSWER_BYTES_MAX} bytes; ask for less`;
}

export function plural(many: number, one: string): string {
  return `${many} ${one}${many === 1 ? "" : "s"}`;
}

/** A cell of a table in text: one line, never a control character. */
export function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const clean = text.replaceAll(/[\p{Cc}|]/gu, " ");
  return clean.length > 200 ? `${clean.slice(0, 199)}…` : clean;
}

export function table(columns: readonly string[], rows: readonly (readonly unknown[])[]): string {
  return [columns.map(cell).join(" | "), ...rows.map((row) => row.map(cell).join(" | "))].join("\n");
}
