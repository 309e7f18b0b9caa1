// What `millrace contract` answers.
import type { JsonValue } from "./json.ts";

export interface ContractExportAnswer {
  readonly asset: string;
  readonly format: string;
  readonly document: JsonValue;
  readonly text: string;
  /** What the format cannot say. */
  readonly lost: readonly string[];
  readonly file: string | null;
}

export interface ContractImportAnswer {
  readonly asset: string;
  readonly file: string;
  readonly text: string;
  /** What a source cannot say. */
  readonly lost: readonly string[];
}

export interface ContractCheckAnswer {
  readonly mode: string;
  readonly kind: string;
  readonly compatible: boolean;
  readonly problems: readonly {
    readonly direction: "backward" | "forward";
    /** Which of the earlier ones, from 0, oldest first. */
    readonly against: number;
    readonly path: string;
    readonly problem: string;
  }[];
}
