// The effects of the engines' chaos, in tables of PostgreSQL: an attempt says that it begins, which fences off every earlier one of its node; an effect is
// committed together with its entry in a ledger, which a later attempt finds. No constraint hides an effect that comes twice.
import pg from "pg";
import { MillraceError } from "../../src/model/errors.ts";

export interface Effect {
  readonly run: string;
  readonly node: string;
  readonly attempt: number;
  readonly engine: string;
}

export interface Effects {
  begin(effect: Effect): Promise<void>;
  /** @throws MR6003 for an attempt that a later one has fenced off. */
  commit(effect: Effect): Promise<void>;
}

export const EFFECT_TABLES = (schema: string): string => `
  create table ${schema}.begun (run text, node text, attempt integer, engine text);
  create table ${schema}.fence (run text, node text, attempt integer, primary key (run, node));
  create table ${schema}.ledger (run text, node text, primary key (run, node));
  create table ${schema}.effects (run text, node text, attempt integer, engine text);
  create table ${schema}.refused (run text, node text, attempt integer, engine text);`;

export function openEffects(url: string, schema: string): Effects {
  const pool = new pg.Pool({ connectionString: url, max: 4 });
  pool.on("error", () => {});
  const inTransaction = async (work: (client: pg.PoolClient) => Promise<void>): Promise<void> => {
    const client = await pool.connect();
    let broken: Error | undefined;
    try {
      await client.query("begin");
      await work(client);
      await client.query("commit");
    } catch (error) {
      broken = error as Error;
      await client.query("rollback").then(
        () => (broken = undefined),
        () => {},
      );
      throw error instanceof MillraceError ? error : new MillraceError({ code: "MR9001", message: String(error), retryable: true });
    } finally {
      client.release(broken);
    }
  };
  return {
    begin: ({ run, node, attempt, engine }) =>
      inTransaction(async (client) => {
        await client.query(`insert into ${schema}.begun values ($1, $2, $3, $4)`, [run, node, attempt, engine]);
        await client.query(
          `insert into ${schema}.fence as f values ($1, $2, $3) on conflict (run, node) do update set attempt = greatest(f.attempt, excluded.attempt)`,
          [run, node, attempt],
        );
      }),
    async commit({ run, node, attempt, engine }) {
      let isStale = false;
      await inTransaction(async (client) => {
        const { rows } = await client.query<{ attempt: number }>(
          `select attempt from ${schema}.fence where run = $1 and node = $2 for update`,
          [run, node],
        );
        isStale = rows[0]!.attempt > attempt;
        if (isStale) {
          await client.query(`insert into ${schema}.refused values ($1, $2, $3, $4)`, [run, node, attempt, engine]);
          return;
        }
        const { rowCount } = await client.query(`insert into ${schema}.ledger values ($1, $2) on conflict do nothing`, [run, node]);
        if (rowCount === 1) await client.query(`insert into ${schema}.effects values ($1, $2, $3, $4)`, [run, node, attempt, engine]);
      });
      if (isStale) throw new MillraceError({ code: "MR6003", message: "a later attempt has begun", retryable: true });
    },
  };
}
