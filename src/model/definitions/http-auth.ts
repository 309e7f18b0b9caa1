// How an HTTP source or destination proves who it is: the keys of `auth:`. Exactly one of them stands there.
import * as z from "zod";
import { duration } from "../duration.ts";
import { parseRate } from "../limits.ts";

/** Checks that exactly one of the keys is given, besides those of `extra`. */
export function exactlyOne(extra: readonly string[] = []) {
  return (value: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void => {
    const given = Object.keys(value).filter((key) => value[key] !== undefined && !extra.includes(key));
    if (given.length === 1) return;
    const message = given.length === 0 ? "says nothing; one of its keys is needed" : `has ${given.join(" and ")}; keep one of them`;
    context.addIssue({ code: "custom", message });
  };
}

export const httpRate = z
  .string()
  .refine((text) => parseRate(text) !== undefined, { error: "is no rate; write 10/s, 300/m or 1000/h" })
  .describe("requests per time: 10/s, 300/m, 1000/h; shared by all runs and processes of the project that use the same connection");

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const texts = z.record(z.string(), z.string());

const oauth2 = z
  .strictObject({
    tokenUrl: z.string().min(1).describe("where access tokens are given out; may be relative to `url`"),
    clientId: z.string().min(1),
    clientSecret: z.string().min(1).optional(),
    refreshToken: z.string().min(1).optional().describe("given: the refresh flow; rotated ones are kept, encrypted, in .millrace"),
    scope: z.string().optional(),
    params: z.record(z.string(), scalar).optional().describe("further fields of the token request: { audience: … }"),
    credentials: z.enum(["header", "body"]).optional().describe("where id and secret of the client are sent; default: header"),
  })
  .refine(({ clientSecret, refreshToken }) => clientSecret !== undefined || refreshToken !== undefined, {
    error: "needs clientSecret, or refreshToken for a public client",
  });

const hmac = z
  .strictObject({
    secret: z.string().min(1),
    secretEncoding: z.enum(["text", "base64", "hex"]).optional(),
    algorithm: z.enum(["sha256", "sha512", "sha1"]).optional().describe("default: sha256"),
    message: z
      .string()
      .min(1)
      .describe(
        "what is signed: {method} {url} {host} {path} {query} {body} {bodyHash} {timestamp} {timestampMs} {date} {nonce}; \\n is a line end",
      ),
    encoding: z.enum(["hex", "base64"]).optional().describe("of the signature; default: hex"),
    headers: texts.optional().describe("headers that carry it: { X-Signature: '{signature}', X-Time: '{timestamp}' }"),
    params: texts.optional().describe("parameters of the address that carry it"),
  })
  .superRefine(({ message, headers, params }, context) => {
    const carried = [...Object.values(headers ?? {}), ...Object.values(params ?? {})];
    if (!carried.some((text) => text.includes("{signature}")))
      context.addIssue({ code: "custom", message: "sends no {signature}; name it in headers or params" });
    for (const text of [message, ...carried]) {
      for (const [written, name] of text.matchAll(/\{(\w+)\}/g)) {
        if (HMAC_WORDS.has(name!) && !(name === "signature" && text === message)) continue;
        context.addIssue({ code: "custom", message: `${written} is unknown here; known: ${[...HMAC_WORDS].join(", ")}` });
      }
    }
  });
const HMAC_WORDS = new Set([
  "method",
  "url",
  "host",
  "path",
  "query",
  "body",
  "bodyHash",
  "timestamp",
  "timestampMs",
  "date",
  "nonce",
  "signature",
]);

const session = z
  .strictObject({
    url: z.string().min(1).describe("where one logs in; may be relative to `url`"),
    method: z.enum(["GET", "POST"]).optional().describe("default: POST"),
    body: z.unknown().optional(),
    bodyAs: z.enum(["json", "form"]).optional(),
    headers: texts.optional(),
    token: z.string().optional().describe("path of the token in the answer"),
    tokenHeader: z.string().optional().describe("header of the answer that holds the token"),
    cookie: z.literal(true).optional().describe("the cookies of the answer are the token"),
    header: z.string().optional().describe("header that carries the token; default: Authorization"),
    prefix: z.string().optional().describe("stands before the token; default: 'Bearer ' in Authorization, else nothing"),
    lifetime: duration.optional().describe("log in again after this time; a 401 also does"),
  })
  .superRefine(({ token, tokenHeader, cookie }, context) => {
    if ([token, tokenHeader, cookie].filter((from) => from !== undefined).length === 1) return;
    context.addIssue({ code: "custom", message: "must say where the token stands: one of token, tokenHeader, cookie" });
  });

const tokens = z.strictObject({
  values: z.array(z.string().min(1)).min(1).describe("used in turn; one that has no requests left rests"),
  header: z.string().optional().describe("default: Authorization"),
  prefix: z.string().optional().describe("stands before the token; default: 'Bearer ' in Authorization, else nothing"),
  rate: httpRate.optional().describe("of each of them"),
  burst: z.int().min(1).max(1_000_000).optional(),
});

export const httpAuth = z
  .strictObject({
    bearer: z.string().min(1).optional(),
    basic: z.strictObject({ user: z.string(), password: z.string() }).optional(),
    header: z.strictObject({ name: z.string().min(1), value: z.string() }).optional(),
    apiKey: z
      .strictObject({ name: z.string().min(1), value: z.string().min(1), in: z.enum(["header", "query"]).optional() })
      .optional()
      .describe("a key in a header (default) or in the address"),
    oauth2: oauth2.optional(),
    hmac: hmac.optional(),
    session: session.optional(),
    tokens: tokens.optional(),
  })
  .superRefine(exactlyOne());
export type HttpAuth = z.infer<typeof httpAuth>;
export type HttpOauth2 = z.infer<typeof oauth2>;
export type HttpHmac = z.infer<typeof hmac>;
export type HttpSessionLogin = z.infer<typeof session>;
export type HttpTokens = z.infer<typeof tokens>;
