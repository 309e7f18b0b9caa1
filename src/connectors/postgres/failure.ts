// What PostgreSQL and the way to it throw, as an error of ours that says what is wrong, whether it passes, and no secret.
import { MillraceError, messageOf, type ErrorCode } from "../../model/errors.ts";

/** Of Node's sockets and resolver. */
const WAY = /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_)/;
const WAY_TEXT = /^(Connection terminated|Query read timeout|timeout e|Client has encountered a connection error|Client was closed)/i;

interface ServerError {
  readonly code?: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly constraint?: string;
  readonly where?: string;
}

/** Whether the connection is gone, so that nobody knows what became of the last statement. */
export function isConnectionLoss(error: unknown): boolean {
  const { code = "" } = error as ServerError;
  return WAY.test(code) || /^(08...|57P0[1-3])$/.test(code) || (code === "" && WAY_TEXT.test(messageOf(error))) || code === "MR4803";
}

/** `place`: where, without who; `doing`: what was being done. */
export function postgresFailure(error: unknown, place: string, doing: string, secrets: readonly string[]): MillraceError {
  if (error instanceof MillraceError) return error;
  const { code = "", detail, hint } = error as ServerError;
  const shown = (text: string): string => secrets.reduce((kept, secret) => kept.replaceAll(secret, "***"), text);
  const [ours, retryable] = classOf(code, messageOf(error), doing);
  const said = messageOf(error) || (error as { errors?: readonly Error[] }).errors?.map(messageOf).join(", ") || code;
  return new MillraceError({
    code: ours,
    message: shown(`${place}: ${doing}: ${said}${detail === undefined ? "" : ` (${detail})`}`),
    ...(hint === undefined ? {} : { hint: shown(hint) }),
    retryable,
    cause: new Error(shown(`${code === "" ? "" : `${code} `}${said}`)),
  });
}

function classOf(code: string, message: string, doing: string): readonly [ErrorCode, boolean] {
  if (/^53[14]/.test(code) || code === "54000" || /No space left/i.test(message)) return ["MR4812", true];
  if (/^(28...|3D000)$/.test(code)) return ["MR4801", false];
  if (code === "42501") return ["MR4805", false];
  if (/^(42P01|42703|3F000)$/.test(code)) return ["MR4804", false];
  if (/^23...$/.test(code)) return ["MR4811", false];
  if (/^(55P03|40001|40P01)$/.test(code)) return ["MR4813", true];
  if (/^(22021|22P05)$/.test(code)) return ["MR4808", false];
  if (/^(22...)$/.test(code) && doing.startsWith("writing")) return ["MR4810", false];
  if (/^(53...|57P03)$/.test(code)) return ["MR4800", true];
  if (WAY.test(code) || code === "" || /^(08...|57P0[12]|57014|58030)$/.test(code))
    return [doing === "connecting" ? "MR4800" : "MR4803", true];
  return ["MR4807", false];
}
