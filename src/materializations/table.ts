// table: the query's rows as a table, built beside the live one; or, where the asset has partitions, the rows of some of them in its table.
import type { BuildResult } from "../load/build-port.ts";
import { hasColumns, type PartitionRequest } from "../load/partition-port.ts";
import { physicalTable } from "../sql/ledger/publish.ts";
import { parametersOf } from "../sql/syntax/copy.ts";
import { type Build, buildOnce, commitTable } from "./commit.ts";
import { createLaidOut, layOutAnew } from "./layout.ts";
import { defineMaterialization, type ModelRequest } from "./materialization.ts";
import { buildPartition, partitionText } from "./partition.ts";
import { assertQuery, parametersKey } from "./statement.ts";

export const table = defineMaterialization({
  name: "table",
  summary: "The rows are stored; built again when its SQL or what it reads has changed.",
  build(request) {
    const { unit, parameters, partition } = request;
    if (partition !== undefined) return partitions(request, partition);
    const upkeep: Build["upkeep"] = (live) => layOutAnew(request, live);
    const build = { asset: unit.id, parametersKey: parametersKey(unit, parameters), request, upkeep };
    return buildOnce(build, (version) =>
      commitTable(build, version, async (tx, physical) => {
        await assertQuery(tx, unit);
        return createLaidOut(tx, physicalTable(physical), request, parameters);
      }),
    );
  },
});

/** Queries that were asserted for some partition: for the next of ten thousand it costs a tenth of the work. */
const known = new Set<string>();
const KNOWN_MAX = 1_000;

function isKnown(sql: string): boolean {
  if (known.size > KNOWN_MAX) known.clear();
  return known.has(sql);
}

/** `$partition`, `$start` and `$end` are bound; values of a job's parameters are part of the code's hash. */
function partitions(request: ModelRequest, partition: PartitionRequest): Promise<BuildResult> {
  const { unit, parameters } = request;
  return buildPartition({
    asset: unit.id,
    request,
    partition,
    parametersKey: null,
    isJoined: hasColumns(partition) && !parametersOf(unit.sql).includes("partition"),
    async fill(session, name, span) {
      if (!isKnown(unit.sql)) await assertQuery(session, unit);
      known.add(unit.sql);
      const bounds = span.startMs === null || span.endMs === null ? {} : { start: new Date(span.startMs), end: new Date(span.endMs) };
      return createLaidOut(session, name, request, { ...parameters, ...bounds, partition: partitionText(span) });
    },
  });
}
