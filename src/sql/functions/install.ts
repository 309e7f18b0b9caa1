// Makes the project's macros where its queries are run: in the warehouse's schema `main` for prod, in an environment's own database in memory for that.
//   I1. A macro is made once what it reads is there, so this is asked before each build; what is there already costs a look into a map.
//   I2. What the project no longer has, or what cannot be made any more, is gone: an old body never takes part in a new version.
import { environmentSchema } from "../../model/environment.ts";
import { EnvironmentWarehouse } from "../environments/warehouse.ts";
import { createMacroSql, type Macro } from "./macros.ts";
import { isUnbound, noteBody, noteInstalled, readInstalled, textKey } from "./promoted.ts";
import type { Session } from "../session.ts";
import { ident, literal } from "../text.ts";
import type { Warehouse } from "../warehouse.ts";

const PROD_PLACE = "main";
/** Per warehouse and schema: name → hash of the body that is there. */
const installed = new WeakMap<Warehouse, Map<string, Map<string, string>>>();
const turns = new WeakMap<Warehouse, Promise<unknown>>();

/**
 * Makes those that can be made now; a query that calls another one is told so by DuckDB. `view`: an asset of an environment that is about to be a view;
 * views look into their own schema first, whoever reads them.
 */
export async function installMacros(
  warehouse: Warehouse,
  macros: readonly Macro[],
  { view }: { readonly view?: string } = {},
): Promise<void> {
  const before = turns.get(warehouse) ?? Promise.resolve();
  const turn = inTurn(before, warehouse, { macros, view });
  turns.set(
    warehouse,
    turn.catch(() => undefined),
  );
  await turn;
}

async function inTurn(
  before: Promise<unknown>,
  warehouse: Warehouse,
  { macros, view }: { readonly macros: readonly Macro[]; readonly view: string | undefined },
): Promise<void> {
  await before;
  const isOwn = warehouse instanceof EnvironmentWarehouse;
  await install(warehouse, macros, isOwn ? await warehouse.ownSchema() : PROD_PLACE);
  if (!isOwn || view === undefined) return;
  await install(warehouse, macros, ident(environmentSchema(view.slice(0, view.indexOf(".")), warehouse.environment)));
}

async function install(warehouse: Warehouse, macros: readonly Macro[], place: string): Promise<void> {
  const places = installed.get(warehouse) ?? new Map<string, Map<string, string>>();
  installed.set(warehouse, places);
  const known = places.get(place) ?? (place === PROD_PLACE ? await warehouse.session(readInstalled) : new Map<string, string>());
  places.set(place, known);
  if (known.size === macros.length && macros.every(({ name, hash }) => known.get(name) === hash)) return;
  const wanted = new Set(macros.map(({ name }) => name));
  for (const name of known.keys()) if (!wanted.has(name)) await remove(warehouse, { name, place, known });
  let open = macros.filter(({ name, hash }) => known.get(name) !== hash);
  for (let before = -1; open.length > 0 && open.length !== before;) {
    before = open.length;
    const left: Macro[] = [];
    for (const macro of open) if (!(await make(warehouse, { macro, place, known }))) left.push(macro);
    open = left; // one may call another
  }
  for (const { name } of open) if (known.has(name)) await remove(warehouse, { name, place, known });
}

interface Step {
  readonly place: string;
  readonly known: Map<string, string>;
}

async function make(warehouse: Warehouse, { macro, place, known }: Step & { readonly macro: Macro }): Promise<boolean> {
  const isViews = warehouse instanceof EnvironmentWarehouse && place !== (await warehouse.ownSchema());
  try {
    await warehouse.transaction(async (tx) => {
      await tx.run(createMacroSql(macro, place));
      if (place === PROD_PLACE) await noteInstalled(tx, macro.name, macro.hash);
      if (isViews || place === PROD_PLACE) await noteText(tx, macro);
    });
  } catch (error) {
    if (isUnbound(error)) return false;
    throw error;
  }
  known.set(macro.name, macro.hash);
  return true;
}

async function remove(warehouse: Warehouse, { name, place, known }: Step & { readonly name: string }): Promise<void> {
  const isGone = await warehouse.transaction(async (tx) => {
    // A view whose text is not the newest may still call it: one that means the same is not made anew.
    const called = await tx.row(`select 1 as x from duckdb_views() where not internal and contains(lower(sql), ${literal(name)}) limit 1`);
    if (called !== undefined) return false;
    await tx.run(`drop macro if exists ${place}.${ident(name)}`);
    await tx.run(`drop macro table if exists ${place}.${ident(name)}`);
    if (place === PROD_PLACE) await noteInstalled(tx, name, null);
    return true;
  });
  if (isGone) known.delete(name);
}

/** What others have made in prod's place is looked at again before the next build. */
export function forgetInstalled(warehouse: Warehouse): void {
  installed.get(warehouse)?.delete(PROD_PLACE);
}

/** What the views of an environment call, for the day when they become prod's; of prod, for the day when it is gone back to. */
async function noteText(session: Session, macro: Macro): Promise<void> {
  await noteBody(session, textKey(session.environment, macro.name), { sql: createMacroSql(macro, PROD_PLACE), hash: macro.hash });
}
