// The suite that every connector passes, against a real PostgreSQL.
import { Client } from "pg";
import { afterAll, beforeAll } from "vitest";
import { startPostgres, type TestPostgres } from "../../../test/postgres.ts";
import { testConnector, type SuiteRow } from "../../testing/connector.suite.ts";
import { postgres } from "./index.ts";

let server: TestPostgres;
let url = "";
let tables = 0;

beforeAll(async () => {
  server = await startPostgres({ fsync: "off" });
  url = await server.createDatabase();
});
afterAll(() => server.stop());

async function withClient<Result>(use: (client: Client) => Promise<Result>): Promise<Result> {
  const client = new Client(url);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

testConnector("postgres", {
  connector: postgres,
  source: {
    async put(rows) {
      await withClient(async (client) => {
        await client.query("drop table if exists suite; create table suite (id integer primary key, name text)");
        await client.query("insert into suite select * from json_to_recordset($1) as r(id integer, name text)", [JSON.stringify(rows)]);
      });
      return { url, table: "suite" };
    },
    wrong: () => ({
      options: { url: `postgres://nobody:planted-secret@127.0.0.1:${server.port}/nothing`, table: "suite" },
      secret: "planted-secret",
    }),
  },
  destination: {
    fresh: () => Promise.resolve({ url, table: `public.suite_${++tables}` }),
    rows: ({ table }) => withClient(async (client) => (await client.query<SuiteRow>(`select id::integer as id, name from ${table}`)).rows),
  },
});
