// A function that SQL may call and TypeScript carries out (`defineFunction`), as the project knows it.

export interface OwnFunction {
  readonly name: string;
  /** DuckDB's types. */
  readonly parameters: readonly string[];
  readonly returns: string;
  /** The module and its export. */
  readonly file: string;
  readonly exportName: string;
  /** Of the module with all that it imports from the project. */
  readonly codeHash: string;
}
