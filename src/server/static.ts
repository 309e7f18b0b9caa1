// The page: files of dist/ui, and its one document for every address that is a page's.
//   S1. What can be asked for is what was listed when the server began, so no path leads out of the folder; hidden files are not listed.
//   S2. Files below /app/ have the hash of their content in their names and never change; all others are asked for again by their ETag.
import type { Context, Hono } from "hono";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzip } from "node:zlib";

const DOCUMENT = "/index.html";
const HASHED = "/app/";
/** No pages: what programs ask for is not answered with a page. */
const NO_PAGE = /^\/(?:api|mcp|hooks|healthz|app)(?:\/|$)/;
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
  ".md": "text/plain; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
};
const PACKED = /^(?:text|application\/(?:json|wasm|manifest))|svg/;
const PACKED_BYTES_MIN = 1_024;
const FILES_MAX = 2_000;
const pack = promisify(gzip);

interface Held {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly packed: Uint8Array<ArrayBuffer> | null;
  readonly etag: string;
  readonly type: string;
}

/** Where the build put the page; undefined where there is none, as before `npm run build`. */
export function pageFolder(): string | undefined {
  const places = ["../ui/", "../../dist/ui/"].map((place) => fileURLToPath(new URL(place, import.meta.url)));
  return places.find((place) => existsSync(join(place, DOCUMENT)));
}

export function addPage(app: Hono, folder: string): void {
  const files = filesIn(folder);
  const held = new Map<string, Promise<Held>>();
  const hold = (path: string): Promise<Held> => {
    const known = held.get(path) ?? read(files.get(path)!);
    held.set(path, known);
    known.catch(() => held.delete(path)); // the next request reads it again
    return known;
  };
  app.get("*", async (context, next) => {
    const { path } = context.req;
    if (path !== DOCUMENT && files.has(path)) return send(context, path, await hold(path));
    const isPage = path === "/" || path === DOCUMENT || (!NO_PAGE.test(path) && wantsPage(context) && isPlain(path));
    return isPage && files.has(DOCUMENT) ? send(context, DOCUMENT, await hold(DOCUMENT)) : next();
  });
}

function send(context: Context, path: string, { bytes, packed, etag, type }: Held): Response {
  const headers: Record<string, string> = {
    "content-type": type,
    etag,
    vary: "Accept-Encoding",
    "cache-control": path.startsWith(HASHED) ? "public, max-age=31536000, immutable" : "no-cache",
  };
  if ((context.req.header("if-none-match") ?? "").split(/,\s*/).includes(etag)) return context.body(null, 304, headers);
  const isPacked = packed !== null && /\bgzip\b/.test(context.req.header("accept-encoding") ?? "");
  return context.body(isPacked ? packed : bytes, 200, isPacked ? { ...headers, "content-encoding": "gzip" } : headers);
}

async function read(file: string): Promise<Held> {
  const bytes = new Uint8Array(await readFile(file));
  const type = TYPES[extname(file)] ?? "application/octet-stream";
  const packed = PACKED.test(type) && bytes.length >= PACKED_BYTES_MIN ? new Uint8Array(await pack(bytes)) : null;
  return { bytes, packed, etag: `W/"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`, type };
}

/** Address → file. */
function filesIn(folder: string): ReadonlyMap<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (name) => !name.split(sep).some((part) => part.startsWith(".")),
  );
  const files = names.slice(0, FILES_MAX).filter((name) => statSync(join(folder, name)).isFile());
  return new Map(files.map((name) => [`/${name.split(sep).join("/")}`, join(folder, name)]));
}

/** A browser that goes to an address, not a script or a picture that is missing. */
function wantsPage({ req }: Context): boolean {
  return (req.header("accept") ?? "").includes("text/html");
}

/** Addresses of pages have no way up in them, however it is written. */
function isPlain(path: string): boolean {
  let text = path;
  try {
    text = decodeURIComponent(path);
  } catch {
    return false;
  }
  return !text.includes("\0") && !text.includes("\\") && !text.split("/").some((part) => part === ".." || part === ".");
}
