// The S3 connector against a real server (versitygw): the suite of all connectors, and what only a bucket has. Faults of the network: faults.svc.test.ts.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance, type DuckDBConnection } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Delivery, FileDelivery, ReadContext } from "../../load/connector.ts";
import { testConnector, type SuiteRow } from "../../testing/connector.suite.ts";
import type { StoreOptions } from "../../filestores/connector.ts";
import { S3_KEYS, startS3, type TestS3 } from "../../../test/s3.ts";
import { s3 } from "./index.ts";

let server: TestS3;
let bucket: string;
let connection: DuckDBConnection;
const temp = mkdtempSync(join(tmpdir(), "millrace-s3-test-"));

beforeAll(async () => {
  server = await startS3();
  bucket = await server.createBucket();
  connection = await (await DuckDBInstance.create(":memory:")).connect();
}, 300_000);
afterAll(async () => {
  connection.closeSync();
  await server.stop();
  rmSync(temp, { recursive: true, force: true });
});

const lake = (): Record<string, Record<string, unknown>> => ({ lake: { endpoint: server.endpoint, ...S3_KEYS } });

function context(over: Partial<ReadContext> = {}): ReadContext {
  const { signal } = new AbortController();
  return { connection, projectDir: temp, tempDir: temp, since: undefined, signal, connections: lake(), log: () => {}, ...over };
}

async function deliveries(options: Record<string, unknown>, over: Partial<ReadContext> = {}): Promise<readonly FileDelivery[]> {
  const all: FileDelivery[] = [];
  for await (const one of s3.read!(s3.options.parse({ connection: "lake", ...options }), context(over))) all.push(one as FileDelivery);
  return all;
}

let stages = 0;
async function stage(delivery: Delivery): Promise<{ readonly rows: number; readonly hash: string; readonly values: readonly unknown[][] }> {
  if (delivery.kind !== "file") throw new Error("no file");
  const into = `"stage_${++stages}"`;
  const request = {
    connection,
    into,
    rejectedInto: `"rejected_${stages}"`,
    columns: new Map(),
    otherwise: "text",
    repair: "note",
  } as const;
  const { rows, hash } = await delivery.stage(request);
  const values = (await connection.runAndReadAll(`select * from ${into}`)).getRows() as unknown[][];
  return { rows, hash, values };
}

testConnector<StoreOptions>("s3", {
  connector: s3,
  connections: lake,
  source: {
    async put(rows) {
      await server.put(bucket, "suite/in.ndjson", rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
      return { connection: "lake", path: `s3://${bucket}/suite/in.ndjson` };
    },
    wrong: () => ({
      options: { connection: "lake", path: `s3://${bucket}/suite/in.ndjson` },
      connections: { lake: { endpoint: server.endpoint, accessKeyId: S3_KEYS.accessKeyId, secretAccessKey: "wrong-hunter2-secret" } },
      secret: "wrong-hunter2-secret",
    }),
  },
  destination: {
    fresh: () => Promise.resolve({ connection: "lake", path: `s3://${bucket}/suite/out-${++stages}.ndjson` }),
    async rows({ path }) {
      const text = (await server.get(bucket, String(path).slice(`s3://${bucket}/`.length))).toString("utf8");
      const rows = text.split("\n").filter((line) => line !== "");
      return rows.map((line) => JSON.parse(line) as SuiteRow).map(({ id, name }) => ({ id, name: name ?? null }));
    },
  },
});

describe("files in a bucket", () => {
  it("are found over many pages, in one order, each once", async () => {
    const many = await server.createBucket();
    const keys = Array.from({ length: 2_345 }, (_, i) => `d/${i % 7}/f${String(i).padStart(5, "0")}.csv`);
    for (let at = 0; at < keys.length; at += 50) await Promise.all(keys.slice(at, at + 50).map((key) => server.put(many, key, "a\n1\n")));
    const found = await deliveries({ path: `s3://${many}/d/**/*.csv` });
    expect(found.map(({ name }) => name)).toEqual(keys.toSorted().map((key) => `s3://${many}/${key}`));
    expect(await deliveries({ path: `s3://${many}/d/3/*1.csv` })).toHaveLength(
      keys.filter((key) => key.startsWith("d/3/") && key.endsWith("1.csv")).length,
    );
  }, 60_000);

  it("may have names with spaces, plus signs, quotes and letters of all kinds", async () => {
    const names = ["plus+and space.csv", "größe 名前.csv", "a'b&c<d>.csv", "100%25.csv"];
    for (const name of names) await server.put(bucket, `names/${name}`, `x\n${name.length}\n`);
    const found = await deliveries({ path: `s3://${bucket}/names/*` });
    expect(found.map(({ name }) => name)).toEqual(names.toSorted().map((name) => `s3://${bucket}/names/${name}`));
    for (const one of found) expect((await stage(one)).values).toEqual([[String(one.name.slice(`s3://${bucket}/names/`.length).length)]]);
  });

  it("are named without the bucket when it is said apart, and dots hide files from `*`", async () => {
    for (const name of ["a.csv", ".hidden.csv", "sub/b.csv"]) await server.put(bucket, `apart/${name}`, "x\n1\n");
    expect((await deliveries({ bucket, path: "apart/*.csv" })).map(({ name }) => name)).toEqual([`s3://${bucket}/apart/a.csv`]);
  });

  it("fail by name when nothing is there, and may be nothing when that is said", async () => {
    await expect(deliveries({ path: `s3://${bucket}/nope/a.csv` })).rejects.toMatchObject({ code: "MR3100" });
    await expect(deliveries({ path: `s3://${bucket}/nope/*.csv` })).rejects.toMatchObject({ code: "MR3101" });
    await expect(deliveries({ path: "s3://no-such-bucket/a.csv" })).rejects.toMatchObject({ code: "MR3306" });
    await expect(deliveries({ path: "s3://no-such-bucket/*.csv" })).rejects.toMatchObject({ code: "MR3306" });
    expect(await deliveries({ path: `s3://${bucket}/nope/*.csv`, optional: true })).toEqual([]);
  });

  it("tell a new state when one of them changes, and the same when none does", async () => {
    await server.put(bucket, "state/a.csv", "x\n1\n");
    await server.put(bucket, "state/b.csv", "x\n1\n");
    const options = s3.options.parse({ connection: "lake", path: `s3://${bucket}/state/*.csv` });
    const before = await s3.state!(options, context());
    expect(await s3.state!(options, context())).toBe(before);
    await server.put(bucket, "state/b.csv", "x\n2\n");
    expect(await s3.state!(options, context())).not.toBe(before);
  });

  it("that change or go between list and fetch are named, and the load may be tried again", async () => {
    await server.put(bucket, "race/a.csv", "x\n1\n");
    await server.put(bucket, "race/b.csv", "x\n1\n");
    const reading = s3.read!(s3.options.parse({ connection: "lake", path: `s3://${bucket}/race/*.csv` }), context())[
      Symbol.asyncIterator
    ]();
    const a = (await reading.next()).value as Delivery;
    await server.put(bucket, "race/a.csv", "x\n22\n");
    await expect(stage(a!)).rejects.toMatchObject({
      code: "MR3303",
      retryable: true,
      message: expect.stringContaining("race/a.csv") as string,
    });
    const [b] = await deliveries({ path: `s3://${bucket}/race/b.csv` });
    const { DeleteObjectCommand } = await import("@aws-sdk/client-s3");
    await server.client.send(new DeleteObjectCommand({ Bucket: bucket, Key: "race/b.csv" }));
    await expect(stage(b!)).rejects.toMatchObject({
      code: "MR3302",
      retryable: true,
      message: expect.stringContaining("race/b.csv") as string,
    });
  });

  it("are read as they stood at a time, or in all their versions", async () => {
    const kept = await server.createBucket({ versions: "kept" });
    const { DeleteObjectCommand, ListObjectVersionsCommand } = await import("@aws-sdk/client-s3");
    for (const value of [1, 2, 3]) {
      await server.put(kept, "v/a.csv", `x\n${value}\n`);
      await server.put(kept, `v/late-${value}.csv`, `x\n${value}${value}\n`);
      await new Promise((resolve) => setTimeout(resolve, 1_100)); // the server's times are whole seconds
    }
    await server.client.send(new DeleteObjectCommand({ Bucket: kept, Key: "v/late-1.csv" }));
    const valuesOf = async (options: object): Promise<readonly unknown[]> => {
      const values: unknown[] = [];
      for (const one of await deliveries({ path: `s3://${kept}/v/*.csv`, ...options })) values.push((await stage(one)).values.flat()[0]);
      return values;
    };
    expect(await valuesOf({})).toEqual(["3", "22", "33"]);
    expect((await valuesOf({ versions: "all" })).map(Number).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 11, 22, 33]);
    // What stood at a time, by the times that the server itself tells (it dates an old version by the moment it was replaced).
    const told = await server.client.send(new ListObjectVersionsCommand({ Bucket: kept, Prefix: "v/a.csv" }));
    const times = (told.Versions ?? []).map((one) => one.LastModified!.getTime()).toSorted((a, b) => a - b);
    const asOfMs = times[0]! + 500;
    const newest = (told.Versions ?? []).filter((one) => one.LastModified!.getTime() <= asOfMs)[0]!;
    const asOf = new Date(asOfMs).toISOString();
    const [then] = await deliveries({ path: `s3://${kept}/v/a.csv`, asOf });
    expect((await stage(then!)).values).toEqual([["1"]]);
    expect(then!.identity).toBe(`etag:${newest.ETag}`);
    const all = await deliveries({ path: `s3://${kept}/v/a.csv`, versions: "all" });
    expect(new Set(all.map(({ name }) => name)).size).toBe(3);
    expect(all[0]!.name).toMatch(/a\.csv\?versionId=/);
  });
});

describe("writing to a bucket", () => {
  it("sends a large file in parts, and it is there byte for byte", async () => {
    const options = s3.options.parse({ connection: "lake", path: `s3://${bucket}/big/out.csv` });
    const query = "select i, md5(i::varchar) as a, md5((i * 7)::varchar) as b from range(450_000) t(i)";
    const result = await s3.write!(options, { ...context(), query, mode: "replace", key: [], token: "t1" });
    expect(result).toEqual({ rows: 450_000, locations: [`s3://${bucket}/big/out.csv`] });
    const [big] = await deliveries({ path: `s3://${bucket}/big/*.csv` });
    expect(big!.sizeBytes).toBeGreaterThan(16 << 20);
    expect((await stage(big!)).rows).toBe(450_000);
    const { ListMultipartUploadsCommand } = await import("@aws-sdk/client-s3");
    expect((await server.client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? []).toEqual([]);
  }, 60_000);

  it("refuses a pattern, a folder and a list", async () => {
    for (const path of [`s3://${bucket}/x/*.csv`, `s3://${bucket}/x/`, [`s3://${bucket}/x.csv`]]) {
      const options = s3.options.parse({ connection: "lake", path });
      await expect(s3.write!(options, { ...context(), query: "select 1", mode: "replace", key: [], token: "t" })).rejects.toMatchObject({
        code: "MR3142",
      });
    }
  });
});
