// What says where an FTP server is, who asks, and whether the line is encrypted.
import * as z from "zod";
import { duration } from "../../model/duration.ts";

export const ftpSettings = z.object({
  host: z.string().min(1).describe("name or address of the server"),
  port: z.int().min(1).max(65_535).optional().describe("default 21; 990 for `tls: implicit`"),
  user: z.string().optional().describe("default: anonymous"),
  password: z.string().optional().describe("a secret"),
  tls: z
    .enum(["require", "implicit", "none"])
    .optional()
    .describe("require (default): FTPS, the password is never said in the open; implicit: encrypted from the first byte; none: plain FTP"),
  ca: z.string().optional().describe("PEM of the certificate to trust, for a server that made its own"),
  root: z.string().optional().describe("folder that paths begin in; default: where the login leads to"),
  timeout: duration.optional().describe("for connecting, and for a server that says nothing; default 30s"),
});
export type FtpSettings = z.infer<typeof ftpSettings>;
