// `responses:` of a source: what an answer means when its status does not say it. The first rule that fits counts.
import type { HttpResponseRule } from "../../../model/definitions/http-pages.ts";
import { parseDurationMs } from "../../../model/duration.ts";
import { MillraceError } from "../../../model/errors.ts";
import { parseExact } from "../bodies/json.ts";
import { valueAt } from "../bodies/paths.ts";
import type { Answer } from "./exchange.ts";
import { exhaustedMs, retryAfterMs } from "./limits.ts";
import { rateLimited, saidBy } from "./status.ts";

/** Only the beginning of an answer is searched for texts. */
const SEARCHED_CHARS_MAX = 1_000_000;

/** "usual": what its status says; "ignore": no rows and no next page. @throws what the rule makes of it. */
export function verdictOf(
  answer: Answer,
  rules: readonly HttpResponseRule[],
  { shown, secrets }: { readonly shown: string; readonly secrets: readonly string[] },
): "usual" | "accept" | "ignore" {
  const rule = rules.find((rule) => fits(rule, answer));
  if (rule === undefined) return "usual";
  const said = rule.message === undefined ? saidBy(answer, secrets) : `: ${rule.message}`;
  const ownMs = rule.wait === undefined ? undefined : parseDurationMs(rule.wait);
  switch (rule.do) {
    case "accept":
    case "ignore":
      return rule.do;
    case "rateLimited":
      throw rateLimited(answer, shown, said, retryAfterMs(answer.headers, Date.now()) ?? exhaustedMs(answer.headers, Date.now()) ?? ownMs);
    case "retry":
    case "fail":
      throw new MillraceError({
        code: "MR3519",
        message: `${shown} answers ${answer.status}${said}`,
        hint: `a rule of \`responses\` says: ${rule.do}`,
        retryable: rule.do === "retry",
        ...(rule.do === "retry" && ownMs !== undefined ? { retryAfterMs: ownMs } : {}),
      });
    default:
      return rule.do satisfies never;
  }
}

function fits({ status, header, body }: HttpResponseRule, answer: Answer): boolean {
  if (
    status !== undefined &&
    ![status].flat().some((one) => (typeof one === "number" ? one === answer.status : one[0] === String(answer.status)[0]))
  )
    return false;
  if (header !== undefined) {
    const value = [answer.headers[header.name.toLowerCase()]].flat().join(", ");
    if (answer.headers[header.name.toLowerCase()] === undefined || (header.equals !== undefined && value !== header.equals)) return false;
  }
  return body === undefined || fitsBody(body, answer.body);
}

function fitsBody({ path, equals, contains }: NonNullable<HttpResponseRule["body"]>, bytes: Buffer): boolean {
  const text = bytes.toString("utf8");
  if (path === undefined)
    return contains === undefined ? text.trim() === String(equals ?? "") : text.slice(0, SEARCHED_CHARS_MAX).includes(contains);
  let document: unknown;
  try {
    document = parseExact(text);
  } catch {
    return false;
  }
  const value = valueAt(document, path);
  if (equals !== undefined) return value === equals || (typeof value === "bigint" && String(value) === String(equals));
  if (contains !== undefined) return (typeof value === "string" ? value : (JSON.stringify(value) ?? "")).includes(contains);
  return value !== undefined && value !== null && value !== false;
}
