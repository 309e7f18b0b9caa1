// What `millrace diff` answers: how the rows of two versions of an asset differ.
import type { JsonValue } from "./json.ts";

export interface DiffSide {
  /** null: a version by its name, or one that is not published. */
  readonly environment: string | null;
  readonly version: string | null;
  readonly at: string | null;
  readonly rows: number;
}

export interface DiffAnswer {
  readonly asset: string;
  readonly before: DiffSide;
  readonly after: DiffSide;
  readonly isSame: boolean;
  /** How that was found out: the same version; equal hashes of all rows; row by row of a key; or rows counted as they are, where there is no key. */
  readonly by: "version" | "hash" | "key" | "rows";
  readonly key: readonly string[] | null;
  readonly schema: {
    readonly added: readonly { readonly name: string; readonly type: string }[];
    readonly removed: readonly { readonly name: string; readonly type: string }[];
    readonly retyped: readonly { readonly name: string; readonly before: string; readonly after: string }[];
    readonly isReordered: boolean;
  };
  /** Of columns that both have. `changed` and `same` are null without a key. */
  readonly rows: { readonly added: number; readonly removed: number; readonly changed: number | null; readonly same: number | null };
  /** Cells that differ, by column, most first; without a key empty. */
  readonly columns: readonly { readonly column: string; readonly changed: number }[];
  readonly samples: {
    readonly added: readonly Readonly<Record<string, JsonValue>>[];
    readonly removed: readonly Readonly<Record<string, JsonValue>>[];
    readonly changed: readonly {
      readonly key: Readonly<Record<string, JsonValue>>;
      readonly cells: readonly { readonly column: string; readonly before: JsonValue; readonly after: JsonValue }[];
    }[];
  };
  readonly notes: readonly string[];
}
