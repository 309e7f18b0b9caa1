// The warehouse: one DuckDB file with one owner process, one instance and several connections.
//   W1. One instance per path per process: opening a path again gives the same instance (a second one would diverge and lose the lock).
//   W2. `transaction` commits all or nothing. It tries again when another writer was in the way, so its function must only act through `tx`.
//   W3. What a caller sees after a failure is what was there before the transaction began, also when the disk is full.
//   W4. A killed process must leave a file that opens again, so no statement may be used whose log DuckDB 1.5.5 cannot replay: ALTER TYPE … USING
//       with a function, ADD COLUMN … DEFAULT with a function, DELETE and then RENAME of one table in one transaction, types made in a schema.
//   W5. What a death in the middle of a checkpoint tore is put right before the file is opened (torn.ts).
import { existsSync, mkdirSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import { messageOf, MillraceError } from "../model/errors.ts";
import { version } from "../model/version.ts";
import { isConflict, isFatal, openingFailure, translateFailure } from "./failure.ts";
import { prepareFunctions } from "./functions/millrace.ts";
import { dropOrphans, prepareLedger, pruneFences } from "./ledger/ledger.ts";
import { noteVersionsKept, readVersionsKept, VERSIONS_KEPT } from "./ledger/retire.ts";
import { Session, Transaction } from "./session.ts";
import { dropShadows } from "./ledger/shadow.ts";
import { mendTorn } from "./torn.ts";

export interface WarehouseSettings {
  readonly path: string;
  /** As DuckDB writes it: `1GB`. Default: DuckDB's own, 80 % of the memory. */
  readonly memoryLimit?: string;
  readonly threads?: number;
  /** Where DuckDB spills. Default: beside the file. */
  readonly tempDirectory?: string;
  /** Versions of an asset to keep, the live one included. Default: VERSIONS_KEPT. */
  readonly versionsKept?: number;
}

/** Tries of one transaction before a conflict is an error (MR5007). */
const TRIES_MAX = 12;
const IDLE_SESSIONS_MAX = 8;
const opened = new Map<string, Promise<Warehouse>>();

/** Opens or creates the warehouse. @throws MR5001 held by another process, MR5002 newer, MR5003 damaged, MR5004 not writable, MR5005 disk full. */
export async function openWarehouse(settings: WarehouseSettings): Promise<Warehouse> {
  const path = canonicalPath(settings.path);
  const known = opened.get(path);
  if (known !== undefined) {
    const warehouse = await known;
    warehouse.holders += 1;
    return warehouse;
  }
  const opening = openFirst(path, settings);
  opened.set(path, opening);
  opening.catch(() => opened.delete(path));
  return opening;
}

export class Warehouse {
  readonly path: string;
  /** Who opened it and has not closed it yet; the last one closes the file. */
  holders = 1;
  readonly instance: DuckDBInstance;
  private readonly idle: Session[] = [];
  private readonly busy = new Set<Session>();
  private readonly guests: Warehouse[] = [];
  private closed = false;

  constructor(path: string, instance: DuckDBInstance) {
    this.path = path;
    this.instance = instance;
  }

  /** Runs `use` on a connection of its own, outside any transaction: each statement commits by itself. */
  async session<Result>(use: (session: Session) => Promise<Result>): Promise<Result> {
    const session = await this.acquire();
    try {
      return await use(session);
    } catch (error) {
      throw this.failed(error);
    } finally {
      this.release(session);
    }
  }

  /** All or nothing. `work` may run several times (W2). @throws what `work` throws; MR5005 disk full, MR5007 conflicts, MR5009 closed. */
  async transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return retried(() => this.session((session) => inTransaction(session, work)));
  }

  /** As `transaction`, on a session that the caller holds: what is temporary in it is in sight. */
  async transactionOn<Result>(session: Session, work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return retried(() => inTransaction(session, work));
  }

  /** Closes the file when the last holder closes it; running statements are interrupted. */
  close(): void {
    this.holders -= 1;
    if (this.holders > 0 || this.closed) return;
    this.abandon();
  }

  /** Another set of sessions on the same file; it is closed with this one. */
  welcome<Guest extends Warehouse>(guest: Guest): Guest {
    this.guests.push(guest);
    return guest;
  }

  protected async connect(): Promise<Session> {
    return new Session(await this.instance.connect());
  }

  protected async acquire(): Promise<Session> {
    if (this.closed) throw new MillraceError({ code: "MR5009", message: `The warehouse ${this.path} is closed.` });
    const session = this.idle.pop() ?? (await this.connect());
    this.busy.add(session);
    return session;
  }

  protected release(session: Session): void {
    this.busy.delete(session);
    if (!this.closed && this.idle.length < IDLE_SESSIONS_MAX) this.idle.push(session);
    else session.close();
  }

  private failed(error: unknown): unknown {
    if (isFatal(error)) this.abandon(); // so that this process can open the file again
    return translateFailure(error, this.path);
  }

  protected abandon(): void {
    if (this.closed) return;
    opened.delete(this.path);
    for (const guest of this.guests) guest.endSessions();
    this.endSessions();
    this.instance.closeSync();
  }

  private endSessions(): void {
    this.closed = true;
    for (const session of this.busy) session.connection.interrupt(); // closed when they are given back
    for (const session of this.idle.splice(0)) session.close();
  }
}

/** Tries a transaction again while other writers are in its way. */
async function retried<Result>(transaction: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await transaction();
    } catch (error) {
      if (!isConflict(error)) throw error;
      if (tries >= TRIES_MAX) {
        throw new MillraceError({
          code: "MR5007",
          message: `Other writers were in the way ${tries} times: ${messageOf(error)}`,
          retryable: true,
          cause: error,
        });
      }
      await pause(2 ** Math.min(tries, 6) * (1 + (tries % 3)));
    }
  }
}

async function inTransaction<Result>(session: Session, work: (tx: Transaction) => Promise<Result>): Promise<Result> {
  await session.run("begin");
  try {
    const result = await work(new Transaction(session.connection, session.statements, session.environment));
    await session.run("commit");
    return result;
  } catch (error) {
    await session.run("rollback").catch(() => undefined); // DuckDB rolls back by itself when a commit fails
    throw error;
  }
}

async function openFirst(path: string, settings: WarehouseSettings): Promise<Warehouse> {
  let instance: DuckDBInstance;
  try {
    mkdirSync(dirname(path), { recursive: true });
    await mendTorn(path);
    instance = await DuckDBInstance.create(path, options(settings));
  } catch (error) {
    throw openingFailure(error, path);
  }
  const warehouse = new Warehouse(path, instance);
  try {
    await warehouse.session(async (session) => {
      await prepareLedger(session, path, version);
      await prepareFunctions(session);
      await dropShadows(session);
      await dropOrphans(session);
      await pruneFences(session);
    });
    const { versionsKept = VERSIONS_KEPT } = settings;
    if ((await warehouse.session((session) => readVersionsKept(session))) !== versionsKept)
      await warehouse.transaction((tx) => noteVersionsKept(tx, versionsKept));
    return warehouse;
  } catch (error) {
    warehouse.close();
    throw error instanceof MillraceError ? error : openingFailure(error, path);
  }
}

function options(settings: WarehouseSettings): Record<string, string> {
  return {
    preserve_insertion_order: "true", // line numbers come from the order of rows
    ...(settings.memoryLimit === undefined ? {} : { memory_limit: settings.memoryLimit }),
    ...(settings.threads === undefined ? {} : { threads: String(settings.threads) }),
    ...(settings.tempDirectory === undefined ? {} : { temp_directory: settings.tempDirectory }),
  };
}

/** One name for one file, whatever links lead to it. */
function canonicalPath(path: string): string {
  const full = resolve(path);
  if (existsSync(full)) return realpathSync(full);
  return existsSync(dirname(full)) ? join(realpathSync(dirname(full)), basename(full)) : full;
}
