// The records that were not taken as they stood, one JSON line each in a scratch file, until they become the rejected table.
import { closeSync, openSync } from "node:fs";
import type { RejectedColumns } from "../format.ts";
import { RULES, type Rule } from "./rules.ts";
import { writeFully } from "./patch.ts";

const RAW_CHARACTERS_MAX = 1 << 16;
const FLUSH_CHARACTERS = 1 << 20;

export interface Note {
  readonly kind: RejectedColumns["kind"];
  /** From 1. */
  readonly line: number;
  readonly lines: number;
  readonly rule: Rule;
  readonly raw: string;
}

export class Notes {
  private readonly path: string;
  /** Opened for the first note: nearly all files have none. */
  private file = -1;
  private text = "";

  constructor(path: string) {
    this.path = path;
  }

  /** Raw text beyond 65,536 characters is cut; NUL is shown as ␀, since SQL text cannot hold it. */
  add({ kind, line, lines, rule, raw }: Note): void {
    const shown = raw.slice(0, RAW_CHARACTERS_MAX).replaceAll("\0", "\u2400");
    const row: RejectedColumns = { kind, line, lines, rule, reason: RULES[rule], raw: shown };
    this.text += `${JSON.stringify(row)}\n`;
    if (this.text.length > FLUSH_CHARACTERS) this.flush();
  }

  close(): void {
    this.flush();
    if (this.file >= 0) closeSync(this.file);
  }

  private flush(): void {
    if (this.text === "") return;
    if (this.file < 0) this.file = openSync(this.path, "w");
    writeFully(this.file, Buffer.from(this.text));
    this.text = "";
  }
}
