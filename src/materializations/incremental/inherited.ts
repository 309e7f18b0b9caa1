// What an append model of a branch begins with: the rows that the branch saw so far, prod's. Its query alone would not give them again, and a promotion would
// take them from prod. With new code all of it is made anew, there as here; an environment of the kind e2e holds what it made itself.
import { isSameCode } from "../../model/code-hash.ts";
import { splitLedgerAsset } from "../../model/environment.ts";
import { repeatedRows } from "../../load/merge.ts";
import { readEnvironments } from "../../sql/environment-ledger.ts";
import { readIncrement } from "../../sql/intervals.ts";
import { HIDDEN_COLUMNS, type LiveVersion, physicalTable, readLiveVersion } from "../../sql/publish.ts";
import type { Session, Transaction } from "../../sql/session.ts";
import { ident } from "../../sql/text.ts";
import type { IncrementBuild } from "./build.ts";
import type { Columns } from "./made.ts";

/** Puts them beside the new rows in `table`, which then lacks those that were there already. How many there are. */
export async function inheritRows(
  tx: Transaction,
  build: IncrementBuild,
  { table, columns }: { readonly table: string; readonly columns: Columns },
): Promise<number> {
  const seen = await inherited(tx, build, columns);
  if (seen === undefined) return 0;
  const known = new Set(seen.columns.map(({ name }) => name));
  const cells = columns.map(({ name, type }) => `${known.has(name) ? ident(name) : "null"}::${type} as ${ident(name)}`).join(", ");
  const from = physicalTable(seen.physical);
  await tx.run(
    `delete from ${table} where rowid in (${repeatedRows({ table, columns }, `(select ${cells} from ${from})`, columns[0]!.name, null)})`,
  );
  return tx.run(`insert into ${table} by name select ${cells}, ${HIDDEN_COLUMNS.map((name) => ident(name)).join(", ")} from ${from}`);
}

async function inherited(
  tx: Session,
  { request, how, own }: IncrementBuild,
  columns: Columns,
): Promise<(LiveVersion & { readonly physical: string }) | undefined> {
  const { asset, environment } = splitLedgerAsset(request.unit.id);
  if (environment === null || own !== undefined || how.mode !== "append" || request.fullRefresh) return undefined;
  const known = (await readEnvironments(tx)).find((each) => each.environment === environment);
  const live = known?.kind === "e2e" ? undefined : await readLiveVersion(tx, asset);
  if (live === undefined || live.kind !== "table" || live.physical === null) return undefined;
  if ((await readIncrement(tx, live.asset, live.version))?.mode !== how.mode) return undefined;
  const types = new Map(live.columns.map(({ name, type }) => [name, type]));
  const isAlike = types.size === columns.length && columns.every(({ name, type }) => types.get(name) === type);
  if (!how.forwardOnly && !(isAlike && isSameCode(live.codeHash, request.codeHash))) return undefined;
  return { ...live, physical: live.physical };
}
