// A history made again from what was received: the loads of the asset that the model reads are carried out once more, and after each that one of its builds
// had read, the query of today is asked at the moment of that build. The user's text is not changed: its name for the asset means the state of that time.
//   R1. The same loads, the same query and the same moments give the same history.
//   R2. Nothing that readers see changes before all of it is made, checked and published in one transaction.
import { stoppedByChecks } from "../../load/audit.ts";
import { stoppedBy } from "../../load/audit-port.ts";
import type { BuildResult, InputStates } from "../../load/build-port.ts";
import { supersedeEarlier } from "../../load/quarantine.ts";
import { MillraceError } from "../../model/errors.ts";
import { alreadyCommitted, raiseFence } from "../../sql/ledger/fence.ts";
import { describeRelation, HIDDEN_COLUMNS, physicalName, physicalTable, publish, readLiveVersion } from "../../sql/ledger/publish.ts";
import type { Session, Transaction } from "../../sql/session.ts";
import { ident, literal, qualified } from "../../sql/text.ts";
import { hash } from "../hash.ts";
import type { ModelRequest } from "../materialization.ts";
import { createTableAs } from "../statement.ts";
import { applySnapshot, HIDDEN, SNAPSHOT_DEFAULT, shapeOf, shapeSnapshot } from "./apply.ts";
import { type BuildMoment, noteMoments, readMoments } from "./moments.ts";

const ROWS = 'temp.main."_millrace_snapshot"';
const HISTORY = ['temp.main."_millrace_history_0"', 'temp.main."_millrace_history_1"'] as const;

/** @throws MR4301 where not everything is kept, MR4304 where no load is one that the model read, MR4501, MR5006. */
export async function rebuildHistory(request: ModelRequest, states: InputStates): Promise<BuildResult> {
  const { warehouse, token, unit } = request;
  await raiseFence(warehouse, token);
  const done = await warehouse.session((session) => alreadyCommitted(session, token));
  if (done !== undefined) return done.result as BuildResult;
  const known = await warehouse.session((session) => readMoments(session, unit.id));
  return warehouse.session(async (session) => {
    const scope = `_millrace_states_${hash(token.run, token.node, token.attempt)}`;
    const path = await session.row<{ path: string; name: string }>(
      "select current_setting('search_path') as path, current_database() as name",
    );
    const making = new Making(session, request);
    await session.run(`drop table if exists ${HISTORY[0]}; drop table if exists ${HISTORY[1]}`);
    try {
      await enterScope(session, { scope, asset: states.asset, catalog: path!.name, before: path!.path });
      await states.replay(async ({ version, moment, relation }) => {
        const own = known.filter(({ inputs }) => inputs[states.asset] === version);
        const moments = known.length === 0 ? [{ now: new Date(`${moment.replace(" ", "T")}Z`), inputs: { [states.asset]: version } }] : own;
        const dot = states.asset.indexOf(".");
        const name = qualified(scope, states.asset.slice(0, dot), states.asset.slice(dot + 1));
        await session.run(`create or replace view ${name} as select * from ${ident(path!.name)}.${relation}`);
        for (const each of moments) await making.ask(each);
      });
      if (making.table === null)
        throw new MillraceError({
          code: "MR4304",
          message: `none of the loads of ${states.asset} that are kept is one that ${unit.id} was built of`,
          hint: "nothing was changed",
        });
      return await warehouse.transactionOn(session, (tx) => making.publish(tx));
    } finally {
      await session.run(`set search_path = ${literal(path!.path)}; detach database if exists ${ident(scope)}`);
      for (const table of [ROWS, ...HISTORY]) await session.run(`drop table if exists ${table}`);
    }
  });
}

/** The name of the asset means what stands in a database in memory; all other names what they always mean. */
async function enterScope(
  session: Session,
  { scope, asset, catalog, before }: { readonly scope: string; readonly asset: string; readonly catalog: string; readonly before: string },
): Promise<void> {
  const schema = asset.slice(0, asset.indexOf("."));
  await session.run(`attach ':memory:' as ${ident(scope)}; create schema if not exists ${qualified(scope, schema)}`);
  // In an environment names mean something already; what it does not say, the warehouse does.
  const rest = [...(before === "" ? [] : [before]), qualified(catalog, schema), qualified(catalog, "main")];
  const path = [qualified(catalog, "_millrace_data"), qualified(scope, schema), ...rest];
  await session.run(`set search_path = ${literal(path.join(","))}`);
}

class Making {
  readonly #session: Session;
  readonly #request: ModelRequest;
  readonly #moments: BuildMoment[] = [];
  table: string | null = null;
  constructor(session: Session, request: ModelRequest) {
    this.#session = session;
    this.#request = request;
  }

  /** What the query gives at a moment is held against what it gave before. */
  async ask(moment: BuildMoment): Promise<void> {
    const { unit, parameters, spec, signal } = this.#request;
    signal.throwIfAborted();
    const session = this.#session;
    await session.run(`drop table if exists ${ROWS}`);
    await createTableAs(session, ROWS, unit, { ...parameters, now: moment.now });
    const columns = await describeRelation(session, ROWS);
    const before = this.table === null ? [] : await describeRelation(session, this.table);
    const text = (list: readonly { readonly name: string; readonly type: string }[]): string =>
      JSON.stringify(list.map(({ name, type }) => [name, type]));
    if (this.table === null || text(shapeOf(columns, before)) !== text(before)) {
      const next = this.table === HISTORY[0] ? HISTORY[1] : HISTORY[0];
      await shapeSnapshot(session, { asset: unit.id, table: next, existing: this.table, columns, hidden: [] });
      if (this.table !== null) await session.run(`drop table ${this.table}`);
      this.table = next;
    }
    const keys = [spec.key ?? []].flat();
    await applySnapshot(session, {
      asset: unit.id,
      table: this.table,
      rows: ROWS,
      keys,
      spec: spec.snapshot ?? SNAPSHOT_DEFAULT,
      now: moment.now,
    });
    this.#moments.push(moment);
  }

  /** R2. */
  async publish(tx: Transaction): Promise<BuildResult> {
    const { unit, token, checks, audit, codeHash, inputs } = this.#request;
    const load = `b_${hash(token.run, token.node, token.attempt)}`;
    const physical = physicalName(unit.id, load);
    const table = physicalTable(physical);
    const hidden = HIDDEN.map(({ name, type }) => `${name === "_load" ? literal(load) : "null"}::${type} as ${name}`).join(", ");
    await tx.run(`create table ${table} as select *, ${hidden} from ${this.table}`);
    const { results } = await audit(tx, { asset: unit.id, table, load, run: token.run, physical });
    if (stoppedBy(results) !== undefined) throw stoppedByChecks(unit.id, results, checks);
    await supersedeEarlier(tx, unit.id, load);
    const row = await tx.row<{ n: number }>(`select count(*) as n from ${table}`);
    const version = hash(codeHash, load);
    const begun = (await readLiveVersion(tx, unit.id))?.begun;
    const notes = [`made again of ${this.#moments.length} builds, from the raw zone`];
    const result: BuildResult = { version, reused: false, rows: row?.n ?? 0, quarantined: 0, checks: results, notes };
    const body = { kind: "table", physical, hidden: HIDDEN_COLUMNS } as const;
    await publish(tx, { asset: unit.id, body, version, codeHash, inputs, rows: result.rows, checks: results, begun, token, result });
    await noteMoments(tx, { asset: unit.id, version }, this.#moments);
    return result;
  }
}
