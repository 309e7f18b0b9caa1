// How much an archive may hold.
import { MillraceError } from "../../model/errors.ts";

/** Members of one archive; more is taken for an attack or a mistake. */
export const MEMBERS_MAX = 100_000;
/** Archives within one another. */
export const NESTING_MAX = 4;

export function tooMany(name: string): MillraceError {
  return new MillraceError({ code: "MR3405", message: `${name} has more than ${MEMBERS_MAX} members` });
}
