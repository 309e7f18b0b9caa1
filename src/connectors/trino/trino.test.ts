// The Trino connector over real HTTP: pages, types, errors, cancelling, as the protocol describes them. (A real Trino is an archive of 784 MB, which is too
// heavy for every test run; the connector was tried against Trino 476.)
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReadContext } from "../../load/connector.ts";
import { trino } from "./index.ts";

interface Answer {
  readonly columns?: readonly { readonly name: string; readonly type: string }[];
  readonly pages?: readonly (readonly (readonly unknown[])[])[];
  readonly error?: string;
}

let server: Server;
let url = "";
let connection: DuckDBConnection;
const asked: string[] = [];
const cancelled: string[] = [];
let answer: (sql: string) => Answer = () => ({});
const answers = new Map<string, Answer>();

beforeAll(async () => {
  connection = await (await DuckDBInstance.create(":memory:")).connect();
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const send = (body: object): void => void response.setHeader("Content-Type", "application/json").end(JSON.stringify(body));
      if (request.method === "DELETE") {
        cancelled.push(request.url!);
        response.statusCode = 204;
        response.end();
        return;
      }
      if (request.method === "POST") {
        const id = `q${asked.push(Buffer.concat(parts).toString())}`;
        answers.set(id, answer(asked.at(-1)!));
        send({ id, nextUri: `${url}/v1/statement/${id}/0`, stats: { state: "QUEUED" } });
        return;
      }
      const [id = "", page = "0"] = request.url!.split("/").slice(3);
      const { columns, pages = [], error } = answers.get(id) ?? {};
      const at = Number(page);
      send({
        id,
        ...(columns === undefined ? {} : { columns }),
        ...(pages[at] === undefined ? {} : { data: pages[at] }),
        ...(error === undefined ? {} : { error: { message: error, errorName: "SYNTAX_ERROR" } }),
        ...(at + 1 < pages.length ? { nextUri: `${url}/v1/statement/${id}/${at + 1}` } : {}),
        stats: { state: "RUNNING" },
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  connection.closeSync();
  server.closeAllConnections();
  server.close();
});

const columns = [
  { name: "id", type: "bigint" },
  { name: "at", type: "timestamp(3) with time zone" },
  { name: "tags", type: "array(bigint)" },
];

async function read(into: string): Promise<unknown[][]> {
  const context = {
    connection,
    projectDir: "",
    tempDir: "",
    since: undefined,
    signal: new AbortController().signal,
    connections: {},
    log: () => {},
  } satisfies ReadContext;
  for await (const delivery of trino.read!({ url, query: "select * from t" }, context)) {
    if (delivery.kind === "table") await delivery.fill({ connection, into });
  }
  return (await connection.runAndReadAll(`select * from ${into}`)).getRowsJson();
}

describe("trino", () => {
  it("reads all pages, whole numbers and nested values exactly", async () => {
    answer = (sql) =>
      sql.includes("runtime.nodes")
        ? { columns: [{ name: "v", type: "varchar" }], pages: [[["476"]]] }
        : sql.includes("limit 0")
          ? { columns, pages: [[]] }
          : { columns, pages: [[["9223372036854775807", "2024-05-01 10:00:00.123 UTC", "[9007199254740993]"]], [], [["2", null, null]]] };
    expect(await read("r1")).toEqual([
      ["9223372036854775807", "2024-05-01 10:00:00.123+00", "[9007199254740993]"],
      ["2", null, null],
    ]);
    expect(asked.at(-1)).toBe(
      "select cast(c0 as varchar), cast(at_timezone(c1, 'UTC') as varchar), json_format(cast(c2 as json)) from (select * from t) q(c0, c1, c2)",
    );
  });

  it("tells an error that comes with a later page, and leaves no table", async () => {
    const before = answer;
    answer = (sql) =>
      sql.startsWith("select cast") ? { columns, pages: [[["1", null, null]], []], error: "line 1:1: no such thing" } : before(sql);
    await expect(read("r2")).rejects.toThrow("trino: line 1:1: no such thing");
    await expect(connection.run("from r2")).rejects.toThrow(/r2/);
  });

  it("says that a server is not there, without the password", async () => {
    const context = {
      connection,
      projectDir: "",
      tempDir: "",
      since: undefined,
      signal: new AbortController().signal,
      connections: {},
      log: () => {},
    };
    const failure: unknown = await trino.test!({ url: "http://u:hunter2@127.0.0.1:1", catalog: "c" }, context).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: "MR4850", retryable: true });
    expect(JSON.stringify(failure)).not.toContain("hunter2");
  });
});
