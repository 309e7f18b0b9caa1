// Rows that depend on their past (a history, appended rows, code that is for new rows only) begin in an environment with those of prod, and hold for prod only
// as long as prod has these still: the version notes from which of prod's it began ("": from none), and who finds another there begins again.
import { PROD, splitLedgerAsset } from "../../model/environment.ts";
import { readEnvironments } from "../environments/ledger.ts";
import type { AttemptToken } from "./fence.ts";
import { type LiveVersion, physicalName, physicalTable, readLiveVersion, showBody } from "./publish.ts";
import { recordShown } from "./record.ts";
import { dropOldVersions } from "./retire.ts";
import type { Session, Transaction } from "../session.ts";
import { recordStep } from "./steps.ts";
import { literal } from "../text.ts";

export interface Past {
  /** What the rows go on from: the environment's own version, or prod's, to be copied; undefined: from none. */
  readonly from: LiveVersion | undefined;
  readonly isProds: boolean;
  /** What the version that comes of it notes. */
  readonly begun: string;
}

/** Undefined for what is prod's. An environment of the kind e2e begins with nothing: it is no place to go on from with what prod has. */
export async function pastOf(
  session: Session,
  { key, own, fullRefresh }: { readonly key: string; readonly own: LiveVersion | undefined; readonly fullRefresh: boolean },
): Promise<Past | undefined> {
  const { asset, environment } = splitLedgerAsset(key);
  if (environment === PROD || environment === null) return undefined;
  const theirs = await readLiveVersion(session, asset, PROD);
  const now = theirs?.version ?? "";
  const known = (await readEnvironments(session)).find((each) => each.environment === environment);
  if (known?.kind === "e2e") return { from: own, isProds: false, begun: fullRefresh ? now : (own?.begun ?? "") };
  // Whoever asks for everything knows that it is not what was there.
  const isOwn = fullRefresh || theirs === undefined || (own !== undefined && own.begun === now);
  return { from: isOwn ? own : { ...theirs, rolledBack: null }, isProds: !isOwn, begun: now };
}

/** Copies the rows of prod's version and what the ledger says of it: it is the environment's own, as if it had been built there. */
export async function takeOver(
  tx: Transaction,
  { key, from, token, load }: { readonly key: string; readonly from: LiveVersion; readonly token: AttemptToken; readonly load: string },
): Promise<LiveVersion> {
  if (from.physical === null) throw new Error(`${from.asset} has no rows to take over`);
  const { version, hidden } = from;
  const physical = physicalName(key, `prod_${load}`);
  await tx.run(`create table ${physicalTable(physical)} as select * from ${physicalTable(from.physical)}`);
  await showBody(tx, key, { kind: "table", physical, hidden });
  const replaced = await tx.rows<{ physical: string }>(
    "select physical from _millrace.versions where asset = $1 and version = $2 and physical is not null",
    [key, version],
  );
  const changed: Record<string, readonly string[]> = {
    versions: [`${literal(physical)} as physical`, `${literal(version)} as begun`, 'now() as "at"'],
    increments: ['now() as "at"'],
    intervals: [],
  };
  for (const [table, others] of Object.entries(changed)) {
    await tx.run(`delete from _millrace.${table} where asset = $1 and version = $2`, [key, version]);
    await tx.run(
      `insert into _millrace.${table} by name select * replace (${[`${literal(key)} as asset`, ...others].join(", ")})
       from _millrace.${table} where asset = $1 and version = $2`,
      [from.asset, version],
    );
  }
  await tx.run("delete from _millrace.partitions where asset = $1", [key]);
  await tx.run(
    `insert into _millrace.partitions by name select * replace (${literal(key)} as asset) from _millrace.partitions where asset = $1`,
    [from.asset],
  );
  await recordStep(tx, { asset: key, version, token });
  await recordShown(tx, { asset: key, version, inputs: from.inputs, isFirst: false });
  await dropOldVersions(
    tx,
    key,
    replaced.map(({ physical: old }) => old),
  );
  return { ...from, asset: key, physical, begun: version };
}
