// The MySQL connector against a real MariaDB: the suite that all connectors pass.
import { createConnection, type Connection, type RowDataPacket } from "mysql2/promise";
import { afterAll, beforeAll } from "vitest";
import { startMariadb, type TestMariadb } from "../../../test/mariadb.ts";
import { type SuiteRow, testConnector } from "../../testing/connector.suite.ts";
import { mysql } from "./index.ts";
import type { MysqlOptions } from "./options.ts";

let server: TestMariadb;
let client: Connection;
let places = 0;
beforeAll(async () => {
  server = await startMariadb();
  client = await createConnection(server.url);
});
afterAll(async () => {
  await client.end();
  await server.stop();
});

testConnector<MysqlOptions>("mysql", {
  connector: mysql,
  source: {
    async put(rows) {
      await client.query("drop table if exists people");
      await client.query("create table people (id int primary key, name text) character set utf8mb4");
      for (let from = 0; from < rows.length; from += 500)
        await client.query("insert into people values ?", [rows.slice(from, from + 500).map(({ id, name }) => [id, name])]);
      return { url: server.url, table: "people" };
    },
    wrong: () => ({ options: { url: server.url.replace("hunter2", "other-secret"), table: "people" }, secret: "other-secret" }),
  },
  destination: {
    fresh: () => Promise.resolve({ url: server.url, table: `out_${++places}` }),
    async rows({ table }) {
      const [rows] = await client.query<(SuiteRow & RowDataPacket)[]>(`select id, name from ${table}`);
      return rows.map(({ id, name }) => ({ id, name }));
    },
  },
});
