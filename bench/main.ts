// `npm run bench -- [NAME…] [--json]`: every figure beside its wall, measured in the same run. Never a test: machines differ and are noisy.
import type { Figure } from "./figure.ts";

const benches: Readonly<Record<string, () => Promise<readonly Figure[]>>> = {
  api: async () => (await import("./api.ts")).benchApi(),
  backfill: async () => (await import("./backfill.ts")).benchBackfill(),
  checks: async () => (await import("./checks.ts")).benchChecks(),
  cli: async () => (await import("./cli.ts")).benchCli(),
  compile: async () => (await import("./compile.ts")).benchCompile(),
  csv: async () => (await import("./csv.ts")).benchCsv(),
  raw: async () => (await import("./raw.ts")).benchRaw(),
  csvLarge: async () => (await import("./csv.ts")).benchCsvLarge(),
  engine: async () => (await import("./engine.ts")).benchEngine(),
  environments: async () => (await import("./environments.ts")).benchEnvironments(),
  httpPages: async () => (await import("./http-pages.ts")).benchHttpPages(),
  incremental: async () => (await import("./incremental.ts")).benchIncremental(),
  json: async () => (await import("./json.ts")).benchJson(),
  load: async () => (await import("./load.ts")).benchLoad(),
  matching: async () => (await import("./matching.ts")).benchMatching(),
  models: async () => (await import("./models.ts")).benchModels(),
  million: async () => (await import("./million.ts")).benchMillion(),
  partitions: async () => (await import("./partitions.ts")).benchPartitions(),
  peers: async () => [...(await (await import("./peers-load.ts")).benchPeersLoad()), ...(await (await import("./peers.ts")).benchPeers())],
  peersLoad: async () => (await import("./peers-load.ts")).benchPeersLoad(),
  peersModels: async () => (await import("./peers-models.ts")).benchPeersModels(),
  plan: async () => (await import("./plan.ts")).benchPlan(),
  postgres: async () => (await import("./postgres.ts")).benchPostgres(),
  postgresLoad: async () => (await import("./postgres-load.ts")).benchPostgresLoad(),
  serve: async () => (await import("./serve.ts")).benchServe(),
  tests: async () => (await import("./tests.ts")).benchTests(),
  xlsx: async () => (await import("./xlsx.ts")).benchXlsx(),
  ui: async () => (await import("./ui.ts")).benchUi(),
  workflows: async () => (await import("./workflows.ts")).benchWorkflows(),
};

const words = process.argv.slice(2);
const json = words.includes("--json");
const names = words.filter((word) => !word.startsWith("--"));
const unknown = names.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`no benchmark is named ${unknown.join(", ")}; there are ${Object.keys(benches).join(", ")}`);
  process.exit(2);
}
/** What fetches other software happens only when it is asked for. */
const usual = Object.keys(benches).filter((name) => !name.startsWith("peers"));
for (const name of names.length > 0 ? names : usual) {
  for (const figure of await benches[name]!()) {
    if (json) console.log(JSON.stringify({ v: 1, bench: name, ...figure }));
    else {
      const wall = figure.wall === null ? "" : `   wall ${figure.wall.toPrecision(4)} ${figure.unit}   ratio ${figure.ratio!.toFixed(2)}`;
      console.log(
        `${figure.reached ? "✓" : "✗"} ${name}: ${figure.name}   ${figure.value.toPrecision(4)} ${figure.unit}${wall}   (${figure.reach})`,
      );
    }
  }
}
