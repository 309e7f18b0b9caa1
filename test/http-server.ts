// A real HTTP server on a loopback port for tests: answers by path, counts and remembers what it was asked.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface TestServer {
  readonly url: string;
  /** "GET /path?query" of every request, in order. */
  readonly asked: readonly string[];
  readonly requests: readonly { readonly url: string; readonly headers: IncomingMessage["headers"] }[];
  close(): Promise<void>;
}

export type Handler = (
  request: { readonly url: URL; readonly count: number; readonly raw: IncomingMessage },
  response: ServerResponse,
) => unknown;

export async function startServer(handler: Handler): Promise<TestServer> {
  const requests: { readonly url: string; readonly headers: IncomingMessage["headers"] }[] = [];
  const server = createServer((raw, response) => {
    requests.push({ url: `${raw.method} ${raw.url}`, headers: raw.headers });
    handler({ url: new URL(raw.url ?? "/", "http://localhost"), count: requests.length, raw }, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get asked() {
      return requests.map((request) => request.url);
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export function sendJson(response: ServerResponse, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(200, { "content-type": "application/json", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}
