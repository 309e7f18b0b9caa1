// The ClickHouse connector against the real engine: the suite that all connectors pass, and all types.
import { createClient, type ClickHouseClient } from "@clickhouse/client";
import { afterAll, beforeAll } from "vitest";
import { startClickhouse, type TestClickhouse } from "../../../test/clickhouse.ts";
import { type SuiteRow, testConnector } from "../../testing/connector.suite.ts";
import { clickhouse } from "./index.ts";
import type { ClickhouseOptions } from "./options.ts";

let server: TestClickhouse;
let client: ClickHouseClient;
let places = 0;
beforeAll(async () => {
  server = await startClickhouse();
  client = createClient({ url: server.url });
});
afterAll(async () => {
  await client.close();
  await server.stop();
});

testConnector<ClickhouseOptions>("clickhouse", {
  connector: clickhouse,
  source: {
    async put(rows) {
      await client.command({ query: "drop table if exists people" });
      await client.command({ query: "create table people (id Int32, name Nullable(String)) engine = MergeTree order by id" });
      if (rows.length > 0) await client.insert({ table: "people", values: rows, format: "JSONEachRow" });
      return { url: server.url, table: "people" };
    },
    wrong: () => ({ options: { url: server.url.replace("hunter2", "other-secret"), table: "people" }, secret: "other-secret" }),
  },
  destination: {
    fresh: () => Promise.resolve({ url: server.url, table: `out_${++places}` }),
    async rows({ table }) {
      const result = await client.query({ query: `select toInt32(id) as id, name from ${table}`, format: "JSONEachRow" });
      return await result.json<SuiteRow>();
    },
  },
});
