// The SQLite connector in the suite that all connectors pass.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";
import { afterAll } from "vitest";
import { type SuiteRow, testConnector } from "../../testing/connector.suite.ts";
import { sqlite } from "./index.ts";
import type { SqliteOptions } from "./options.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-sqlite-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let places = 0;

testConnector<SqliteOptions>("sqlite", {
  connector: sqlite,
  source: {
    put(rows) {
      const path = join(folder, "in.sqlite");
      const database = new DatabaseSync(path);
      database.exec(
        "pragma journal_mode = wal; drop table if exists people; create table people (id integer primary key, name text); begin",
      );
      const insert = database.prepare("insert into people values (?, ?)");
      for (const { id, name } of rows) insert.run(id, name);
      database.exec("commit");
      database.close();
      return Promise.resolve({ path, table: "people" });
    },
    wrong: () => ({ options: { path: join(folder, "not-there.sqlite"), table: "people" }, secret: "hunter2" }),
  },
  destination: {
    fresh: () => Promise.resolve({ path: join(folder, `out-${++places}.sqlite`), table: "people" }),
    rows({ path }) {
      const database = new DatabaseSync(path);
      const rows = database.prepare("select id, name from people").all() as unknown as SuiteRow[];
      database.close();
      return Promise.resolve(rows.map(({ id, name }) => ({ id, name })));
    },
  },
});
