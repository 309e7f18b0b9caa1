// A real S3 server for a test file: versitygw on a folder of its own, with versions, gone when the test process is gone, however that ended.
// It is built once from the Go module registry (needs Go, nothing else) and kept in the user's cache. A machine that cannot do so fails the tests loudly.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { S3Client } from "@aws-sdk/client-s3";
import { cacheFolder, freePort } from "./service.ts";

const VERSION = "v1.8.0";
const START_MS = 30_000;
/** Waits until its input is closed, by whatever end of the test; then the server ends and its folder is removed. */
const KEEPER = `folder=$1; shift; "$@" & server=$!
read -r word; kill $server; wait $server; rm -rf "$folder"`;

export const S3_KEYS = { accessKeyId: "testkey", secretAccessKey: "testsecret-3b1f7c" } as const;

export interface TestS3 {
  readonly port: number;
  readonly endpoint: string;
  readonly client: S3Client;
  /** A bucket of its own. */
  createBucket(options?: { readonly versions: "kept" }): Promise<string>;
  put(bucket: string, key: string, body: string | Uint8Array): Promise<void>;
  get(bucket: string, key: string): Promise<Buffer>;
  stop(): Promise<void>;
}

let buckets = 0;

export async function startS3(): Promise<TestS3> {
  const program = versitygw();
  const folder = mkdtempSync(join(tmpdir(), "millrace-s3-"));
  for (const name of ["data", "versions"]) mkdirSync(join(folder, name));
  const port = await freePort();
  const flags = ["--access", S3_KEYS.accessKeyId, "--secret", S3_KEYS.secretAccessKey, "--port", `127.0.0.1:${port}`, "--quiet"];
  const command = [program, ...flags, "posix", "--versioning-dir", join(folder, "versions"), join(folder, "data")];
  const keeper = spawn("sh", ["-c", KEEPER, "sh", folder, ...command], { stdio: ["pipe", "ignore", "pipe"] });
  let said = "";
  keeper.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-10_000);
  });
  await answers(port, keeper, () => said);
  keeper.unref();
  for (const stream of [keeper.stderr, keeper.stdin]) (stream as unknown as { unref(): void }).unref();

  const sdk = await import("@aws-sdk/client-s3");
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new sdk.S3Client({ endpoint, region: "us-east-1", forcePathStyle: true, credentials: S3_KEYS });
  return {
    port,
    endpoint,
    client,
    async createBucket(options) {
      const Bucket = `bucket-${++buckets}`;
      await client.send(new sdk.CreateBucketCommand({ Bucket }));
      if (options !== undefined) {
        await client.send(new sdk.PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
      }
      return Bucket;
    },
    async put(Bucket, Key, Body) {
      await client.send(new sdk.PutObjectCommand({ Bucket, Key, Body }));
    },
    async get(Bucket, Key) {
      const { Body } = await client.send(new sdk.GetObjectCommand({ Bucket, Key }));
      return Buffer.from(await Body!.transformToByteArray());
    },
    async stop() {
      client.destroy();
      const ended = new Promise((resolve) => keeper.once("exit", resolve));
      keeper.ref();
      keeper.stdin.end();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Path of the program, built when it is not there yet; whoever comes meanwhile waits. */
export function versitygw(): string {
  const folder = cacheFolder(`versitygw-${VERSION}`);
  const program = join(folder, "versitygw");
  if (existsSync(program)) return program;
  const beside = join(folder, "build");
  const build = `[ -e ${program} ] || (GOBIN=${beside} GOFLAGS=-buildvcs=false go install github.com/versity/versitygw/cmd/versitygw@${VERSION} && mv ${beside}/versitygw ${program})`;
  const built = spawnSync("flock", [join(folder, ".lock"), "sh", "-c", build], { encoding: "utf8" });
  if (!existsSync(program)) throw new Error(`versitygw could not be built; is Go installed? ${built.stderr || built.error?.message}`);
  return program;
}

async function answers(port: number, server: ChildProcess, said: () => string): Promise<void> {
  const endMs = performance.now() + START_MS;
  while (performance.now() < endMs) {
    if (server.exitCode !== null) break;
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      }).once("error", () => resolve(false));
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  server.stdin?.end();
  throw new Error(`the S3 server did not start: ${said()}`);
}
