// What the scope of whoever asks reaches, and how often.
import { includes } from "../model/access.ts";
import { MillraceError } from "../model/errors.ts";
import type { Around } from "./handlers.ts";
import { admit, type Limits } from "./limits.ts";

export function scopes(limits: Limits): Around {
  return async ({ route, holder }, next) => {
    if (!includes(holder.scope, route.scope)) {
      const what = `${route.id} wants the scope ${route.scope}`;
      if (holder.kind === "machine")
        throw new MillraceError({
          code: "MR8110",
          message: `${what}: a session or a token`,
          hint: "millrace token link opens the page with a session",
        });
      throw new MillraceError({
        code: "MR8111",
        message: `${what}; this ${holder.kind} has ${holder.scope}`,
        hint: `millrace token create NAME --scope ${route.scope}`,
      });
    }
    admit(limits, holder, route.kind === "read" ? "read" : "act");
    return next();
  };
}
