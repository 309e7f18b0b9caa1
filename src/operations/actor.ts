// Who asks: the name that stands in histories and events as `by`.
import { userInfo } from "node:os";

/** `MILLRACE_BY` (a bot, a ticket, whoever a script acts for), else the user of this process. */
export function actor(): string {
  const named = process.env["MILLRACE_BY"];
  if (named !== undefined && named !== "") return named;
  try {
    return userInfo().username;
  } catch {
    return "someone"; // a container may run as a user without a name
  }
}
