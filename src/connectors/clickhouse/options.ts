// What a source or export says of ClickHouse.
import * as z from "zod";
import { databaseOptions } from "../../databases/options.ts";

export const clickhouseOptions = z.strictObject({
  ...databaseOptions,
  /** http://host:8123 or https://…; user, password and database may stand in it. */
  url: z.string().min(1).optional(),
  user: z.string().optional(),
  password: z.string().optional(),
  database: z.string().optional(),
  /** Settings of the server for every statement. */
  settings: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  /** Behind ORDER BY of a table that Millrace makes; default: its primary key. */
  orderBy: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
});
export type ClickhouseOptions = z.infer<typeof clickhouseOptions>;
