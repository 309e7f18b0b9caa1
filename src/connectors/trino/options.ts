// What a source or export says of Trino.
import * as z from "zod";
import { databaseOptions } from "../../databases/options.ts";

export const trinoOptions = z.strictObject({
  ...databaseOptions,
  /** http://host:8080 or https://…; user and password may stand in it. */
  url: z.string().min(1).optional(),
  user: z.string().optional(),
  password: z.string().optional(),
  catalog: z.string().optional(),
  schema: z.string().optional(),
});
export type TrinoOptions = z.infer<typeof trinoOptions>;
