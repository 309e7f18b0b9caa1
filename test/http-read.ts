// Reads through the HTTP connector as the loader does, against servers of the test; everything ends with the test.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach } from "vitest";
import { http } from "../src/connectors/http/index.ts";
import type { Delivery, ReadContext, RowsDelivery } from "../src/load/connector.ts";
import { MillraceError } from "../src/model/errors.ts";
import { type Handler, startServer, type TestServer } from "./http-server.ts";

export interface HttpBench {
  readonly folder: string;
  /** What the last read logged. */
  readonly logged: string[];
  serve(handler: Handler): Promise<TestServer>;
  context(more?: Partial<ReadContext>): ReadContext;
  read(options: Record<string, unknown>, more?: Partial<ReadContext>): Promise<RowsDelivery[]>;
  rows(options: Record<string, unknown>, more?: Partial<ReadContext>): Promise<readonly any[]>;
  failure(options: Record<string, unknown>, more?: Partial<ReadContext>): Promise<MillraceError>;
}

export function httpBench(): HttpBench {
  const folder = mkdtempSync(join(tmpdir(), "millrace-http-"));
  const servers: TestServer[] = [];
  const logged: string[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const context = (more: Partial<ReadContext> = {}): ReadContext => {
    logged.length = 0;
    return {
      connection: undefined as never,
      projectDir: folder,
      tempDir: folder,
      since: undefined,
      signal: new AbortController().signal,
      connections: {},
      log: (level, message) => logged.push(`${level} ${message}`),
      ...more,
    };
  };
  const read: HttpBench["read"] = async (options, more) => {
    const deliveries: Delivery[] = [];
    for await (const delivery of http.read!(http.options.parse(options), context(more))) deliveries.push(delivery);
    return deliveries as RowsDelivery[];
  };
  return {
    folder,
    logged,
    context,
    read,
    async serve(handler) {
      const server = await startServer(handler);
      servers.push(server);
      return server;
    },
    rows: async (options, more) => (await read(options, more)).flatMap((delivery) => delivery.rows),
    async failure(options, more) {
      const thrown: unknown = await read(options, more).then(
        () => new Error("nothing was thrown"),
        (error: unknown) => error,
      );
      if (!(thrown instanceof MillraceError)) throw thrown;
      return thrown;
    },
  };
}

/** The body of a request. */
export async function bodyOf(raw: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of raw) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
