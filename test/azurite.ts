// Azurite, Microsoft's own emulator of Azure Blob Storage, for a test file.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, startService, temporaryFolder } from "./service.ts";

export interface TestAzure {
  readonly account: string;
  readonly accountKey: string;
  readonly endpoint: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** The account that every Azurite has; its key is public. */
const ACCOUNT = "devstoreaccount1";
const KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

export async function startAzurite(): Promise<TestAzure> {
  const folder = temporaryFolder("azurite");
  const port = await freePort();
  const manifest = createRequire(fileURLToPath(import.meta.url)).resolve("azurite/package.json");
  const program = join(dirname(manifest), "dist/src/blob/main.js");
  const service = await startService(
    [
      process.execPath,
      program,
      "--blobHost",
      "127.0.0.1",
      "--blobPort",
      String(port),
      "--location",
      folder,
      "--skipApiVersionCheck",
      "--disableTelemetry",
      "--silent",
    ],
    { folder, port },
  );
  return { account: ACCOUNT, accountKey: KEY, endpoint: `http://127.0.0.1:${port}/${ACCOUNT}`, port, stop: service.stop };
}
