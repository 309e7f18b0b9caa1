// What a source or export says of SQL Server.
import * as z from "zod";
import { serverOptions } from "../../databases/options.ts";

export const mssqlOptions = z.strictObject({
  ...serverOptions,
  /** Default true. */
  encrypt: z.boolean().optional(),
  /** For a certificate that nobody signed. */
  trustServerCertificate: z.boolean().optional(),
});
export type MssqlOptions = z.infer<typeof mssqlOptions>;
