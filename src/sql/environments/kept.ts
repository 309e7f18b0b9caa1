// What an environment keeps as its own although its code and what it reads are as in prod: intervals of it were restated there. It holds as long as prod
// shows the version that these rows began with; `_millrace._meta` notes that.
import type { Session, Transaction } from "../session.ts";
import { literal } from "../text.ts";

function keyOf(environment: string, asset: string): string {
  return `kept@${environment}:${asset}`;
}

export async function noteKept(
  tx: Transaction,
  { environment, asset, version }: { readonly environment: string; readonly asset: string; readonly version: string },
): Promise<void> {
  const key = literal(keyOf(environment, asset));
  await tx.run(`delete from _millrace._meta where key = ${key}; insert into _millrace._meta values (${key}, ${literal(version)})`);
}

/** Asset → version of prod's. */
export async function readKept(session: Session, environment: string): Promise<ReadonlyMap<string, string>> {
  const prefix = keyOf(environment, "");
  const rows = await session.rows<{ key: string; value: string }>(
    `select key, value from _millrace._meta where starts_with(key, ${literal(prefix)})`,
  );
  return new Map(rows.map(({ key, value }) => [key.slice(prefix.length), value]));
}
