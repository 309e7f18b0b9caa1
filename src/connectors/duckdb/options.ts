// What a source or export says of a file of DuckDB.
import * as z from "zod";
import { databaseOptions } from "../../databases/options.ts";

export const duckdbOptions = z.strictObject({
  ...databaseOptions,
  /** The file, relative to the project's folder. */
  path: z.string().min(1).optional(),
});
export type DuckdbOptions = z.infer<typeof duckdbOptions>;
