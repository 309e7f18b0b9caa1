// What stands under `postgres:` in a source or export.
import * as z from "zod";
import { serverOptions } from "../../databases/options.ts";
import { duration } from "../../model/duration.ts";

const names = z.union([z.string(), z.array(z.string()).min(1)]);

export const postgresOptions = z.strictObject({
  ...serverOptions,
  ssl: z.enum(["disable", "require", "verify"]).optional().describe("verify checks the server's certificate; default: as the url says"),
  /** Only these columns of the table. */
  columns: names.optional(),
  where: z.string().min(1).optional().describe("only rows of the table that meet this condition, in the server's words"),
  silence: duration.optional().describe("so long nothing may arrive before the server is asked whether it still works on it; default 30s"),
  /** Of an export's table. */
  comment: z.string().optional(),
  comments: z.record(z.string(), z.string()).optional().describe("comments of the table's columns"),
  lockTimeout: duration.optional().describe("how long an export waits for others who hold the table; default 60s"),
});
export type PostgresOptions = z.infer<typeof postgresOptions>;
