// One attempt to carry an export out: the rows of an asset or a query go to a destination, then one transaction notes which versions it shared.
// A destination may be written twice when the process dies between both; writing replaces, so the outcome is the same.
import type { Attempt, AttemptResult } from "../../model/attempt.ts";
import { MillraceError } from "../../model/errors.ts";
import type { ExportNode } from "../../model/graph.ts";
import type { WriteContext } from "../../load/connector.ts";
import { alreadyCommitted, raiseFence, type AttemptToken } from "../../sql/ledger/fence.ts";
import type { AnyConnector } from "../parts.ts";
import { failureText, isQueryFault } from "../../sql/query-failure.ts";
import { assetView, publish, readInputs, readLiveVersion } from "../../sql/ledger/publish.ts";
import type { Warehouse } from "../../sql/warehouse.ts";

export interface ExportRequest {
  readonly warehouse: Warehouse;
  readonly node: ExportNode;
  readonly connector: AnyConnector;
  readonly options: unknown;
  readonly context: Omit<WriteContext, "connection" | "query" | "mode" | "key" | "token">;
  /** Assets that it reads, and their versions. */
  readonly needs: readonly string[];
  readonly fullRefresh: boolean;
}

/** What an export answers as its output: where it wrote. */
export type ExportOutput = {
  readonly rows: number;
  readonly refused?: number;
  readonly locations: readonly string[];
};

export async function exportAttempt(request: ExportRequest, attempt: Attempt): Promise<AttemptResult> {
  const { warehouse, node, connector } = request;
  const token: AttemptToken = { run: attempt.run, node: node.id, attempt: attempt.attempt };
  await raiseFence(warehouse, token);
  const [committed, before, inputs] = await warehouse.session(
    async (session) =>
      [await alreadyCommitted(session, token), await readLiveVersion(session, node.id), await readInputs(session, request.needs)] as const,
  );
  if (committed !== undefined) return resultOf(committed.result as ExportOutput, false);
  const unchanged =
    before !== undefined && before.codeHash === node.codeHash && JSON.stringify(sorted(before.inputs)) === JSON.stringify(sorted(inputs));
  if (unchanged && !request.fullRefresh) return { reused: true };
  if (connector.write === undefined || !connector.capabilities.write.includes(node.spec.load)) {
    throw new MillraceError({
      code: "MR8003",
      message: `${connector.name} cannot write with load: ${node.spec.load}`,
      hint: `it can ${connector.capabilities.write.join(", ") || "only read"}`,
      location: { file: node.file, line: 1, column: 1 },
    });
  }
  const write = connector.write.bind(connector);
  const query = node.spec.sql ?? `select * from ${assetView(node.spec.select!)}`;
  const written = await warehouse
    .session((session) =>
      write(request.options, {
        ...request.context,
        connection: session.connection,
        query,
        mode: node.spec.load,
        key: [node.spec.key ?? []].flat(),
        token: `${attempt.run}/${node.id}`,
      }),
    )
    .catch((error: unknown) => {
      throw exportFailure(error, node);
    });
  const { rows, refused = 0, locations } = written;
  const output: ExportOutput = { rows, ...(refused === 0 ? {} : { refused }), locations };
  await warehouse.transaction((tx) =>
    publish(tx, {
      asset: node.id,
      body: { kind: "share" },
      version: attempt.run,
      codeHash: node.codeHash,
      inputs,
      rows: written.rows,
      token,
      result: output,
    }),
  );
  return resultOf(output, false);
}

/** A view is evaluated when it is read: what its values make impossible shows here. */
function exportFailure(error: unknown, node: ExportNode): unknown {
  if (error instanceof MillraceError || !isQueryFault(error)) return error;
  const [first = ""] = failureText(error).split("\n");
  return new MillraceError({
    code: "MR8004",
    message: `${node.id}: ${first}`,
    hint: node.spec.select === undefined ? "its `sql` fails while it runs" : `${node.spec.select} fails while it is read`,
    location: { file: node.file, line: 1, column: 1 },
    cause: error,
  });
}

function resultOf(output: ExportOutput, reused: boolean): AttemptResult {
  const { rows, refused = 0 } = output;
  return { rows: { read: rows + refused, loaded: rows, quarantined: refused, filtered: 0 }, output: output, reused };
}

function sorted(record: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1));
}
