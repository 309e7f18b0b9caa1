// What all runs and processes of a project know together about HTTP services: how much of a budget is used, which refresh token is the current one,
// which batches of an export were taken. A small SQLite file in .millrace, readable by its owner only; without a project it lives in this process.
// Losing it costs politeness, never rows: budgets start anew, exports rely on their idempotency keys.
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "@photostructure/sqlite";
import { type Account, type Candidate, reserve, type Reservation, untouched } from "./arithmetic.ts";

type Database = InstanceType<typeof DatabaseSync>;

const BUSY_TIMEOUT_MS = 10_000;
const LEASE_MS = 60_000;
/** Batches of exports older than this are forgotten. */
const SENT_MS = 30 * 86_400_000;

export interface SharedState {
  /** Reserves the candidate that may start first, or tells how long it would take. */
  reserve(candidates: readonly Candidate[], limits: { readonly nowMs: number; readonly waitMaxMs: number }): Reservation;
  /** Nothing of this budget starts before. */
  closeUntil(key: string, untilMs: number): void;
  /** True: it is ours until it is released or a minute has passed. */
  lock(key: string, holder: string): boolean;
  release(key: string, holder: string): void;
  read(key: string): string | undefined;
  write(key: string, value: string): void;
  /** How many rows of this batch were refused; undefined: it was not sent. */
  refusedOf(token: string, batch: string): number | undefined;
  noteSent(token: string, batch: string, refused: number): void;
  close(): void;
}

/** The state of the project in this folder; of this process where there is none. */
export async function openShared(projectDir: string | undefined): Promise<SharedState> {
  return projectDir === undefined ? ofProcess : sqliteState(await openFile(projectDir));
}

async function openFile(projectDir: string): Promise<Database> {
  const sqlite = await import("@photostructure/sqlite");
  const folder = join(projectDir, ".millrace");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "http.sqlite");
  const database = new sqlite.DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  chmodSync(path, 0o600);
  database.exec(`pragma journal_mode = wal; pragma synchronous = normal;
    create table if not exists budgets (key text primary key, full_at real not null, closed_until real not null) without rowid;
    create table if not exists kept (key text primary key, value text, holder text, held_until real not null default 0) without rowid;
    create table if not exists sent (token text not null, batch text not null, at real not null, refused integer not null, primary key (token, batch)) without rowid;`);
  return database;
}

function sqliteState(database: Database): SharedState {
  const accounts = database.prepare("select full_at, closed_until from budgets where key = ?");
  const put = database.prepare("insert or replace into budgets (key, full_at, closed_until) values (?, ?, ?)");
  const account = (key: string): Account => {
    const row = accounts.get(key) as { full_at: number; closed_until: number } | undefined;
    return row === undefined ? untouched : { fullAtMs: row.full_at, closedUntilMs: row.closed_until };
  };
  const alone = <Result>(work: () => Result): Result => {
    database.exec("begin immediate");
    try {
      const result = work();
      database.exec("commit");
      return result;
    } catch (error) {
      database.exec("rollback");
      throw error;
    }
  };
  return {
    reserve: (candidates, limits) =>
      alone(() => {
        const reservation = reserve(candidates, account, limits);
        const { index, after } = reservation;
        if (after !== null) put.run(candidates[index]!.key, after.fullAtMs, after.closedUntilMs);
        return reservation;
      }),
    closeUntil: (key, untilMs) =>
      alone(() => {
        const before = account(key);
        if (untilMs > before.closedUntilMs) put.run(key, before.fullAtMs, untilMs);
      }),
    lock: (key, holder) =>
      alone(() => {
        const nowMs = Date.now();
        database.prepare("insert or ignore into kept (key) values (?)").run(key);
        const taken = database
          .prepare("update kept set holder = ?, held_until = ? where key = ? and (held_until < ? or holder = ?)")
          .run(holder, nowMs + LEASE_MS, key, nowMs, holder);
        return taken.changes === 1;
      }),
    release: (key, holder) => void database.prepare("update kept set held_until = 0 where key = ? and holder = ?").run(key, holder),
    read: (key) =>
      (database.prepare("select value from kept where key = ?").get(key) as { value: string | null } | undefined)?.value ?? undefined,
    write: (key, value) => {
      database
        .prepare("insert into kept (key, value) values (?, ?) on conflict (key) do update set value = excluded.value")
        .run(key, value);
    },
    refusedOf: (token, batch) =>
      (database.prepare("select refused from sent where token = ? and batch = ?").get(token, batch) as { refused: number } | undefined)
        ?.refused,
    noteSent: (token, batch, refused) => {
      const nowMs = Date.now();
      database.prepare("insert or replace into sent values (?, ?, ?, ?)").run(token, batch, nowMs, refused);
      if (batch.startsWith("1-")) database.prepare("delete from sent where at < ?").run(nowMs - SENT_MS);
    },
    close: () => database.close(),
  };
}

function memoryState(): SharedState {
  const accounts = new Map<string, Account>();
  const kept = new Map<string, { value?: string; holder?: string; heldUntilMs: number }>();
  const sent = new Map<string, number>();
  const account = (key: string): Account => accounts.get(key) ?? untouched;
  return {
    reserve(candidates, limits) {
      const reservation = reserve(candidates, account, limits);
      if (reservation.after !== null) accounts.set(candidates[reservation.index]!.key, reservation.after);
      return reservation;
    },
    closeUntil(key, untilMs) {
      const before = account(key);
      if (untilMs > before.closedUntilMs) accounts.set(key, { ...before, closedUntilMs: untilMs });
    },
    lock(key, holder) {
      const entry = kept.get(key) ?? { heldUntilMs: 0 };
      if (entry.heldUntilMs >= Date.now() && entry.holder !== holder) return false;
      kept.set(key, { ...entry, holder, heldUntilMs: Date.now() + LEASE_MS });
      return true;
    },
    release(key, holder) {
      const entry = kept.get(key);
      if (entry?.holder === holder) entry.heldUntilMs = 0;
    },
    read: (key) => kept.get(key)?.value,
    write: (key, value) => void kept.set(key, { ...(kept.get(key) ?? { heldUntilMs: 0 }), value }),
    refusedOf: (token, batch) => sent.get(`${token}\n${batch}`),
    noteSent: (token, batch, refused) => void sent.set(`${token}\n${batch}`, refused),
    close: () => undefined,
  };
}

const ofProcess: SharedState = memoryState();
