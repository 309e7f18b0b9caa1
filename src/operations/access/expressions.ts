// Conditions and expressions in SQL that come over the API, from the page or from agents read the warehouse and nothing else of the machine, as queries do.
// On the command line they may read files: whoever types there can anyway.
import { MillraceError } from "../../model/errors.ts";
import { parseSql } from "../../sql/syntax/tree.ts";
import type { Warehouse } from "../../sql/warehouse.ts";
import { actorNow } from "../actor.ts";
import { refuseOutside } from "../query/guard.ts";

/** @throws MR8140 for what reads elsewhere, MR7001 for what is no expression by itself */
export async function keepInside(warehouse: Warehouse, expressions: readonly (string | undefined)[]): Promise<void> {
  const given = expressions.filter((text) => text !== undefined);
  if (given.length === 0 || actorNow().via === "command") return;
  await warehouse.session(async (session) => {
    for (const text of given) {
      const sql = `select (${text}\n)`;
      const [parsed] = await parseSql(session.connection, [sql]);
      // What cannot be read alone could be something else in its place.
      if (!parsed!.ok || parsed!.statements.length !== 1)
        throw new MillraceError({ code: "MR7001", message: `${text} is no expression in SQL` });
      await refuseOutside(session, sql, "refused");
    }
  });
}
