// What the project is, and how its files stand: the JSON of `project.show` and of the live topic `project`.
import type { ErrorRecord } from "./errors.ts";

/** The lines of a file around an error, without secrets, as the terminal draws them. */
export interface SourceFrame {
  readonly lines: readonly { readonly number: number; readonly text: string }[];
  /** Where the marks begin in the last line, from 1, and how many there are. */
  readonly column: number;
  readonly length: number;
}

export interface FramedError extends ErrorRecord {
  readonly frame: SourceFrame | null;
}

/** What a saved file did. */
export interface ProjectCheckAnswer {
  readonly at: string;
  /** Files that were saved; empty: it was looked at when the engine started. */
  readonly files: readonly string[];
  readonly seconds: number;
  readonly errors: readonly FramedError[];
  /** Assets whose definition is another than what readers see. */
  readonly changes: readonly { readonly asset: string; readonly change: string; readonly reason: string; readonly isDirect: boolean }[];
  /** Assets that a run would build. */
  readonly stale: readonly string[];
  /** What the rows of an asset would become, as far as that is known without a run. */
  readonly previews: readonly {
    readonly asset: string;
    readonly rows: { readonly before: number; readonly after: number };
    readonly added: number;
    readonly removed: number;
    readonly changed: number | null;
  }[];
}

export interface ProjectAnswer {
  readonly project: string;
  readonly description: string | null;
  readonly millrace: string;
  readonly dir: string;
  readonly environment: string;
  readonly branch: string | null;
  readonly timezone: string;
  readonly counts: { readonly assets: number; readonly jobs: number; readonly checks: number; readonly tests: number };
  /** What is wrong with its files now. */
  readonly errors: readonly FramedError[];
  readonly warnings: readonly FramedError[];
  /** Under `millrace dev`: how the last look at its files went; null: nobody watches. */
  readonly watched: ProjectCheckAnswer | null;
}
