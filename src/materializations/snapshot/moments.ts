// When the builds were of which a history is made, and what they read: what it takes to make the same history again from the raw zone.
import { pathOf, readVersions } from "../../load/versions.ts";
import type { Session, Transaction } from "../../sql/session.ts";
import { value } from "../../sql/text.ts";

export interface BuildMoment {
  readonly now: Date;
  readonly inputs: Readonly<Record<string, string>>;
}

/** In the transaction that publishes the version. */
export async function noteMoments(
  tx: Transaction,
  { asset, version }: { readonly asset: string; readonly version: string },
  moments: readonly BuildMoment[],
): Promise<void> {
  if (moments.length === 0) return;
  const rows = moments.map(({ now, inputs }) => {
    const moment = now.toISOString().replace("T", " ").replace("Z", "");
    return `(${[asset, version, moment, JSON.stringify(inputs)].map((cell) => value(cell)).join(", ")})`;
  });
  await tx.run(`insert into _millrace.moments values ${rows.join(", ")}`);
}

/** Of the builds that the live history is made of, the first first; those that a rollback took back are not among them. */
export async function readMoments(session: Session, asset: string): Promise<readonly BuildMoment[]> {
  const known = await readVersions(session, asset);
  const path = known.live === null ? undefined : pathOf(known, known.live);
  if (path === undefined) return [];
  const rows = await session.rows<{ now: number; inputs: string }>(
    `select epoch_ms(moment) as now, inputs from _millrace.moments where asset = $1 and list_contains(from_json($2, '["varchar"]'), version) order by moment`,
    [asset, JSON.stringify(path.map(({ version }) => version))],
  );
  return rows.map((row) => ({ now: new Date(row.now), inputs: JSON.parse(row.inputs) as Record<string, string> }));
}
