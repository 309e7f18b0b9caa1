// table: the query's rows as a table, built beside the live one.
import { physicalTable } from "../sql/publish.ts";
import { buildOnce, commitTable } from "./commit.ts";
import { defineMaterialization } from "./materialization.ts";
import { assertQuery, createTableAs, parametersKey } from "./statement.ts";

export const table = defineMaterialization({
  name: "table",
  summary: "The rows are stored; built again when its SQL or what it reads has changed.",
  build(request) {
    const { unit, parameters } = request;
    const build = { asset: unit.id, parametersKey: parametersKey(unit, parameters), request };
    return buildOnce(build, (version) =>
      commitTable(build, version, async (tx, physical) => {
        await assertQuery(tx, unit);
        await createTableAs(tx, physicalTable(physical), unit, parameters);
      }),
    );
  },
});
