// What is answered of a project's connections: never a value that may be a secret, only its name.
import type { ErrorRecord } from "./errors.ts";

export interface ConnectionAnswer {
  readonly connection: string;
  readonly connector: string;
  /** As they are written, dotted where they are nested; a literal that sounds like a secret is `***`. */
  readonly settings: readonly { readonly key: string; readonly value: string }[];
  /** Names of secrets and variables that it needs, and whether they are there. */
  readonly needs: readonly { readonly kind: "secret" | "env"; readonly name: string; readonly isThere: boolean }[];
  /** Assets, exports and tasks that name it. */
  readonly usedBy: readonly string[];
  /** Whether it can be tried by itself. */
  readonly canBeTested: boolean;
}

export interface ConnectionsAnswer {
  readonly connections: readonly ConnectionAnswer[];
  /** Connectors there are, for `millrace add`. */
  readonly connectors: readonly {
    readonly connector: string;
    readonly summary: string;
    readonly reads: boolean;
    readonly writes: boolean;
  }[];
}

export interface ConnectionTestAnswer {
  readonly connection: string;
  readonly connector: string;
  readonly status: "reached" | "failed";
  /** What the other side said of itself. */
  readonly detail: string | null;
  readonly seconds: number;
  readonly error: ErrorRecord | null;
}
