// Who asks: the name that stands in histories and events as `by`. In the engine it is whoever sent the request that is being answered.
import { AsyncLocalStorage } from "node:async_hooks";
import { userInfo } from "node:os";
import type { Actor } from "../model/access.ts";

const acting = new AsyncLocalStorage<Actor>();

/** Carries work out in somebody's name. */
export function actingAs<Result>(who: Actor, work: () => Result): Result {
  return acting.run(who, work);
}

export function actorNow(): Actor {
  return acting.getStore() ?? { by: ownName(), via: "command" };
}

export function actor(): string {
  return actorNow().by;
}

/** `MILLRACE_BY` (a bot, a ticket, whoever a script acts for), else the user of this process. */
export function ownName(): string {
  const named = process.env["MILLRACE_BY"];
  if (named !== undefined && named !== "") return named;
  try {
    return userInfo().username;
  } catch {
    return "someone"; // a container may run as a user without a name
  }
}
