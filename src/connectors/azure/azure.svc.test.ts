// Azure Blob Storage against Azurite, also through a line that is cut.
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BlobServiceClient, StorageSharedKeyCredential, type ContainerClient } from "@azure/storage-blob";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fetchFile } from "../../filestores/fetch.ts";
import { find, signal, storeSuite } from "../../filestores/store.suite.ts";
import { startAzurite, type TestAzure } from "../../../test/azurite.ts";
import { startTcpProxy } from "../../../test/tcp-proxy.ts";
import type { AzureSettings } from "./settings.ts";
import { type AzureStore, openAzure } from "./store.ts";

let server: TestAzure;
let container: ContainerClient;
let folder: string;
beforeAll(async () => {
  server = await startAzurite();
  folder = mkdtempSync(join(tmpdir(), "millrace-azure-test-"));
  container = new BlobServiceClient(server.endpoint, new StorageSharedKeyCredential(server.account, server.accountKey)).getContainerClient(
    "lake",
  );
  await container.create();
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const open = (more: Partial<AzureSettings> = {}): Promise<AzureStore> =>
  openAzure({ container: "lake", account: server.account, accountKey: server.accountKey, endpoint: server.endpoint, ...more });
const put = async (path: string, contents: Uint8Array | string): Promise<unknown> =>
  container.getBlockBlobClient(path).uploadData(Buffer.from(contents as Uint8Array));

storeSuite(() => ({
  open: () => open(),
  put: async (files) => {
    for (const [path, contents] of Object.entries(files)) await put(path, contents);
  },
  get: async (path) => container.getBlobClient(path).downloadToBuffer(),
}));

it("lists more files than one page holds, each once", async () => {
  await Promise.all(Array.from({ length: 40 }, (_, n) => put(`pages/${n}.csv`, "x")));
  const store = await openAzure(
    { container: "lake", account: server.account, accountKey: server.accountKey, endpoint: server.endpoint },
    7,
  );
  for (const pattern of ["pages/*.csv", "pages/**"]) {
    const found = await find(store, pattern);
    expect([found.length, new Set(found.map(({ path }) => path)).size]).toEqual([40, 40]);
  }
});

describe("who asks", () => {
  it("is refused in clear words that hold no secret", async () => {
    const wrong = Buffer.from("not the key").toString("base64");
    const thrown = await (await open({ accountKey: wrong })).look("a", signal).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: "MR3301" });
    expect(String(thrown)).not.toContain(wrong);
    await expect(find(await open({ container: "none" }), "*.csv")).rejects.toMatchObject({ code: "MR3306" });
    await expect(openAzure({ container: "x" })).rejects.toMatchObject({ code: "MR3305" });
    const broken = await openAzure({ container: "x", connectionString: "AccountKey=s3cret" }).catch((error: unknown) => error);
    expect(broken).toMatchObject({ code: "MR3305" });
    expect(JSON.stringify(broken)).not.toContain("s3cret");
  });

  it("may come with a connection string", async () => {
    const { account, accountKey, endpoint } = server;
    const store = await openAzure({
      container: "lake",
      connectionString: `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${accountKey};BlobEndpoint=${endpoint};`,
    });
    await put("hello.csv", "x");
    expect(await store.look("hello.csv", signal)).toMatchObject({ sizeBytes: 1 });
  });
});

it("goes on where a download was cut", async () => {
  const contents = randomBytes(20_000_000);
  await put("line/big.bin", contents);
  const proxy = await startTcpProxy(server.port);
  const store = await open({ endpoint: server.endpoint.replace(String(server.port), String(proxy.port)) });
  const file = (await store.look("line/big.bin", signal))!;
  let seen = 0;
  const from: number[] = [];
  const faulty = {
    origin: store.origin,
    list: store.list.bind(store),
    look: store.look.bind(store),
    close: () => store.close(),
    async *download(...args: Parameters<AzureStore["download"]>) {
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

it("leaves the old blob when it breaks while it writes", async () => {
  const from = join(folder, "up.bin");
  writeFileSync(from, randomBytes(30_000_000));
  await put("line/up.bin", "old");
  const stop = new AbortController();
  const store = await open();
  const writing = store.upload("line/up.bin", { from, sizeBytes: 30_000_000, signal: stop.signal });
  setTimeout(() => stop.abort(new Error("stopped")), 30);
  await expect(writing).rejects.toThrow("stopped");
  expect((await container.getBlobClient("line/up.bin").downloadToBuffer()).toString()).toBe("old");
});
