// Exactly once, in two rules:
//   E1. An attempt commits only when no newer attempt of its (run, node) has raised its fence; both write the fence's row, so that
//       DuckDB itself tells them apart when they do it at the same time.
//   E2. The commit of a (run, node) leaves a row that the next attempt finds: it reports the same result and does nothing.
import type { JsonValue } from "../../model/answers.ts";
import { environmentOfKey } from "../../model/environment.ts";
import { MillraceError } from "../../model/errors.ts";
import type { Session, Transaction } from "../session.ts";
import type { Warehouse } from "../warehouse.ts";

/** The right to commit: one try of one node of one run. */
export interface AttemptToken {
  readonly run: string;
  readonly node: string;
  readonly attempt: number;
}

/** What an earlier attempt of the same (run, node) committed. */
export interface Commit {
  readonly asset: string;
  readonly version: string;
  readonly attempt: number;
  readonly result: JsonValue;
}

/**
 * The fences of the first attempts at the nodes of a run that is about to begin, in one transaction: each attempt then finds that its own stands,
 * and has nothing to write before it commits.
 */
export async function raiseFirstFences(warehouse: Warehouse, run: string, nodes: readonly string[]): Promise<void> {
  await warehouse.transaction((tx) =>
    tx.run(
      `insert into _millrace.fences select $1, node, 1, 0, now() from (select unnest(from_json($2, '["varchar"]')) as node)
       where node not in (select node from _millrace.fences where run = $1)`,
      [run, JSON.stringify(nodes)],
    ),
  );
}

/** Called when an attempt starts: lower attempts can no longer commit. @throws MR5006 when a higher attempt was here first. */
export async function raiseFence(warehouse: Warehouse, token: AttemptToken): Promise<void> {
  await warehouse.transaction(async (tx) => {
    const highest = await fenceOf(tx, token);
    if (highest === null) {
      await tx.run("insert into _millrace.fences values ($1, $2, $3, 0, now())", [token.run, token.node, token.attempt]);
    } else if (highest > token.attempt) {
      throw stale(token, highest);
    } else if (highest < token.attempt) {
      await tx.run('update _millrace.fences set attempt = $3, "at" = now() where run = $1 and node = $2', [
        token.run,
        token.node,
        token.attempt,
      ]);
    }
  });
}

/** Called in the committing transaction. @throws MR5006 when the attempt is stale. */
export async function passFence(tx: Transaction, token: AttemptToken): Promise<void> {
  const passed = await tx.run("update _millrace.fences set commits = commits + 1 where run = $1 and node = $2 and attempt <= $3", [
    token.run,
    token.node,
    token.attempt,
  ]);
  if (passed > 0) return;
  const highest = await fenceOf(tx, token);
  if (highest !== null) throw stale(token, highest);
  await tx.run("insert into _millrace.fences values ($1, $2, $3, 1, now())", [token.run, token.node, token.attempt]);
}

/** The commit of an earlier attempt of the same (run, node), if there is one. */
export async function alreadyCommitted(session: Session, token: Pick<AttemptToken, "run" | "node">): Promise<Commit | undefined> {
  const row = await session.row<{ asset: string; version: string; attempt: number; result: string }>(
    "select asset, version, attempt, result from _millrace.commits where run = $1 and node = $2",
    [token.run, token.node],
  );
  return row === undefined ? undefined : { ...row, result: JSON.parse(row.result) as JsonValue };
}

/** Leaves the row that `alreadyCommitted` finds. `result` is what a later attempt reports in place of working. */
export async function recordCommit(tx: Transaction, token: AttemptToken, asset: string, version: string, result: JsonValue): Promise<void> {
  await tx.run("insert into _millrace.commits values ($1, $2, $3, $4, $5, $6, now())", [
    token.run,
    token.node,
    token.attempt,
    asset,
    version,
    JSON.stringify(result),
  ]);
}

/**
 * For a commit that leaves its row in any case: what an earlier attempt committed, in one query with the fence and the version that readers see. A first attempt needs no fence of its own,
 * since later ones raise it and find the commit's row; and there is no commit before it to look for. Commits of one (run, node) must come one after the other.
 * @throws MR5006 when the attempt is stale.
 */
export async function committedOrFree(
  tx: Transaction,
  token: AttemptToken,
  asset: string,
): Promise<{ readonly committed: JsonValue | undefined; readonly version: string | null }> {
  const committed = await committedOrFenced(tx, token);
  if (committed !== undefined) return { committed, version: null };
  const row = await tx.row<{ version: string }>("select version from _millrace.environments where environment = $2 and asset = $1", [
    asset,
    environmentOfKey(asset),
  ]);
  return { committed: undefined, version: row?.version ?? null };
}

/** As `committedOrFree`, for what is no asset. @throws MR5006 when the attempt is stale. */
export async function committedOrFenced(tx: Transaction, token: AttemptToken): Promise<JsonValue | undefined> {
  const done = token.attempt > 1 ? await alreadyCommitted(tx, token) : undefined;
  if (done !== undefined) return done.result;
  const highest = await fenceOf(tx, token);
  if (highest !== null && highest > token.attempt) throw stale(token, highest);
  return undefined;
}

async function fenceOf(session: Session, token: AttemptToken): Promise<number | null> {
  const row = await session.row<{ attempt: number | null }>(
    "select max(attempt) as attempt from _millrace.fences where run = $1 and node = $2",
    [token.run, token.node],
  );
  return row?.attempt ?? null;
}

function stale(token: AttemptToken, highest: number): MillraceError {
  return new MillraceError({
    code: "MR5006",
    message: `Attempt ${token.attempt} of ${token.node} in run ${token.run} may not commit: attempt ${highest} has started since.`,
  });
}
