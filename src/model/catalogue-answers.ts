// Answers of what is made of a project for its readers: types of rows, the catalogue.
export interface TypesAnswer {
  /** Absolute; null where the text was asked for alone. */
  readonly file: string | null;
  readonly assets: number;
  /** Assets whose columns are not known yet: their rows are `Row`. */
  readonly unknown: readonly string[];
  /** The file was not as it should be: it was written, or with `check` it is to be. */
  readonly changed: boolean;
  /** Names of the assets whose types differ from those in the file. */
  readonly differs: readonly string[];
  readonly text: string;
}

export interface CatalogueAnswer {
  /** Absolute. */
  readonly dir: string;
  readonly assets: number;
  readonly columns: number;
  readonly files: number;
  readonly bytes: number;
  /** The page that is opened. */
  readonly page: string;
}
