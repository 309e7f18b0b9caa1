// PostgreSQL as an engine: models are built where their data lies. Tables stand in `_millrace_data`, readers see views in the assets' schemas.
import type { Client } from "pg";
import { close, serverOf, type Server } from "../../connectors/postgres/connect.ts";
import { postgresOptions } from "../../connectors/postgres/options.ts";
import { postgresDelivery } from "../../connectors/postgres/read.ts";
import { originOf } from "../../connectors/postgres/select.ts";
import { describeColumns } from "../../connectors/postgres/types.ts";
import { defineEngine, type EngineContext, type EngineServer } from "../../load/engine-port.ts";
import { ident, literal, qualified } from "../../sql/text.ts";
import { auditThere } from "./audit.ts";
import { buildThere, columnsOf, searchIn } from "./build.ts";
import { postgresCapabilities } from "./capabilities.ts";
import { DATA, ensureNotes } from "./notes.ts";
import { hideViews, showView, shownOf } from "./show.ts";
import { copiesOf, stageCopy } from "./stage.ts";
import { stateOfTable } from "./state.ts";
import { textOfCheck } from "./text.ts";

export const postgresEngine = defineEngine({
  name: "postgres",
  summary: "Models run on PostgreSQL, where their data lies: tables and views, audited and shown in one transaction.",
  connector: "postgres",
  capabilities: postgresCapabilities,
  open: openServer,
});

const DROP_PATIENCE = "500ms";

function openServer(context: EngineContext): EngineServer {
  const { connection, owner, signal } = context;
  const server = serverOf(postgresOptions.partial().parse(connection), { connections: {} });
  const retire = async (asset: string, kept: readonly string[]): Promise<void> => {
    await within(server, "dropping old versions", async (client) => {
      const { rows } = await client.query<{ physical: string }>(
        "select physical from _millrace.tables where asset = $1 and owner = $2 and physical <> all($3::text[])",
        [asset, owner, kept],
      );
      for (const { physical } of rows) {
        // What somebody reads now, or a view of his rests on, stays until the next time.
        await client
          .query(
            `begin; set local lock_timeout = '${DROP_PATIENCE}'; drop table if exists ${qualified(DATA, physical)};
             ${["tables", "watched", "parts"].map((name) => `delete from _millrace.${name} where physical = ${literal(physical)}`).join("; ")}; commit`,
          )
          .catch(() => client.query("rollback"));
      }
    });
  };
  return {
    place: server.place,
    build: (build) => buildThere(build, { server, owner, signal, placed: placeSql }),
    check: ({ asset, shown, reads, checks }) =>
      within(server, `checking ${asset}`, async (client) => {
        await client.query("begin isolation level repeatable read, read only");
        const relation = qualified(...shown);
        return auditThere(client, { asset, relation, reads }, checks, await columnsOf(client, relation));
      }),
    state: (options) =>
      within(server, "asking what changed", async (client) => {
        const parsed = postgresOptions.parse(options);
        return stateOfTable(client, await originOf(client, parsed), parsed);
      }),
    copy: ({ sql, connection: duckdb, into }) => {
      const read = { ...context, connection: duckdb, since: undefined, connections: {} };
      return postgresDelivery(postgresOptions.parse({ ...connection, query: sql }), read).fill({ connection: duckdb, into, signal });
    },
    async stage(of) {
      const staged = await stageCopy(of, { context, place: server.place, within: (doing, work) => within(server, doing, work) });
      await retire(copiesOf(of.asset), [staged.physical]);
      return staged;
    },
    async show(assets, versions) {
      await within(server, "showing versions", async (client) => {
        await ensureNotes(client);
        await client.query("begin; set local lock_timeout = '60s'");
        const before = await client.query<{ path: string }>("select current_setting('search_path') as path");
        for (const { reads, searchPath, ...version } of versions) {
          await client.query("select set_config('search_path', $1, true)", [before.rows[0]!.path]);
          await searchIn(client, searchPath);
          await showView(client, { ...version, sql: textOfCheck(version.sql, reads), owner });
        }
        // What goes, goes last: what reads it may be replaced before.
        const stays = new Set(versions.map(({ shown }) => shown.join("\0")));
        const there = await shownOf(client, assets, owner);
        await hideViews(
          client,
          there.filter((place) => !stays.has(place.join("\0"))),
        );
        await client.query("commit");
      });
    },
    retire,
  };
}

/** What a source in its place is: its table, or its query. */
async function placeSql(client: Client, options: unknown): Promise<string> {
  const parsed = postgresOptions.parse(options);
  const origin = await originOf(client, parsed);
  const columns = parsed.columns === undefined ? [] : [parsed.columns].flat();
  const list = columns.length === 0 ? "*" : columns.map(ident).join(", ");
  const sql = `select ${list} from ${origin.from}${parsed.where === undefined ? "" : ` where (${parsed.where}\n)`}`;
  await describeColumns(client, sql);
  return sql;
}

async function within<Result>(server: Server, doing: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  const client = await server.connect();
  try {
    return await work(client);
  } catch (error) {
    throw server.failure(error, doing);
  } finally {
    close(client);
  }
}
