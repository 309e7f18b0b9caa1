// The connectors of stores that are no bucket of S3 keep what every connector promises: SFTP, FTP, Azure and GCS, each on a server of its own.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { BlobServiceClient, StorageSharedKeyCredential, type ContainerClient } from "@azure/storage-blob";
import { afterAll, beforeAll } from "vitest";
import { azure } from "../src/connectors/azure/index.ts";
import { ftp } from "../src/connectors/ftp/index.ts";
import { gcs } from "../src/connectors/gcs/index.ts";
import { sftp } from "../src/connectors/sftp/index.ts";
import type { StoreOptions } from "../src/filestores/connector.ts";
import type { Connector } from "../src/load/connector.ts";
import { testConnector, type SuiteRow } from "../src/testing/connector.suite.ts";
import { startAzurite, type TestAzure } from "./azurite.ts";
import { startFtp, type TestFtp } from "./ftp.ts";
import { startGcs, type TestGcs } from "./gcs.ts";
import { startSftp, type TestSftp } from "./sftp.ts";

type Settings = Readonly<Record<string, unknown>>;

interface Place {
  readonly settings: () => Settings;
  /** Settings under which nobody is let in; they hold the secret. */
  readonly wrong: () => Settings;
  readonly put: (path: string, text: string) => unknown;
  readonly get: (path: string) => Promise<Uint8Array> | Uint8Array | null;
}

const SECRET = "d3Jvbmctc2VjcmV0";
let outputs = 0;

function testStore(connector: Connector<StoreOptions>, place: Place): void {
  const { name } = connector;
  testConnector<StoreOptions>(name, {
    connector,
    connections: () => ({ there: place.settings() }),
    source: {
      async put(rows) {
        await place.put("suite/in.ndjson", rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
        return { connection: "there", path: "suite/in.ndjson" };
      },
      wrong: () => ({
        options: { connection: "there", path: "suite/in.ndjson" },
        connections: { there: place.wrong() },
        secret: SECRET,
      }),
    },
    destination: {
      fresh: () => Promise.resolve({ connection: "there", path: `suite/out-${++outputs}.ndjson` }),
      async rows({ path }) {
        const text = Buffer.from((await place.get(String(path))) ?? "").toString("utf8");
        const lines = text.split("\n").filter((line) => line !== "");
        return lines.map((line) => JSON.parse(line) as SuiteRow).map(({ id, name: said }) => ({ id, name: said ?? null }));
      },
    },
  });
}

/** A server whose files lie in a folder. */
const inFolder = (server: () => { readonly files: string }): Pick<Place, "put" | "get"> => ({
  put(path, text) {
    const full = join(server().files, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
  },
  get: (path) => readFileSync(join(server().files, path)),
});

let overSsh: TestSftp;
let overTls: TestFtp;
let blobs: TestAzure;
let container: ContainerClient;
let bucket: TestGcs;
beforeAll(async () => {
  overSsh = await startSftp();
  overTls = await startFtp("tls");
  bucket = await startGcs("lake");
  blobs = await startAzurite();
  const key = new StorageSharedKeyCredential(blobs.account, blobs.accountKey);
  container = new BlobServiceClient(blobs.endpoint, key).getContainerClient("lake");
  await container.create();
});
afterAll(async () => {
  for (const server of [overSsh, overTls, bucket, blobs]) await server.stop();
});

const ssh = (): Settings => ({ host: "127.0.0.1", port: overSsh.port, user: overSsh.user, hostKey: overSsh.hostKey, root: overSsh.files });
testStore(sftp as Connector<StoreOptions>, {
  settings: () => ({ ...ssh(), privateKey: overSsh.privateKey }),
  wrong: () => ({ ...ssh(), password: SECRET }),
  ...inFolder(() => overSsh),
});

const tls = (): Settings => ({ host: "127.0.0.1", port: overTls.port, user: "user", ca: overTls.certificate });
testStore(ftp as Connector<StoreOptions>, {
  settings: () => ({ ...tls(), password: "pass" }),
  wrong: () => ({ ...tls(), password: SECRET }),
  ...inFolder(() => overTls),
});

const account = (): Settings => ({ container: "lake", account: blobs.account, endpoint: blobs.endpoint });
testStore(azure as Connector<StoreOptions>, {
  settings: () => ({ ...account(), accountKey: blobs.accountKey }),
  wrong: () => ({ ...account(), accountKey: SECRET }),
  put: (path, text) => container.getBlockBlobClient(path).uploadData(Buffer.from(text)),
  get: (path) => container.getBlobClient(path).downloadToBuffer(),
});

testStore(gcs as Connector<StoreOptions>, {
  settings: () => ({ bucket: "lake", endpoint: bucket.endpoint }),
  wrong: () => ({ bucket: "lake", endpoint: bucket.endpoint, credentials: `{"private_key":"${SECRET}"}` }),
  put: (path, text) => bucket.put(path, text),
  get: (path) => bucket.get(path),
});
