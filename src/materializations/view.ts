// view: the query itself, evaluated when it is read. Its checks run on the query once, before it is published; no row of it can be set aside.
import { MillraceError } from "../model/errors.ts";
import { auditLive, stoppedByChecks } from "../load/audit.ts";
import { stoppedBy } from "../load/audit-port.ts";
import { locate } from "../sql/compile/errors.ts";
import { ownSql } from "../sql/environments/stored-view.ts";
import { createView, publish } from "../sql/ledger/publish.ts";
import type { Transaction } from "../sql/session.ts";
import { parametersOf } from "../sql/syntax/copy.ts";
import { type Build, buildOnce, contentsBuilt, withInterrupt } from "./commit.ts";
import { modelFailure } from "./failure.ts";
import type { BuildResult } from "../load/build-port.ts";
import { defineMaterialization, type ModelRequest } from "./materialization.ts";
import { assertQuery } from "./statement.ts";

export const view = defineMaterialization({
  name: "view",
  summary: "Nothing is stored; the SQL runs whenever the asset is read.",
  build(request) {
    refuseWhatAViewCannot(request);
    const build = { asset: request.unit.id, parametersKey: null, request };
    return buildOnce(build, (version) => withInterrupt(request, (tx) => publishView(tx, request, { ...build, version })));
  },
});

async function publishView(
  tx: Transaction,
  request: ModelRequest,
  { version, ...build }: Build & { readonly version: string },
): Promise<BuildResult> {
  const { unit, checks } = request;
  await assertQuery(tx, unit);
  if (checks.length > 0) await showCandidate(tx, request);
  const results = await auditLive(tx, unit.id, null, checks);
  if (stoppedBy(results) !== undefined) throw stoppedByChecks(unit.id, results, checks);
  const result: BuildResult = { version, reused: false, rows: null, quarantined: 0, checks: results };
  await publish(tx, {
    asset: unit.id,
    body: { kind: "view", sql: unit.sql },
    version,
    codeHash: request.codeHash,
    inputs: request.inputs,
    contents: contentsBuilt(build, version),
    rows: null,
    checks: results,
    token: request.token,
    result: result,
  });
  return result;
}

/** In this transaction the asset's name already shows the new query, so that its checks read it. */
async function showCandidate(tx: Transaction, { unit }: ModelRequest): Promise<void> {
  try {
    await createView(tx, unit.id, await ownSql(tx, unit.id, unit.sql));
  } catch (error) {
    throw modelFailure(error, unit, 1);
  }
}

function refuseWhatAViewCannot({ unit, checks }: ModelRequest): void {
  const [parameter] = parametersOf(unit.sql);
  if (parameter !== undefined) {
    throw new MillraceError({
      code: "MR4605",
      message: `${unit.id}: a view cannot have the parameter $${parameter}`,
      hint: "materialize: table",
      location: locate(unit, Math.max(0, unit.sql.indexOf(`$${parameter}`)), parameter.length + 1),
    });
  }
  const moving = checks.find((check) => check.onFail === "quarantine");
  if (moving !== undefined) {
    throw new MillraceError({
      code: "MR4506",
      message: `${unit.id} is a view: the check ${moving.name} cannot set its rows aside`,
      hint: "materialize: table",
      location: moving.location ?? { file: unit.file, line: 1, column: 1 },
    });
  }
}
