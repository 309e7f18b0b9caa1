// Files of exported queries: fetched as they lie on disk, so that neither the server nor the page holds them.
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import type { Hono } from "hono";
import { API_ROOT } from "../model/api-paths.ts";
import type { ApiPort } from "../operations/port.ts";
import { errorAnswer } from "./errors.ts";

export function addQueryFiles(server: Hono, port: ApiPort): void {
  server.get(`${API_ROOT}/query/exports/:export`, async (context) => {
    try {
      const { path, name, type, bytes } = await (await port.app(undefined)).queryFile(context.req.param("export"));
      const body = Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>;
      return context.newResponse(body, 200, {
        "content-type": type,
        "content-length": String(bytes),
        "content-disposition": `attachment; filename="${name}"`,
        "cache-control": "no-store",
      });
    } catch (thrown) {
      const { status, answer } = errorAnswer(thrown);
      return context.json(answer, status as 404);
    }
  });
}
