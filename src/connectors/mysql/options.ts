// What a source or export says of MySQL and MariaDB.
import * as z from "zod";
import { serverOptions } from "../../databases/options.ts";

export const mysqlOptions = z.strictObject({
  ...serverOptions,
  /** `true`, or the certificates; left out: no encryption. */
  ssl: z
    .union([
      z.literal(true),
      z.strictObject({
        ca: z.string().optional(),
        cert: z.string().optional(),
        key: z.string().optional(),
        rejectUnauthorized: z.boolean().optional(),
      }),
    ])
    .optional(),
});
export type MysqlOptions = z.infer<typeof mysqlOptions>;
