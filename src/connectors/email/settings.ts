// What says which mailbox is read, and which of its messages.
import * as z from "zod";
import { duration } from "../../model/duration.ts";

export const emailSettings = z.object({
  host: z.string().min(1).describe("the IMAP server"),
  port: z.int().min(1).max(65_535).optional().describe("default 993; 143 for `tls: starttls` and `tls: none`"),
  user: z.string().min(1).describe("who logs in"),
  password: z.string().optional().describe("a secret"),
  accessToken: z.string().optional().describe("OAuth2 in place of the password; a secret"),
  tls: z.enum(["implicit", "starttls", "none"]).optional().describe("default: implicit, encrypted from the first byte"),
  ca: z.string().optional().describe("PEM of the certificate to trust, for a server that made its own"),
  folder: z
    .union([z.string(), z.array(z.string()).min(1)])
    .optional()
    .describe("default INBOX"),
  from: z.string().optional().describe("only messages whose sender holds this"),
  to: z.string().optional().describe("only messages to somebody whose address holds this"),
  subject: z.string().optional().describe("only messages whose subject holds this"),
  since: z.string().optional().describe("only messages that arrived on this day (2026-01-31) or later, or within so long (30d)"),
  timeout: duration.optional().describe("for connecting, and for a server that says nothing; default 30s"),
});
export type EmailSettings = z.infer<typeof emailSettings>;
