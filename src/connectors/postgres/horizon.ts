// Which rows a cursor load takes, so that it misses none of a transaction that was open and takes none twice. Every row version carries the number of the
// transaction that wrote it (xmin), and a snapshot knows the lowest number that was still at work: its horizon.
//   H1. A load takes only rows below its horizon: all transactions there have ended, sub-transactions too (their numbers are above their parent's).
//   H2. The next load takes from that horizon on. Where nobody was in a transaction when the last load looked, rows before the cursor are somebody's later
//       doing and are left alone, so that an index on the cursor serves; where somebody was, every row of the window is taken.
//   H3. So each row version is in one window at most, and none of a transaction that was open is missed, however long it took.
import type { Client } from "pg";
import type { Json } from "../../load/connector.ts";
import { ident, literal } from "../../sql/text.ts";

/** Kept with the rows; opaque to the loader. */
export type Position = {
  readonly kind: "horizon";
  /** The server's own id and the database: numbers of transactions mean nothing elsewhere. */
  readonly cluster: string;
  /** The horizon: what was below it was looked at. */
  readonly low: string;
  /** The first number that was not given yet. */
  readonly next: string;
  /** Somebody was in a transaction, also one without a number yet, whose rows may get an older cursor than those that were seen. */
  readonly open: boolean;
};

/** Numbers are compared round a circle; half of it is unambiguous. */
const WINDOW_MAX = 2n ** 31n - 1_000_000n;

/** Whoever is in a transaction locks its virtual number; all may see that. */
const OTHERS = `select exists (select 1 from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a using (pid) where l.locktype = 'virtualxid' and l.granted
  and l.pid <> pg_backend_pid() and a.datname = current_database() and coalesce(a.backend_type, 'client backend') = 'client backend') as open`;

export interface Horizon {
  readonly position: Position;
  /** Since when somebody holds the horizon back; null when nobody does. */
  readonly heldSince: string | null;
}

/** The horizon of the snapshot of the client's transaction. */
export async function readHorizon(client: Client, cluster: string): Promise<Horizon> {
  const { rows } = await client.query<{ low: string; next: string }>(
    "select txid_snapshot_xmin(s)::text as low, txid_snapshot_xmax(s)::text as next from txid_current_snapshot() s",
  );
  const { low, next } = rows[0]!;
  const { rows: others } = await client.query<{ open: boolean }>(OTHERS);
  // A number that was given since the snapshot may be of one who was in a transaction and is not any more.
  const { rows: given } = await client.query<{ some: boolean }>(`select ${age(next)} > 0 as some`);
  const position: Position = { kind: "horizon", cluster, low, next, open: others[0]!.open || given[0]!.some };
  if (low === next) return { position, heldSince: null };
  const { rows: holders } = await client.query<{ since: string }>(
    "select xact_start::text as since from pg_catalog.pg_stat_activity where backend_xid::text = $1 and xact_start is not null",
    [text32(low)],
  );
  return { position, heldSince: holders[0]?.since ?? "a moment ago" };
}

/** Identifies server and database; outside of the transaction, since it may be refused. */
export async function clusterOf(client: Client): Promise<string> {
  const database = await client.query<{ oid: string }>("select oid::text from pg_catalog.pg_database where datname = current_database()");
  const system = await client
    .query<{ id: string }>("select system_identifier::text as id from pg_catalog.pg_control_system()")
    .catch(() => null);
  return `${system?.rows[0]?.id ?? "?"}/${database.rows[0]?.oid ?? "?"}`;
}

/** The position of the last load, when it is one of ours and of this server. */
export function positionOf(position: Json | undefined, now: Position): Position | null {
  const given = position as Position | undefined | null;
  if (given?.kind !== "horizon" || given.cluster !== now.cluster) return null;
  const distance = BigInt(now.low) - BigInt(given.low);
  return distance >= 0n && distance < WINDOW_MAX ? given : null;
}

export interface Window {
  readonly now: Position;
  readonly before: Position | null;
  readonly cursor: string;
  /** Condition that a row at or after the cursor meets; null: every row. */
  readonly fromCursor: string | null;
}

/** The rows of the window, as conditions that must all hold. `age` counts backwards: the younger a row, the smaller. */
export function windowConditions({ now, before, cursor, fromCursor }: Window): readonly string[] {
  const conditions = now.low === now.next ? [] : [`age(xmin) > ${age(now.low)}`];
  if (before === null) return fromCursor === null ? conditions : [...conditions, fromCursor];
  conditions.push(`age(xmin) <= ${age(before.low)}`);
  if (fromCursor === null || before.open) return conditions;
  // A prepared transaction has a number and nobody in it.
  const held = before.low === before.next ? "" : ` or age(xmin) > ${age(before.next)}`;
  return [...conditions, `(${fromCursor} or ${ident(cursor)} is null${held})`];
}

function age(number: string): string {
  return `age(${literal(text32(number))}::xid)`;
}

/** A row shows the lower 32 bits. */
function text32(number: string): string {
  return (BigInt(number) & 0xff_ff_ff_ffn).toString();
}
