// S3 through a network that fails: cut, silent, dripping, half an answer. What arrives is whole or an error; what is written is whole or not there.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ListMultipartUploadsCommand } from "@aws-sdk/client-s3";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fetchFile } from "../../filestores/fetch.ts";
import type { FileStore } from "../../filestores/store.ts";
import { S3_KEYS, startS3, type TestS3 } from "../../../test/s3.ts";
import { startTcpProxy, type TcpProxy } from "../../../test/tcp-proxy.ts";
import { openS3 } from "./store.ts";

const BYTES = Buffer.alloc(6_000_000, "0123456789abcdefghijklmnopqrstuvwxyz\n");
const HASH = createHash("sha256").update(BYTES).digest("hex");
const { signal } = new AbortController();
const temp = mkdtempSync(join(tmpdir(), "millrace-s3-faults-"));
const into = join(temp, "fetched");
let server: TestS3;
let bucket: string;
let proxy: TcpProxy;
let store: FileStore;

beforeAll(async () => {
  server = await startS3();
  bucket = await server.createBucket();
  await server.put(bucket, "big.csv", BYTES);
}, 300_000);
beforeEach(async () => {
  proxy = await startTcpProxy(server.port);
  const settings = { endpoint: `http://127.0.0.1:${proxy.port}`, ...S3_KEYS, requestTimeout: "1s" };
  store = await openS3(settings, { projectDir: temp, tempDir: temp, signal, since: undefined, log: () => {} });
});
afterEach(async () => {
  await store.close();
  await proxy.close();
});
afterAll(async () => {
  await server.stop();
  rmSync(temp, { recursive: true, force: true });
});

async function fetchBig(): Promise<string> {
  const file = await store.look(`${bucket}/big.csv`, signal);
  const { hash } = await fetchFile(store, file!, { name: "big.csv", into, silenceMs: 400, signal });
  expect(createHash("sha256").update(readFileSync(into)).digest("hex")).toBe(hash);
  return hash;
}

describe("a download", () => {
  it.each([10, 1_000, 700_000, 5_990_000])("is resumed after a cut at %i bytes", async (bytes) => {
    await store.look(`${bucket}/big.csv`, signal);
    proxy.afterBytes(bytes, "cut");
    expect(await fetchBig()).toBe(HASH);
  });

  it.each([900, 2_000_000])("is resumed after silence from %i bytes on", async (bytes) => {
    await store.look(`${bucket}/big.csv`, signal);
    proxy.afterBytes(bytes, "freeze");
    expect(await fetchBig()).toBe(HASH);
  });

  it("is taken from a slow drip to a connection that works", async () => {
    const file = await store.look(`${bucket}/big.csv`, signal);
    proxy.drip(); // the connection that is kept alive
    const { hash } = await fetchFile(store, file!, { name: "big.csv", into, silenceMs: 400, signal });
    expect(hash).toBe(HASH);
  });

  it("that is cut again and again goes on each time", async () => {
    const file = await store.look(`${bucket}/big.csv`, signal);
    const cutting = setInterval(() => proxy.afterBytes(800_000, "cut"), 5);
    try {
      const { hash } = await fetchFile(store, file!, { name: "big.csv", into, silenceMs: 2_000, signal });
      expect(hash).toBe(HASH);
    } finally {
      clearInterval(cutting);
    }
  }, 60_000);

  it("from a server that is gone is an error with its name, to be tried again", async () => {
    const file = await store.look(`${bucket}/big.csv`, signal);
    await proxy.close();
    await expect(fetchFile(store, file!, { name: "s3://lake/big.csv", into, silenceMs: 400, signal })).rejects.toMatchObject({
      code: "MR3300",
      retryable: true,
      message: expect.stringContaining("big.csv") as string,
    });
  }, 60_000);
});

describe("a list", () => {
  it("is whole after a cut, a lost answer and silence", async () => {
    for (let i = 0; i < 40; i++) await server.put(bucket, `list/${String(i).padStart(3, "0")}.csv`, "x");
    const paths = async (): Promise<readonly string[]> => {
      const found: string[] = [];
      for await (const { path } of store.list({ prefix: `${bucket}/list/`, depthMax: 0, mayHold: () => false, signal })) found.push(path);
      return found;
    };
    const expected = Array.from({ length: 40 }, (_, i) => `${bucket}/list/${String(i).padStart(3, "0")}.csv`);
    expect(await paths()).toEqual(expected);
    proxy.afterBytes(600, "cut");
    expect(await paths()).toEqual(expected);
    proxy.loseNextAnswer();
    expect(await paths()).toEqual(expected);
    proxy.freeze();
    expect(await paths()).toEqual(expected);
  }, 30_000);
});

describe("an upload", () => {
  const from = join(temp, "out.csv");
  const big = Buffer.alloc(20 << 20, "abcdefghijklmnopqrstuvwxy\n");

  it("is there whole when answers are lost and connections cut on the way", async () => {
    writeFileSync(from, big);
    await store.upload!(`${bucket}/out/small.csv`, { from, sizeBytes: big.length, signal });
    for (const word of ["partNumber=2", "uploadId=", "<CompleteMultipartUpload"]) {
      proxy.whenSaid(word, "loseAnswer");
      await store.upload!(`${bucket}/out/large.csv`, { from, sizeBytes: big.length, signal });
      expect((await server.get(bucket, "out/large.csv")).equals(big)).toBe(true);
      proxy.whenSaid(word, "cutBefore");
      await store.upload!(`${bucket}/out/large.csv`, { from, sizeBytes: big.length, signal });
    }
    expect((await server.get(bucket, "out/large.csv")).equals(big)).toBe(true);
    expect((await server.client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? []).toEqual([]);
  }, 60_000);

  it("that fails for good leaves what was there", async () => {
    await server.put(bucket, "out/kept.csv", "old");
    writeFileSync(from, big);
    proxy.whenSaid("partNumber=1", "cutBefore");
    const uploading = store.upload!(`${bucket}/out/kept.csv`, { from, sizeBytes: big.length, signal });
    await proxy.close();
    await expect(uploading).rejects.toMatchObject({ code: "MR3300", retryable: true });
    expect((await server.get(bucket, "out/kept.csv")).toString()).toBe("old");
  }, 60_000);
});
