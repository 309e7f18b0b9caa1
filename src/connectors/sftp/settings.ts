// What says where an SFTP server is, who asks, and how we know that it is the right one.
import * as z from "zod";
import { duration } from "../../model/duration.ts";

export const sftpSettings = z.object({
  host: z.string().min(1).describe("name or address of the server"),
  port: z.int().min(1).max(65_535).optional().describe("default 22"),
  user: z.string().min(1).describe("who logs in"),
  password: z.string().optional().describe("a secret"),
  privateKey: z.string().optional().describe("the private key itself, from a secret"),
  privateKeyFile: z.string().optional().describe("path of the private key, from the project's folder"),
  passphrase: z.string().optional().describe("of the private key; a secret"),
  hostKey: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe("fingerprint of the server's key (SHA256:…), or several; `any` trusts whoever answers"),
  root: z.string().optional().describe("folder that paths begin in; default: where the login leads to"),
  timeout: duration.optional().describe("for connecting, and for a server that says nothing; default 30s"),
});
export type SftpSettings = z.infer<typeof sftpSettings>;
