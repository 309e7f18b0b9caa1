// What a run in an environment does before and after its work: the environment is there from its first run on, what is as in prod again is prod's again,
// and readers from outside find all assets in its schemas.
import { randomInt } from "node:crypto";
import { runId } from "../../engine/run-id.ts";
import { PROD } from "../../model/environment.ts";
import { MillraceError } from "../../model/errors.ts";
import { environmentOf, safeEnvironmentName } from "../../project/environment.ts";
import { noteEnvironment, putAside, readEnvironments, rebase, settle } from "../../sql/environments/ledger.ts";
import { noteAct, runAgain } from "../../sql/environments/promote.ts";
import { readLive } from "../../sql/ledger/publish.ts";
import type { Transaction } from "../../sql/session.ts";
import { readRun } from "../../views/runs.ts";
import type { Planned } from "../plan/plan.ts";
import type { Workspace } from "../workspace.ts";
import { AS_IN_PROD, released } from "./reuse.ts";

/** Id of an act on environments. */
export function actId(): string {
  return runId(Date.now(), () => randomInt(2 ** 32) / 2 ** 32).slice("r_".length);
}

/** @throws MR8707 when the environment's schemas are those of assets, MR8710 when it is another branch's. */
export async function beginInEnvironment(
  workspace: Workspace,
  { plan, given, definitions }: Pick<Planned, "plan" | "given" | "definitions">,
): Promise<void> {
  const environment = await workspace.environment();
  const { name: own } = environment;
  if (own === PROD) return;
  refuseSchemas(own, definitions.graph.order);
  const common = await workspace.commonWarehouse();
  await common.transaction(async (tx) => {
    await noteUse(workspace, tx);
    const assets = released(given, await readLive(tx, own));
    if (assets.length > 0) {
      const act = actId();
      await putAside(tx, { environment: own, assets, act });
      await noteAct(tx, { id: act, act: "drop", environment: own, assets: [], by: "millrace run", why: AS_IN_PROD });
    }
    const unchanged = plan.nodes.flatMap(({ id, action }) => (action === "reuse" && !given.has(id) ? [id] : []));
    await rebase(tx, own, unchanged);
  });
}

/** Before a run is carried out, whoever planned it. @throws MR8709, MR8707, MR8710 */
export async function enterRun(workspace: Workspace, run: string, assets: readonly string[]): Promise<void> {
  const { name: own } = await workspace.environment();
  const place = (await readRun(await workspace.store(), run))?.environment ?? PROD;
  if (place !== own)
    throw new MillraceError({
      code: "MR8709",
      message: `${run} belongs to the environment ${place}, this is ${own}`,
      hint: `--env ${place}`,
    });
  if (own === PROD) return;
  refuseSchemas(own, assets);
  await (await workspace.commonWarehouse()).transaction((tx) => noteUse(workspace, tx));
}

export async function endInEnvironment(workspace: Workspace): Promise<void> {
  const { name: own } = await workspace.environment();
  if (own === PROD) return;
  await (await workspace.commonWarehouse()).transaction((tx) => settle(tx, own));
}

/**
 * An environment that shows what a branch says is that branch's: another branch's code would let go of what it built. Where no branch is checked out (CI, a
 * detached head), `--env` is believed. Names of branches that are alike (`fix/a`, `fix-a`) give one name, and the first that has it keeps it. @throws MR8710
 */
async function noteUse(workspace: Workspace, tx: Transaction): Promise<void> {
  const { name: environment, kind } = await workspace.environment();
  const branch = workspace.branch();
  const config = await workspace.config();
  const isNamesake = (name: string): boolean => safeEnvironmentName(name) === environment;
  const isOf = (name: string): boolean => isNamesake(name) || environmentOf(config, { branch: name }).name === environment;
  const theirs = (await readEnvironments(tx)).find((known) => known.environment === environment)?.branch ?? null;
  if (theirs === null || !isOf(theirs))
    return noteEnvironment(tx, { environment, kind, branch: branch !== null && isOf(branch) ? branch : null });
  const isShared = branch !== null && isOf(branch) && !(isNamesake(theirs) && isNamesake(branch));
  if (branch === null || theirs === branch || isShared) return noteEnvironment(tx, { environment, kind, branch: null });
  throw new MillraceError({
    code: "MR8710",
    ...(isNamesake(branch)
      ? {
          message: `the environment ${environment} belongs to the branch ${theirs}; the name of the branch ${branch} comes to the same`,
          hint: `rename this branch, or, where ${theirs} is no longer needed: millrace env drop ${environment}`,
        }
      : {
          message: `the environment ${environment} belongs to the branch ${theirs}; ${branch} is checked out, whose code would take its place`,
          hint: await runAgain(tx, environment),
        }),
  });
}

function refuseSchemas(environment: string, assets: readonly string[]): void {
  const taken = assets.find((asset) => asset.slice(0, asset.indexOf(".")).endsWith(`__${environment}`));
  if (taken === undefined) return;
  const schema = taken.slice(0, taken.indexOf("."));
  throw new MillraceError({
    code: "MR8707",
    message: `the environment ${environment} would show its assets in schemas that end as ${schema} does, where ${taken} is`,
    hint: "rename the branch, or give the environment another name: environments: { NAME: { branches: [BRANCH] } }",
  });
}
