// What `millrace add` answers.

export interface AddFormAnswer {
  readonly connector: string;
  readonly summary: string;
  /** Connections of millrace.yaml that it may use. */
  readonly connections: readonly string[];
  /** What a person must be asked when nothing was said. */
  readonly questions: readonly { readonly key: string; readonly description: string | null; readonly isSecret: boolean }[];
}

export interface AddAnswer {
  readonly connector: string;
  readonly connection: string | null;
  /** What the connector said when it was tried; null when it has no such test. */
  readonly tested: string | null;
  /** What could be loaded from there; null when the connector cannot list it. */
  readonly found:
    | readonly {
        readonly name: string;
        readonly rows: number | null;
        readonly columns: number | null;
        readonly primaryKey: readonly string[];
        readonly cursor: string | null;
      }[]
    | null;
  /** Sources that were written (with `dryRun`: would be). */
  readonly files: readonly { readonly file: string; readonly asset: string; readonly text: string }[];
  /** Names of secrets that were written to secrets.env. */
  readonly secrets: readonly string[];
  readonly dryRun: boolean;
}
