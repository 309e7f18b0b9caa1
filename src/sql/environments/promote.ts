// Promotion: what an environment has of its own becomes prod's, in one transaction that moves the ledger's rows to other keys and makes the views.
//   O1. All views, versions, cursors, files and partitions change over together, or none; readers see prod as it was or as it will be, never a mix.
//   O2. Refused where prod has moved: what was built from other inputs than prod has, over other code than prod had, or on earlier rows of prod's where rows
//       depend on their past, would take something back.
//   O3. What prod had stays under keys of its own (`x@~ID`) until it is collected, so that the promotion is taken back as fast as it was made.
//   O4. Other environments go on seeing what they saw: what they had from prod is held for them until they run again.
import { asideAsset, ledgerAsset, PROD } from "../../model/environment.ts";
import { MillraceError } from "../../model/errors.ts";
import type { NodeId } from "../../model/graph.ts";
import { forgetRows, hideRows, moveKeys, readEnvironmentRows, readEnvironments } from "./ledger.ts";
import { showVersions } from "./views.ts";
import type { Session, Transaction } from "../session.ts";
import { literal } from "../text.ts";

export interface PromotionRequest {
  readonly id: string;
  readonly environment: string;
  readonly by: string;
  readonly why: string | null;
}

export interface PromotedAsset {
  readonly asset: NodeId;
  /** What readers saw before; null where there was nothing. */
  readonly from: string | null;
  readonly to: string | null;
}

/** Why an environment cannot take prod's place as it is. */
export interface Moved {
  readonly asset: NodeId;
  readonly reason: string;
}

interface ProdRow {
  readonly asset: NodeId;
  readonly version: string;
  readonly code: string;
  /** As `LiveVersion.begun`; null where its rows do not depend on their past. */
  readonly begun: string | null;
}

const ROWS_OF_PROD = "its rows did not begin with those that prod has: prod would lose them";

/** What has changed in prod since the environment was built, and what of the environment is not up to date itself. */
export async function movedSince(session: Session, environment: string): Promise<readonly Moved[]> {
  const rows = (await readEnvironmentRows(session, environment)).filter(({ isHeld }) => !isHeld);
  const own = new Map(rows.map((row) => [row.asset, row]));
  const prod = await liveRows(session, PROD);
  const mine = await liveRows(session, environment);
  return rows.flatMap(({ asset, key, base }) => {
    const built = mine.get(key);
    const theirs = prod.get(asset);
    if (built === undefined) return [];
    if (theirs !== undefined && theirs.code !== (base?.code ?? null) && theirs.code !== built.code)
      return [{ asset, reason: base?.code == null ? "prod has one by now" : "its definition was changed in prod" }];
    if (theirs === undefined && base?.code != null) return [{ asset, reason: "prod has it no longer" }];
    if (built.begun !== null && built.begun !== (theirs?.version ?? ""))
      return [
        { asset, reason: built.begun === "" ? ROWS_OF_PROD : `prod has other rows of it by now (it began with version ${built.begun})` },
      ];
    for (const [need, then] of Object.entries(base?.inputs ?? {})) {
      const now = prod.get(need)?.version;
      if (own.has(need) || now === then) continue;
      return [{ asset, reason: `${need} changed in prod (version ${now ?? "none"}, it was built from ${then})` }];
    }
    return [];
  });
}

/** O1–O4. @throws MR8703, MR8705 */
export async function promote(tx: Transaction, request: PromotionRequest): Promise<readonly PromotedAsset[]> {
  const { id, environment } = request;
  const rows = (await readEnvironmentRows(tx, environment)).filter(({ isHeld }) => !isHeld);
  if (rows.length === 0)
    throw new MillraceError({ code: "MR8705", message: `${environment} has nothing of its own: it shows what prod shows` });
  const moved = await movedSince(tx, environment);
  if (moved.length > 0) throw movedError(environment, moved, await runAgain(tx, environment));
  const prod = await liveRows(tx, PROD);
  const changes = rows.map(({ asset, version }) => ({ asset, from: prod.get(asset)?.version ?? null, to: version }));
  await swap(tx, { id, rows: changes, incoming: (asset) => ledgerAsset(asset, environment) });
  await tx.run(`update _millrace.rollbacks set environment = '${PROD}' where environment = $1 and ${CHANGED}`, [environment]);
  await hold(tx, { id, changes, except: environment });
  await showVersions(
    tx,
    changes.map(({ asset }) => asset),
  );
  await hideRows(tx, environment, rows);
  await noteAct(tx, { ...request, act: "promote", assets: changes });
  return changes;
}

export interface RollbackRequest {
  /** The promotion, or rollback of one, to take back. */
  readonly of: string;
  readonly id: string;
  readonly by: string;
  readonly why: string | null;
}

/** Takes a promotion (or the rollback of one) back. @throws MR8706 */
export async function takeBack(tx: Transaction, request: RollbackRequest): Promise<readonly PromotedAsset[]> {
  const { of, id } = request;
  const acts = await readActs(tx);
  const act = acts.find((each) => each.id === of);
  const refuse = (why: string): MillraceError =>
    new MillraceError({ code: "MR8706", message: `the promotion ${of} cannot be taken back: ${why}` });
  if (act === undefined || act.act === "drop") throw refuse("there is none of this id");
  if (act.endedAt !== null) throw refuse("that was done already");
  if (act.collectedAt !== null) throw refuse("the versions before it have been collected");
  const touched = new Set(act.assets.map(({ asset }) => asset));
  const later = acts.find(
    (each) => each.act !== "drop" && each.endedAt === null && each.at > act.at && each.assets.some(({ asset }) => touched.has(asset)),
  );
  if (later !== undefined) throw refuse(`${later.id} changed the same assets after it; take that back first`);
  const prod = await liveRows(tx, PROD);
  const changes = act.assets.map(({ asset, from }) => ({ asset, from: prod.get(asset)?.version ?? null, to: from }));
  await swap(tx, { id, rows: changes, incoming: (asset) => asideAsset(asset, of) });
  await showVersions(
    tx,
    changes.map(({ asset }) => asset),
  );
  await release(tx, new Set(changes.map(({ asset }) => asideAsset(asset, of))));
  await tx.run("update _millrace.promotions set ended_at = now() where promotion = $1", [of]);
  await noteAct(tx, { ...request, environment: act.environment, act: "rollback", assets: changes });
  return changes;
}

interface Swap {
  readonly id: string;
  readonly rows: readonly PromotedAsset[];
  /** The key under which the new version of an asset stands so far. */
  incoming(this: void, asset: NodeId): string;
}

/** Condition: an asset that is being swapped. */
const CHANGED = "asset in (select asset from _millrace_changes)";

/** What prod has of the assets goes aside, what comes takes its place. */
async function swap(tx: Transaction, { id, rows, incoming }: Swap): Promise<void> {
  const moves = new Map<string, string>();
  for (const { asset, from, to } of rows) {
    if (from !== null) moves.set(asset, asideAsset(asset, id));
    if (to !== null) moves.set(incoming(asset), asset);
  }
  await tx.run(
    `create or replace temp table _millrace_changes as select c[1] as asset, c[2] as version
     from (select unnest(from_json($1, '[["varchar"]]')) as c)`,
    [JSON.stringify(rows.map(({ asset, to }) => [asset, to]))],
  );
  await tx.run(`update _millrace.rollbacks set ended_at = coalesce(ended_at, now()) where environment = '${PROD}' and ${CHANGED}`);
  await moveKeys(tx, moves);
  await tx.run(
    `delete from _millrace.environments where environment = '${PROD}' and ${CHANGED};
     insert into _millrace.environments (environment, asset, version, "at")
       select '${PROD}', asset, version, now() from _millrace_changes where version is not null`,
  );
}

/** O4: environments that had these from prod keep them as they were, until they run again. */
async function hold(
  tx: Transaction,
  { id, changes, except }: { readonly id: string; readonly changes: readonly PromotedAsset[]; readonly except: string },
): Promise<void> {
  for (const environment of await branches(tx)) {
    if (environment === except) continue;
    const has = new Set((await readEnvironmentRows(tx, environment)).map(({ asset }) => asset));
    const held = changes.filter(({ asset, from }) => from !== null && !has.has(asset));
    if (held.length === 0) continue;
    const values = held.map(({ asset, from }) => `(${literal(environment)}, ${literal(asideAsset(asset, id))}, ${literal(from!)}, now())`);
    await tx.run(`insert into _millrace.environments (environment, asset, version, "at") values ${values.join(", ")}`);
    await showVersions(
      tx,
      held.map(({ asset }) => asideAsset(asset, id)),
      environment,
    );
  }
}

/** All environments but prod. */
async function branches(session: Session): Promise<readonly string[]> {
  const rows = await session.rows<{ environment: string }>(
    `select environment from (select environment from _millrace.environment_list union select environment from _millrace.environments)
     where environment <> '${PROD}' order by environment`,
  );
  return rows.map(({ environment }) => environment);
}

/** What was held for other environments is prod's again, and they follow it. */
async function release(tx: Transaction, keys: ReadonlySet<string>): Promise<void> {
  for (const environment of await branches(tx)) {
    const rows = await readEnvironmentRows(tx, environment);
    await forgetRows(
      tx,
      environment,
      rows.filter(({ key }) => keys.has(key)),
    );
  }
}

export interface Act {
  readonly id: string;
  readonly act: "promote" | "rollback" | "drop";
  readonly environment: string;
  readonly assets: readonly PromotedAsset[];
  readonly by: string;
  readonly why: string | null;
  readonly at: string;
  readonly endedAt: string | null;
  readonly collectedAt: string | null;
}

/** Newest first. */
export async function readActs(session: Session): Promise<readonly Act[]> {
  const rows = await session.rows<
    Record<"promotion" | "act" | "environment" | "assets" | "by" | "at", string> &
      Record<"why" | "ended_at" | "collected_at", string | null>
  >(
    'select promotion, act, environment, assets, "by", why, "at", ended_at, collected_at from _millrace.promotions order by "at" desc, promotion desc',
  );
  return rows.map(({ promotion, act, assets, ended_at: endedAt, collected_at: collectedAt, ...row }) => ({
    ...row,
    id: promotion,
    act: act as Act["act"],
    assets: JSON.parse(assets) as readonly PromotedAsset[],
    endedAt,
    collectedAt,
  }));
}

export async function noteAct(tx: Transaction, act: Pick<Act, "id" | "act" | "environment" | "assets" | "by" | "why">): Promise<void> {
  await tx.run("insert into _millrace.promotions values ($1, $2, $3, $4, $5, $6, now(), null, null)", [
    act.id,
    act.act,
    act.environment,
    JSON.stringify(act.assets),
    act.by,
    act.why,
  ]);
}

async function liveRows(session: Session, environment: string): Promise<ReadonlyMap<string, ProdRow>> {
  const rows = await session.rows<ProdRow>(
    `select e.asset, e.version, v.code_hash as code, v.begun from _millrace.environments e
       join _millrace.versions v on v.asset = e.asset and v.version = e.version where e.environment = $1`,
    [environment],
  );
  return new Map(rows.map((row) => [row.asset, row]));
}

/** What to type so that an environment is built on what prod is now: on its own branch, whose code it shows. */
export async function runAgain(session: Session, environment: string): Promise<string> {
  const branch = (await readEnvironments(session)).find((known) => known.environment === environment)?.branch ?? null;
  if (branch === null) return `millrace run --env ${environment}, with the code that ${environment} is to show`;
  const name = /^[\w./-]+$/.test(branch) ? branch : `'${branch.replaceAll("'", String.raw`'\''`)}'`;
  return `git checkout ${name} && millrace run`;
}

function movedError(environment: string, moved: readonly Moved[], again: string): MillraceError {
  const [first] = moved;
  const more = moved.length > 1 ? `, and ${moved.length - 1} more` : "";
  return new MillraceError({
    code: "MR8703",
    message: `${environment} cannot be promoted as it is: ${first!.asset}: ${first!.reason}${more}`,
    hint: `build it on what prod is now: ${again}`,
    errors: moved.slice(1).map(({ asset, reason }) => new MillraceError({ code: "MR8703", message: `${asset}: ${reason}` })),
  });
}
