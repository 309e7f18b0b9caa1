// Every store of files by the built command line, as users have it: read, found unchanged, written where it can be, no secret anywhere.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startAzurite, type TestAzure } from "./azurite.ts";
import { startFtp, type TestFtp } from "./ftp.ts";
import { startGcs, type TestGcs } from "./gcs.ts";
import { startImap, type TestImap } from "./imap.ts";
import { project, rows } from "./millrace.ts";
import { millrace } from "./warm.ts";
import { startSftp, type TestSftp } from "./sftp.ts";

const CSV = "id,n\n1,x\n2,y\n";
const STORES = ["sftp", "ftp", "azure", "gcs", "email"];

let servers: { readonly sftp: TestSftp; readonly ftp: TestFtp; readonly azure: TestAzure; readonly gcs: TestGcs; readonly imap: TestImap };
let azureContainer: ReturnType<BlobServiceClient["getContainerClient"]>;
beforeAll(async () => {
  servers = {
    sftp: await startSftp(),
    ftp: await startFtp(),
    azure: await startAzurite(),
    gcs: await startGcs("lake"),
    imap: await startImap(),
  };
  const { sftp, ftp, azure, gcs, imap } = servers;
  for (const { files } of [sftp, ftp]) {
    mkdirSync(join(files, "in"));
    writeFileSync(join(files, "in/a.csv"), CSV);
  }
  azureContainer = new BlobServiceClient(
    azure.endpoint,
    new StorageSharedKeyCredential(azure.account, azure.accountKey),
  ).getContainerClient("lake");
  await azureContainer.create();
  await azureContainer.getBlockBlobClient("in/a.csv").uploadData(Buffer.from(CSV));
  gcs.put("in/a.csv", CSV);
  imap.deliver(
    `From: a@example.com\nSubject: report\nMessage-ID: <1@example.com>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=e\n\n--e\nContent-Type: text/csv\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=a.csv\n\n${Buffer.from(CSV).toString("base64")}\n--e--\n`,
  );
});
afterAll(async () => {
  for (const server of Object.values(servers)) await server.stop();
});

it("is read, found unchanged and written, and shows no secret", async () => {
  const { sftp, ftp, azure, gcs, imap } = servers;
  const shop = project({
    "millrace.yaml": `name: stores
connections:
  sftp: { sftp: { host: 127.0.0.1, port: ${sftp.port}, user: ${sftp.user}, privateKeyFile: ${sftp.privateKeyFile}, hostKey: "${sftp.hostKey}", root: ${sftp.files} } }
  ftp: { ftp: { host: 127.0.0.1, port: ${ftp.port}, user: user, password: "\${secret:PASS}", tls: none } }
  azure: { azure: { container: lake, account: ${azure.account}, accountKey: "\${secret:AZURE}", endpoint: "${azure.endpoint}" } }
  gcs: { gcs: { bucket: lake, endpoint: "${gcs.endpoint}" } }
  email: { email: { host: 127.0.0.1, port: ${imap.port}, user: user, password: "\${secret:PASS}", tls: none } }
`,
    "secrets.env": `PASS=pass\nAZURE=${azure.accountKey}\n`,
    ...Object.fromEntries(
      STORES.map((name) => [
        `sources/${name}.yaml`,
        `from: { ${name}: { connection: ${name}, path: "${name === "email" ? "*.csv" : "in/*.csv"}" } }\nload: append\n`,
      ]),
    ),
    ...Object.fromEntries(
      STORES.filter((name) => name !== "email").map((name) => [
        `exports/${name}_out.yaml`,
        `select: raw.${name}\nto: { ${name}: { connection: ${name}, path: out/b.csv } }\n`,
      ]),
    ),
  });
  try {
    const first = await millrace(["run", "--json"], shop.dir);
    expect(first.exitCode, first.stdout + first.stderr).toBe(0);
    for (const name of STORES)
      expect(await rows(shop.dir, `from raw.${name} order by id`), name).toEqual([
        [1, "x"],
        [2, "y"],
      ]);
    expect(readFileSync(join(sftp.files, "out/b.csv"), "utf8")).toBe(CSV);
    expect(readFileSync(join(ftp.files, "out/b.csv"), "utf8")).toBe(CSV);
    expect((await azureContainer.getBlobClient("out/b.csv").downloadToBuffer()).toString()).toBe(CSV);
    expect(gcs.get("out/b.csv")!.toString()).toBe(CSV);

    const second = await millrace(["run", "--json"], shop.dir);
    expect(second.lines().at(-1)).toMatchObject({ type: "summary", nodes: { succeeded: 0, failed: 0 } });

    const written = `${first.stdout}${first.stderr}${everythingIn(join(shop.dir, ".millrace"))}`;
    expect(written).not.toContain(azure.accountKey);
  } finally {
    shop.remove();
  }
});

function everythingIn(folder: string): string {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, "latin1"))
    .join("\n");
}
