// Rows of the warehouse on the server, for models there that read them: a table per version of the asset, copied once, and shown under the asset's own name in
// a schema that nobody else reads, so that the text of a model may call it as it is called.
//   C1. What is there of a version is complete: the table is noted when all its rows are committed.
import { createHash, randomUUID } from "node:crypto";
import type { Client } from "pg";
import { postgresOptions } from "../../connectors/postgres/options.ts";
import { writePostgres } from "../../connectors/postgres/write.ts";
import type { EngineContext, EngineServer, Place } from "../../load/engine-port.ts";
import { viewOfKey } from "../../model/environment.ts";
import { qualified } from "../../sql/text.ts";
import { DATA, ensureNotes } from "./notes.ts";
import { showView } from "./show.ts";

type Staging = Parameters<EngineServer["stage"]>[0];
type Staged = Awaited<ReturnType<EngineServer["stage"]>> & { readonly physical: string };

const SCHEMA = "_millrace_copies_";
const NAME_CHARACTERS_MAX = 36;
/** Copies that are being made, so that models that begin together wait for one. */
const running = new Map<string, Promise<Staged>>();

export interface Stager {
  readonly context: EngineContext;
  readonly place: string;
  within<Result>(this: void, doing: string, work: (client: Client) => Promise<Result>): Promise<Result>;
}

/** The tables of an asset's copies stand under this name in the notes. */
export function copiesOf(asset: string): string {
  return `copy:${asset}`;
}

export function stageCopy(staging: Staging, stager: Stager): Promise<Staged> {
  const physical = physicalOf(staging);
  const key = `${stager.place} ${stager.context.owner} ${physical}`;
  const known = running.get(key);
  if (known !== undefined) return known;
  const made = stageOnce(staging, stager, physical).finally(() => running.delete(key));
  running.set(key, made);
  return made;
}

async function stageOnce({ asset, version, sql, connection }: Staging, stager: Stager, physical: string): Promise<Staged> {
  const { context, within } = stager;
  const doing = `copying ${asset}`;
  const isThere = await within(doing, async (client) => {
    await ensureNotes(client);
    const { rowCount } = await client.query("select 1 from _millrace.tables where physical = $1 and to_regclass($2) is not null", [
      physical,
      qualified(DATA, physical),
    ]);
    return rowCount !== 0;
  });
  let rows: number | null = null;
  if (!isThere) {
    const options = postgresOptions.parse({ ...context.connection, table: `${DATA}.${physical}` });
    const written = await writePostgres(options, {
      ...context,
      connections: {},
      since: undefined,
      connection,
      query: sql,
      mode: "replace",
      key: [],
      token: randomUUID(),
    });
    ({ rows } = written);
  }
  const [schema, name] = viewOfKey(asset);
  const shown: Place = [`${SCHEMA}${schema}`, name];
  await within(doing, async (client) => {
    await client.query("begin; set local lock_timeout = '60s'");
    await client.query("insert into _millrace.tables (physical, asset, owner) values ($1, $2, $3) on conflict (physical) do nothing", [
      physical,
      copiesOf(asset),
      context.owner,
    ]);
    const view = { asset: copiesOf(asset), version, sql: `select * from ${qualified(DATA, physical)}`, owner: context.owner };
    await showView(client, { ...view, shown });
    await client.query("commit");
  });
  return { place: shown, physical, rows };
}

function physicalOf({ asset, version }: Staging): string {
  const readable = asset.replaceAll(/[^A-Za-z0-9_]+/g, "__").slice(0, NAME_CHARACTERS_MAX);
  return `${readable}__copy_${createHash("sha256").update(`${asset}\0${version}`).digest("hex").slice(0, 16)}`;
}
