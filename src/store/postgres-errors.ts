// What PostgreSQL and the way to it throw, in our words, and whether it passes: a lost connection, a restart, a failover, a full disk.
import { MillraceError, messageOf } from "../model/errors.ts";

/** Of Node's sockets and resolver. */
const WAY_LOST: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "ENOTFOUND",
  "EAI_AGAIN",
]);
/** Messages of `pg` that have no code. */
const WAY_LOST_TEXT =
  /^(Connection terminated|Query read timeout|timeout e(xceeded|xpired)|Client has encountered a connection error|Cannot use a pool)/i;

/** Whether the same call may succeed later without anybody changing it. */
export function isPassing(error: unknown): boolean {
  const { code = "" } = error as { code?: string };
  if (WAY_LOST.has(code)) return true;
  if (code === "") return WAY_LOST_TEXT.test(messageOf(error));
  // 08 connection, 57P shutdown and start, 53 out of resources, 40 serialization and deadlock, 25006 a standby, 55P03 a lock's time-out, 58030 i/o.
  return /^(08...|57P0[1-3]|53...|40001|40P01|25006|55P03|57014|58030)$/.test(code);
}

/** Errors: MR6021 the schema is not ours any more, MR6022 no room, MR6023 damaged, MR6030 cannot be reached, MR6031 refused. */
export function asStateError(where: string, error: unknown): unknown {
  if (error instanceof MillraceError) return error;
  const { code = "" } = error as { code?: string };
  const message = `${where}: ${messageOf(error)}`;
  if (/^53[14]/.test(code)) return new MillraceError({ code: "MR6022", message, retryable: true, cause: error });
  if (isPassing(error)) return new MillraceError({ code: "MR6030", message, retryable: true, cause: error });
  if (/^(28...|3D000|42501)$/.test(code)) return new MillraceError({ code: "MR6031", message, cause: error });
  if (/^(42883|42P01|42703|3F000)$/.test(code)) return new MillraceError({ code: "MR6021", message, cause: error });
  if (/^XX00[12]$/.test(code)) return new MillraceError({ code: "MR6023", message, cause: error });
  return error;
}
