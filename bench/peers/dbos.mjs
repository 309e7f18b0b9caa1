// DBOS on the PostgreSQL that is named in PEER_DATABASE.
import { DBOS } from "@dbos-inc/dbos-sdk";
import { measure } from "./measure.mjs";

DBOS.setConfig({ name: "bench", systemDatabaseUrl: process.env.PEER_DATABASE, runAdminServer: false, logLevel: "error" });
const three = DBOS.registerWorkflow(
  async () => {
    for (let step = 0; step < 3; step++) await DBOS.runStep(async () => {}, { name: `step${step}` });
  },
  { name: "three" },
);
await DBOS.launch();
await measure(() => three());
await DBOS.shutdown();
process.exit(0);
