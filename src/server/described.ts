// The API described: for programs at /api/openapi.json, for people at /api. Made when it is first asked for.
import type { Context, Hono } from "hono";
import { createHash } from "node:crypto";
import { version } from "../model/version.ts";

interface Described {
  readonly document: string;
  readonly page: string;
  readonly style: string;
  readonly etag: string;
}

const PATHS = { "/api/openapi.json": "document", "/api": "page", "/api/reference.css": "style" } as const;
const TYPES = { document: "application/json; charset=utf-8", page: "text/html; charset=utf-8", style: "text/css; charset=utf-8" } as const;

export function addDescription(server: Hono): void {
  let made: Promise<Described> | undefined;
  for (const [path, what] of Object.entries(PATHS))
    server.get(path, async (context: Context) => {
      const { etag, ...texts } = await (made ??= describe());
      const headers = { etag, "cache-control": "no-cache, private" };
      if (context.req.header("if-none-match") === etag) return context.newResponse(null, 304, headers);
      return context.newResponse(texts[what], 200, { ...headers, "content-type": TYPES[what] });
    });
}

async function describe(): Promise<Described> {
  const [{ builtSchemas, openApiDocument }, { referencePage, REFERENCE_STYLE: style }] = await Promise.all([
    import("./openapi.ts"),
    import("./reference.ts"),
  ]);
  const schemas = await builtSchemas();
  const document = JSON.stringify(openApiDocument(version, schemas));
  const page = referencePage(version, schemas);
  const etag = `"${createHash("sha256").update(document).update(page).update(style).digest("base64url").slice(0, 22)}"`;
  return { document, page, style, etag };
}
