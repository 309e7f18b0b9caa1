// `env list|create|diff|drop`: which environments there are, what they have of their own, and their end.
import type { EnvironmentDiffAnswer, EnvironmentDropAnswer, EnvironmentsAnswer } from "../../model/environment-answers.ts";
import { PROD } from "../../model/environment.ts";
import { parseDurationMs } from "../../model/duration.ts";
import { MillraceError } from "../../model/errors.ts";
import { environmentOf, safeEnvironmentName } from "../../project/environment.ts";
import { dropSchemas } from "../../sql/environments/collect.ts";
import { type DeploymentRow, readDeployments } from "../../sql/environments/deployments.ts";
import { noteEnvironment, putAside, readEnvironmentRows, readEnvironments } from "../../sql/environments/ledger.ts";
import { movedSince, noteAct, readActs } from "../../sql/environments/promote.ts";
import { readLive, type LiveVersion } from "../../sql/ledger/publish.ts";
import type { Session } from "../../sql/session.ts";
import { actor } from "../actor.ts";
import type { Workspace } from "../workspace.ts";
import { actId } from "./begin.ts";
import { showFiles } from "./files.ts";
import { showOnServers } from "./servers.ts";
import { environmentWarehouse } from "./warehouse.ts";

export async function listEnvironments(workspace: Workspace): Promise<EnvironmentsAnswer> {
  const { name, kind, reason } = await workspace.environment();
  const warehouse = await workspace.commonWarehouse();
  const [known, acts] = await warehouse.session(async (session) => [await readEnvironments(session), await readActs(session)] as const);
  const deployments = await warehouse.session(readDeployments);
  const environments = [];
  for (const each of known) {
    const rows = await warehouse.session((session) => readEnvironmentRows(session, each.environment));
    const expiresMs = await expiryMs(workspace, each.environment);
    environments.push({
      environment: each.environment,
      kind: each.kind,
      branch: each.branch,
      createdAt: each.at,
      usedAt: each.usedAt,
      expiresAt: expiresMs === null ? null : new Date(Date.parse(each.usedAt) + expiresMs).toISOString(),
      own: rows.filter(({ isHeld }) => !isHeld).length,
      held: rows.filter(({ isHeld }) => isHeld).length,
      deployed: deployedOf(deployments.get(each.environment)),
    });
  }
  const prod = {
    environment: PROD,
    kind: "serving",
    branch: null,
    createdAt: null,
    usedAt: null,
    expiresAt: null,
    own: 0,
    held: 0,
    deployed: deployedOf(deployments.get(PROD)),
  };
  const own = await warehouse.session((session) => readLive(session, PROD));
  return {
    current: { environment: name, kind, reason },
    environments: [{ ...prod, own: own.size }, ...environments],
    promotions: acts
      .filter(({ act, assets }) => act !== "drop" || assets.length > 0)
      .map(({ endedAt, collectedAt, assets, ...act }) => ({
        ...act,
        assets: assets.length,
        canBeTakenBack: act.act !== "drop" && endedAt === null && collectedAt === null,
      })),
  };
}

function deployedOf(row: DeploymentRow | undefined): EnvironmentsAnswer["environments"][number]["deployed"] {
  if (row === undefined) return null;
  const { environment: _environment, ...deployed } = row;
  return deployed;
}

/** `expires` of an environment; null where it says nothing. */
export async function expiryMs(workspace: Workspace, environment: string): Promise<number | null> {
  const { environments = {} } = await workspace.config();
  const own = Object.entries(environments).find(([name]) => name !== "*" && safeEnvironmentName(name) === environment)?.[1];
  const text = (own ?? environments["*"])?.expires;
  return text === undefined ? null : (parseDurationMs(text) ?? null);
}

/** @throws MR1080, MR8707 */
export async function createEnvironment(workspace: Workspace, name: string): Promise<EnvironmentsAnswer> {
  const environment = environmentOf(await workspace.config(), { asked: name });
  if (environment.name === PROD)
    throw new MillraceError({ code: "MR8707", message: "prod is there always: every other environment falls through to it" });
  const branch = workspace.branch();
  const isBranchs = branch !== null && safeEnvironmentName(branch) === environment.name;
  await (
    await workspace.commonWarehouse()
  ).transaction((tx) => noteEnvironment(tx, { environment: environment.name, kind: environment.kind, branch: isBranchs ? branch : null }));
  return listEnvironments(workspace);
}

/** @throws MR8702, MR8707 */
export async function dropEnvironment(workspace: Workspace, asked: string): Promise<EnvironmentDropAnswer> {
  const name = safeEnvironmentName(asked);
  if (name === PROD) throw new MillraceError({ code: "MR8707", message: "prod cannot be dropped" });
  const warehouse = await workspace.commonWarehouse();
  await knownEnvironment(warehouse, name);
  const assets = await warehouse.transaction(async (tx) => {
    const rows = (await readEnvironmentRows(tx, name)).filter(({ isHeld }) => !isHeld);
    const id = actId();
    await putAside(tx, { environment: name, assets: rows.map(({ asset }) => asset), act: id });
    await dropSchemas(tx, name);
    const gone = rows.map(({ asset, version }) => ({ asset, from: version, to: null }));
    await noteAct(tx, { id, act: "drop", environment: name, assets: gone, by: actor(), why: null });
    await showOnServers(
      workspace,
      tx,
      gone.map(({ asset }) => asset),
    );
    return rows.length;
  });
  (await environmentWarehouse(workspace, name)).forget();
  await showFiles(workspace);
  return { environment: name, assets };
}

/** @throws MR8702 */
export async function diffEnvironment(workspace: Workspace, asked: string): Promise<EnvironmentDiffAnswer> {
  const name = safeEnvironmentName(asked);
  const warehouse = await workspace.commonWarehouse();
  await knownEnvironment(warehouse, name);
  return warehouse.session(async (session) => {
    const [prod, own, rows] = [await readLive(session, PROD), await readLive(session, name), await readEnvironmentRows(session, name)];
    return {
      environment: name,
      to: PROD,
      assets: rows.map(({ asset, isHeld, version }) => {
        const [before, after] = [prod.get(asset), own.get(asset)];
        const isSame = before !== undefined && before.version === version;
        return {
          asset,
          change: isHeld ? "held" : before === undefined ? "added" : isSame ? "same" : "changed",
          from: before?.version ?? null,
          version,
          rows: { from: before?.rows ?? null, to: after?.rows ?? null },
          columns: columnsBetween(before, after),
        } as const;
      }),
      moved: await movedSince(session, name),
    };
  });
}

function columnsBetween(
  before: LiveVersion | undefined,
  after: LiveVersion | undefined,
): EnvironmentDiffAnswer["assets"][number]["columns"] {
  const [then, now] = [before, after].map((version) => new Map((version?.columns ?? []).map(({ name, type }) => [name, type])));
  if (before === undefined) return { added: [], removed: [], changed: [] };
  return {
    added: [...now!.keys()].filter((name) => !then!.has(name)),
    removed: [...then!.keys()].filter((name) => !now!.has(name)),
    changed: [...now!].flatMap(([name, type]) => (then!.has(name) && then!.get(name) !== type ? [name] : [])),
  };
}

/** @throws MR8702 */
export async function knownEnvironment(
  warehouse: { session<Result>(use: (session: Session) => Promise<Result>): Promise<Result> },
  name: string,
): Promise<void> {
  const known = await warehouse.session((session) => readEnvironments(session));
  if (known.some(({ environment }) => environment === name)) return;
  throw new MillraceError({
    code: "MR8702",
    message: `there is no environment ${name}`,
    hint:
      known.length === 0 ? "the first run on a branch makes one" : `there are ${known.map(({ environment }) => environment).join(", ")}`,
  });
}
