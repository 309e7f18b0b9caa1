// What `millrace review` answers.
import type { JsonValue } from "./json.ts";

export interface ReviewAnswer {
  readonly asset: string;
  /** Pairs that wait for a decision. */
  readonly total: number;
  readonly items: readonly { readonly left: string; readonly right: string; readonly score: number; readonly similarities: JsonValue }[];
  /** Cursor of the pairs behind these; null where they are the last. */
  readonly next: string | null;
}

export interface ReviewDecisionAnswer {
  readonly asset: string;
  readonly left: string;
  readonly right: string;
  readonly decision: "match" | "distinct";
  readonly by: string;
  readonly why: string | null;
  /** The file of the project that it was written to. */
  readonly file: string;
}
