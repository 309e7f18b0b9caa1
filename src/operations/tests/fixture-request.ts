// What makes a table of a test: the columns that the project knows, the rows that the test gives; and what is to be done for it.
import type { MillraceError } from "../../model/errors.ts";
import type { CompiledColumn } from "../../sql/compile/types.ts";
import type { Session } from "../../sql/session.ts";
import type { RowSet } from "./rows.ts";

export interface FixtureRequest {
  /** Name of the asset, for messages. */
  readonly asset: string;
  /** Quoted. */
  readonly table: string;
  readonly rows: RowSet;
  /** Undefined: nothing is known, and the rows tell. */
  readonly columns: readonly CompiledColumn[] | undefined;
  /** Types of columns that are declared although not all columns are known, by lower-case name. */
  readonly declared: ReadonlyMap<string, string>;
}

/** Statements that make and fill a table, and what is wrong with its values when DuckDB refuses them. */
export interface TablePlan {
  readonly statements: string;
  explain(this: void, session: Session): Promise<MillraceError | undefined>;
}
