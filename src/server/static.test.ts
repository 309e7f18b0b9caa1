import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Hono } from "hono";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { addPage } from "./static.ts";

const DOCUMENT = "<!doctype html><title>Millrace</title>";
const CODE = `console.log(${JSON.stringify("x".repeat(5_000))});`;
const HTML = { accept: "text/html,application/xhtml+xml" };

let dir: string;
let app: Hono;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "millrace-page-"));
  mkdirSync(join(dir, "ui/app"), { recursive: true });
  mkdirSync(join(dir, "ui/.vite"));
  writeFileSync(join(dir, "ui/index.html"), DOCUMENT);
  writeFileSync(join(dir, "ui/app/main-1a2b.js"), CODE);
  writeFileSync(join(dir, "ui/.vite/manifest.json"), "{}");
  writeFileSync(join(dir, "secrets.env"), "PASSWORD=secret");
  app = new Hono();
  addPage(app, join(dir, "ui"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const get = async (path: string, headers: Record<string, string> = {}): Promise<Response> => app.request(path, { headers });

describe("the page's files", () => {
  it("answer every address of a page with the document, also one with dots and escapes in it", async () => {
    for (const path of ["/", "/index.html", "/assets/clean.sales", "/runs/r_1?step=a", "/assets/%F0%9F%90%8C", "/no/such/page"]) {
      const answer = await get(path, HTML);
      expect([path, answer.status, await answer.text()]).toEqual([path, 200, DOCUMENT]);
      expect(answer.headers.get("cache-control")).toBe("no-cache");
    }
  });

  it("are kept by browsers for good when their names hold their hash, and packed for those who take it", async () => {
    const plain = await get("/app/main-1a2b.js");
    expect(await plain.text()).toBe(CODE);
    expect(plain.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(plain.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    const packed = await get("/app/main-1a2b.js", { "accept-encoding": "br, gzip" });
    expect(packed.headers.get("content-encoding")).toBe("gzip");
    expect(gunzipSync(new Uint8Array(await packed.arrayBuffer())).toString()).toBe(CODE);
    expect((await get("/", { "if-none-match": (await get("/")).headers.get("etag")! })).status).toBe(304);
  });

  it("are not mistaken for what is missing: a script, a picture, the API, an agent's address", async () => {
    for (const path of ["/app/main-0000.js", "/api/nonsense", "/api/v1/nonsense", "/mcp/x", "/healthz/x", "/hooks/x"])
      expect((await get(path, HTML)).status).toBe(404);
    expect((await get("/favicon.png", { accept: "image/*" })).status).toBe(404);
    expect((await get("/main.js")).status).toBe(404);
  });

  it.each([
    "/../secrets.env",
    "/..%2fsecrets.env",
    "/%2e%2e/secrets.env",
    "/app/..%2f..%2fsecrets.env",
    String.raw`/..\secrets.env`,
    "/..%5csecrets.env",
    "/%00",
    "/app/%2e%2e%2f%2e%2e%2fsecrets.env",
    "//etc/passwd",
    "/.vite/manifest.json",
    "/%E0%A4%A",
  ])("lead nowhere out of their folder: %s", async (path) => {
    for (const headers of [{}, HTML]) {
      const answer = await app.request(new Request(`http://localhost${path}`, { headers }));
      const text = await answer.text();
      expect(text).not.toContain("secret");
      expect([404, 200]).toContain(answer.status);
      if (answer.status === 200) expect(text).toBe(DOCUMENT);
    }
  });
});
