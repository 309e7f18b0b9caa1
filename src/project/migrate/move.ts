// What comes out of moving a project from another tool: files of Millrace, and a note for everything that could not be turned into one.
import { stringify } from "yaml";
import type { Files } from "../starter.ts";

/** Something that a person has to look at, where it stands in the project that was read. */
export interface MoveNote {
  /** Relative to the folder that was read. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
}

/** What YAML holds. */
export type Values = Readonly<Record<string, unknown>>;

/** The value at a path; undefined where there is none. */
export function dig(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inside, key) => (typeof inside === "object" && inside !== null ? (inside as Record<string | number, unknown>)[key] : undefined),
    value,
  );
}

/** The mapping at a path; empty where there is none. */
export function mapping(value: unknown, ...path: readonly string[]): Values {
  const found = dig(value, ...path);
  return typeof found === "object" && found !== null && !Array.isArray(found) ? (found as Values) : {};
}

/** The mappings of a list at a path. */
export function mappings(value: unknown, ...path: readonly string[]): readonly Values[] {
  const found = dig(value, ...path);
  return Array.isArray(found) ? found.filter((entry): entry is Values => typeof entry === "object" && entry !== null) : [];
}

/** A scalar as text. */
export function word(value: unknown): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

export interface Moved {
  readonly files: Files;
  readonly notes: readonly MoveNote[];
}

/** Gathers files and notes; a file that is written twice is told as a note and kept as it was first. */
export class Move {
  private readonly written = new Map<string, string>();
  private readonly told: MoveNote[] = [];

  add(path: string, text: string, from: Pick<MoveNote, "file" | "line">): void {
    if (this.written.has(path)) this.note(from, `${path} was made from another file already; this one is left out`);
    else this.written.set(path, text);
  }

  note({ file, line }: Pick<MoveNote, "file" | "line">, message: string): void {
    if (!this.told.some((note) => note.file === file && note.line === line && note.message === message))
      this.told.push({ file, line, message });
  }

  done(): Moved {
    const notes = this.told.toSorted((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
    return { files: Object.fromEntries(this.written), notes };
  }
}

/** YAML without what says nothing. */
export function yaml(value: Readonly<Record<string, unknown>>): string {
  return stringify(withoutEmpty(value), { lineWidth: 0, aliasDuplicateObjects: false });
}

/** A query with its front matter; none where there is nothing to say. */
export function queryFile(frontMatter: Readonly<Record<string, unknown>>, sql: string): string {
  const matter = withoutEmpty(frontMatter);
  // The end of a comment would end the front matter.
  const head = Object.keys(matter).length === 0 ? "" : `/*---\n${yaml(matter).replaceAll("*/", "* /")}---*/\n`;
  return `${head}${tidy(sql)}\n`;
}

/** Without the empty lines and the semicolon that templates leave. */
export function tidy(sql: string): string {
  return sql
    .replaceAll(/[ \t]+$/gm, "")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim()
    .replace(/(?:\s*;)+$/, "");
}

function withoutEmpty(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => !isEmpty(entry)));
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** Line of an offset, from 1. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, Math.max(0, offset)).split("\n").length;
}
