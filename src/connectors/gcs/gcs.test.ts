// Google Cloud Storage by its own client against a small server that speaks its API (there is no emulator in the registries), also with faults.
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fetchFile } from "../../filestores/fetch.ts";
import { find, signal, storeSuite } from "../../filestores/store.suite.ts";
import { startGcs, type TestGcs } from "../../../test/gcs.ts";
import { startTcpProxy } from "../../../test/tcp-proxy.ts";
import type { GcsSettings } from "./settings.ts";
import { type GcsStore, openGcs } from "./store.ts";

let server: TestGcs;
let folder: string;
beforeAll(async () => {
  server = await startGcs("lake");
  folder = mkdtempSync(join(tmpdir(), "millrace-gcs-test-"));
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const open = (more: Partial<GcsSettings> = {}, pageFiles?: number): Promise<GcsStore> =>
  openGcs({ bucket: "lake", endpoint: server.endpoint, ...more }, folder, pageFiles);

storeSuite(() => ({
  open: () => open(),
  put: (files) => Promise.resolve(Object.entries(files).forEach(([path, contents]) => server.put(path, contents))),
  get: (path) => Promise.resolve(server.get(path)),
}));

it("lists more files than one page holds, each once", async () => {
  for (let n = 0; n < 40; n++) server.put(`pages/${n}.csv`, "x");
  const found = await find(await open({}, 7), "pages/*.csv");
  expect([found.length, new Set(found.map(({ path }) => path)).size]).toEqual([40, 40]);
});

it("writes a large file in pieces", async () => {
  const contents = randomBytes(20_000_000);
  const from = join(folder, "up.bin");
  writeFileSync(from, contents);
  await (await open()).upload("large/up.bin", { from, sizeBytes: contents.length, signal });
  expect(server.get("large/up.bin")!.equals(contents)).toBe(true);
});

it("goes on where a download was cut", async () => {
  const contents = randomBytes(20_000_000);
  server.put("line/big.bin", contents);
  const proxy = await startTcpProxy(server.port);
  const store = await open({ endpoint: `http://127.0.0.1:${proxy.port}` });
  const file = (await store.look("line/big.bin", signal))!;
  let seen = 0;
  const from: number[] = [];
  const faulty = {
    origin: store.origin,
    list: store.list.bind(store),
    look: store.look.bind(store),
    close: () => store.close(),
    async *download(...args: Parameters<GcsStore["download"]>) {
      from.push(args[1].fromByte);
      for await (const piece of store.download(...args)) {
        yield piece;
        seen += piece.length;
        if (seen > 5_000_000) {
          seen = 0;
          proxy.cut();
        }
      }
    },
  };
  const into = join(folder, "fetched.bin");
  await fetchFile(faulty, file, { name: "big", into, silenceMs: 2_000, signal });
  expect(readFileSync(into).equals(contents)).toBe(true);
  expect(from.length).toBeGreaterThan(1);
  await proxy.close();
});

describe("what the service says", () => {
  it("is tried again when it may pass, and told in clear words when not", async () => {
    server.put("a.csv", "a");
    const store = await open();
    server.fail(503, 429);
    expect(await store.look("a.csv", signal)).toMatchObject({ sizeBytes: 1 });
    server.fail(403);
    await expect(store.look("a.csv", signal)).rejects.toMatchObject({ code: "MR3301", retryable: false });
    await expect(find(await open({ bucket: "none" }), "*.csv")).rejects.toMatchObject({ code: "MR3306" });
  });

  it("never shows credentials that cannot be read", async () => {
    const thrown = await open({ credentials: '{"private_key": "s3cret"' }).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: "MR3305" });
    expect(JSON.stringify(thrown)).not.toContain("s3cret");
  });
});
