// What a driver throws as an error of ours: what may pass is retryable; a message never shows the password.
import { type ErrorCode, MillraceError, messageOf } from "../model/errors.ts";

const NETWORK = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "ETIMEOUT",
  "EPIPE",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ESOCKET",
  "ECONNCLOSED",
  "PROTOCOL_CONNECTION_LOST",
  "ERR_STREAM_PREMATURE_CLOSE",
  "ECONNABORTED",
  "EBUSY",
]);

export interface Doing {
  /** What was done, for the message: "mysql". */
  readonly connector: string;
  readonly step: "connect" | "work";
  readonly secrets: readonly (string | undefined)[];
  /** Codes of the server that another try may pass: a deadlock. */
  readonly passing?: readonly (string | number)[];
}

/** @returns a MillraceError as it is; everything else as MR4850, MR4851 or MR4852. */
export function databaseFailure(thrown: unknown, { connector, step, secrets, passing = [] }: Doing): MillraceError {
  if (thrown instanceof MillraceError) {
    if (step === "work" || (thrown.code !== "MR4851" && thrown.code !== "MR4852")) return thrown;
    return new MillraceError({ code: "MR4850", message: thrown.message, retryable: thrown.retryable });
  }
  const { code, errno, number } = (thrown ?? {}) as { readonly code?: unknown; readonly errno?: unknown; readonly number?: unknown };
  const isNetwork = typeof code === "string" && NETWORK.has(code);
  const mayPass = [code, errno, number].some((found) => passing.includes(found as string));
  const kind: ErrorCode = step === "connect" ? "MR4850" : isNetwork ? "MR4852" : "MR4851";
  const said = shown(messageOf(thrown), secrets) || (typeof code === "string" ? code : "no reason given");
  return new MillraceError({ code: kind, message: `${connector}: ${said}`, retryable: isNetwork || mayPass });
}

/** A text without these secrets, and without user and password in an address. */
export function shown(text: string, secrets: readonly (string | undefined)[]): string {
  let safe = text.replaceAll(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi, "$1");
  for (const secret of secrets)
    if (secret !== undefined && secret !== "") safe = safe.replaceAll(secret, "***").replaceAll(encodeURIComponent(secret), "***");
  return safe;
}
