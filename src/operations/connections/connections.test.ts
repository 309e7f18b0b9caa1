// Connections as they are told: no secret among them, whether the other side answers.
import { DatabaseSync } from "@photostructure/sqlite";
import { join } from "node:path";
import { expect, it } from "vitest";
import { testProjects } from "../projects.suite.ts";

const { project, open } = testProjects("connections", "name: shop\n");

const config = `name: shop
connections:
  county:
    postgres: { url: "postgres://reader:hunter22@127.0.0.1:1/county" }
  other:
    postgres: { url: "postgres://reader:\${secret:MISSING_HERE}@127.0.0.1:1/county" }
  local:
    sqlite: { path: data/x.db }
  lost:
    sqlite: { path: data/y.db }
`;

it("tells settings without secrets, what is missing and who uses them", async () => {
  const app = await open(
    project({ "millrace.yaml": config, "sources/sales.yaml": "from: { sqlite: { connection: local, table: sales } }\n" }),
  );
  const { connections, connectors } = await app.connections();
  expect(JSON.stringify(connections)).not.toContain("hunter22");
  expect(connections.map(({ connection, connector, canBeTested }) => [connection, connector, canBeTested])).toEqual([
    ["county", "postgres", true],
    ["other", "postgres", true],
    ["local", "sqlite", true],
    ["lost", "sqlite", true],
  ]);
  expect(connections[0]!.settings).toEqual([{ key: "url", value: "postgres://reader:***@127.0.0.1:1/county" }]);
  expect(connections[1]!.needs).toEqual([{ kind: "secret", name: "MISSING_HERE", isThere: false }]);
  expect(connections[2]!.usedBy).toEqual(["raw.sales"]);
  expect(connectors.find(({ connector }) => connector === "postgres")).toMatchObject({ reads: true, writes: true });
});

it("asks the other side, whose silence is an answer", async () => {
  const dir = project({ "millrace.yaml": config, "data/about.txt": "" });
  const database = new DatabaseSync(join(dir, "data/x.db"));
  database.exec("create table sales (id integer)");
  database.close();
  const app = await open(dir);
  expect(await app.connectionTest("local")).toMatchObject({ status: "reached", connector: "sqlite", error: null });
  expect(await app.connectionTest("lost")).toMatchObject({
    status: "failed",
    detail: null,
    error: { message: expect.stringContaining("y.db") },
  });
  expect((await app.connectionTest("other")).error).toMatchObject({ code: "MR1051" });
  expect(JSON.stringify(await app.connectionTest("county"))).not.toContain("hunter22");
  await expect(app.connectionTest("countty")).rejects.toMatchObject({ code: "MR8147", hint: 'did you mean "county"?' });
});
