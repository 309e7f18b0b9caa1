// The HTTP connector keeps what every connector promises: read from a paginated API, written to one that keeps rows by id.
import { afterAll } from "vitest";
import { sendJson, startServer, type TestServer } from "../../../test/http-server.ts";
import { bodyOf } from "../../../test/http-read.ts";
import { type SuiteRow, testConnector } from "../../testing/connector.suite.ts";
import { http } from "./index.ts";

const servers: TestServer[] = [];
afterAll(() => Promise.all(servers.map((server) => server.close())));
async function serve(...given: Parameters<typeof startServer>): Promise<string> {
  const server = await startServer(...given);
  servers.push(server);
  return server.url;
}

const places = new Map<string, Map<number, SuiteRow>>();

testConnector("http", {
  connector: http,
  source: {
    async put(rows) {
      const url = await serve(({ url }, response) => {
        const from = Number(url.searchParams.get("from") ?? 0);
        sendJson(response, { rows: rows.slice(from, from + 500), next: from + 500 < rows.length ? `/?from=${from + 500}` : null });
      });
      return http.options.parse({ url, rows: "rows", pagination: { next: "next" } });
    },
    wrong: () => ({
      options: http.options.parse({ url: "http://127.0.0.1:1/?key=planted-secret", attempts: 1, auth: { bearer: "planted-secret" } }),
      secret: "planted-secret",
    }),
  },
  destination: {
    async fresh() {
      const stored = new Map<number, SuiteRow>();
      const url = await serve(async ({ raw }, response) => {
        const given = JSON.parse(await bodyOf(raw)) as SuiteRow[];
        for (const row of given) {
          if (raw.method === "DELETE") stored.delete(row.id);
          else stored.set(row.id, row);
        }
        sendJson(response, {});
      });
      places.set(url, stored);
      return http.options.parse({ url });
    },
    rows: async ({ url }) => [...places.get(url!)!.values()],
  },
});
