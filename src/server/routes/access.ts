// Tokens, the audit log, and the session of the page.
import { z } from "zod";
import { type PageLinkAnswer, SCOPES, type SessionAnswer } from "../../model/access.ts";
import { MillraceError } from "../../model/errors.ts";
import { act, given, read, whole } from "../route.ts";
import { option } from "./command-words.ts";

const LIMIT_MAX = 1_000;
const LIMIT_DEFAULT = 50;

/** The session of whoever asks is no operation of the project: `session.ts` answers before the route does. */
function answeredBefore<Answer>(): Promise<Answer> {
  throw new MillraceError({ code: "MR9001", message: "assertion: sessions are answered before their routes" });
}

export const accessRoutes = [
  read({
    id: "tokens.list",
    summary: "Tokens of the API, without what is secret",
    scope: "admin",
    input: z.object({}),
    cli: () => ["token", "list"],
    run: (app) => app.tokenList(),
  }),
  act({
    id: "tokens.create",
    summary: "A token for the API; the answer is the only one that holds it",
    scope: "admin",
    input: z.object({
      name: z.string().describe("stands in the audit log"),
      scope: z.enum(SCOPES),
      expires: z.string().exactOptional().describe("how long it lasts: 12h, 90d (the default)"),
    }),
    cli: (input) => ["token", "create", input.name, "--scope", input.scope, ...option("expires", input.expires)],
    run: (app, input) => app.tokenCreate(input),
  }),
  act({
    id: "tokens.revoke",
    summary: "Takes a token back; what it opened ends",
    scope: "admin",
    input: z.object({ token: z.string().describe("its id or its name") }),
    cli: ({ token }) => ["token", "revoke", token],
    run: (app, { token }) => app.tokenRevoke(token),
  }),
  read({
    id: "audit.list",
    summary: "Acts with who, what, before, after and why, newest first",
    scope: "read",
    input: z.object({
      limit: whole.min(1).max(LIMIT_MAX).default(LIMIT_DEFAULT),
      cursor: z.string().exactOptional().describe("`next` of the answer before"),
      by: z.string().exactOptional(),
      act: z.string().exactOptional().describe("runs.cancel, or runs for all of them"),
      subject: z.string().exactOptional().describe("what it was done to"),
      since: whole.exactOptional().describe("milliseconds since 1970"),
    }),
    cli: (input) => [
      "audit",
      "--limit",
      String(input.limit),
      ...option("by", input.by),
      ...option("act", input.act),
      ...option("subject", input.subject),
      ...option("cursor", input.cursor),
    ],
    run: (app, input) => app.audit(given(input)),
  }),
  read({
    id: "session.show",
    summary: "Who asks, and what is allowed",
    scope: "read",
    input: z.object({}),
    run: () => answeredBefore<SessionAnswer>(),
  }),
  act({
    id: "session.begin",
    summary: "Begins a session of the page with the key of a link or a token",
    scope: "read",
    input: z.object({ key: z.string().max(200) }),
    run: () => answeredBefore<SessionAnswer>(),
  }),
  act({
    id: "session.end",
    summary: "Ends the session of the page",
    scope: "read",
    input: z.object({}),
    run: () => answeredBefore<SessionAnswer>(),
  }),
  act({
    id: "session.link",
    summary: "A link to the page with a key that opens one session",
    scope: "admin",
    input: z.object({}),
    run: () => answeredBefore<PageLinkAnswer>(),
  }),
] as const;
