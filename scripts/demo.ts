// `npm run demo`: a made-up county sends its deeds in two deliveries, a listing service answers on a loopback port, and the project in
// examples/real-estate pulls, checks, merges, transforms and shares them through the public command line. Said again, it does only what changed.
//   --fresh      forget everything first        --dir DIR   run a copy of the project in DIR
import { spawn } from "node:child_process";
import { cpSync, existsSync, rmSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { makeCounty, SEED } from "./demo/county.ts";
import { writeDelivery } from "./demo/deliveries.ts";
import { differences, type SourceCounts, wordsOfAccounts } from "./demo/accounts.ts";
import { startListingService } from "./demo/service.ts";
import { truthOf } from "./demo/truth.ts";

const repository = resolve(fileURLToPath(import.meta.url), "../..");
const example = join(repository, "examples/real-estate");
const { values: options } = parseArgs({ options: { fresh: { type: "boolean" }, dir: { type: "string" } } });
const project = options.dir === undefined ? example : resolve(options.dir);
const startedMs = performance.now();
const say = (text = ""): void => console.log(text);
const seconds = (fromMs: number): string => `${((performance.now() - fromMs) / 1_000).toFixed(1)} s`;

if (project !== example) {
  cpSync(example, project, { recursive: true, filter: (path) => !/\/(\.millrace|inbox|out|node_modules)$/.test(path) });
}
if (options.fresh === true) for (const made of ["inbox", "out", ".millrace"]) rmSync(join(project, made), { recursive: true, force: true });

const built = join(repository, "dist/cli/main.js");
const command = existsSync(built) ? [built] : ["--import", "jiti/register", join(repository, "src/cli/main.ts")];

say(`Weir County, made from seed ${SEED}. The project: ${shown(project)}`);
const county = makeCounty();
const truth = truthOf(county);
const service = await startListingService(county.listings);
say(
  `Listing service at ${service.url}: ${truth.listings.read.toLocaleString("en-US")} records, a few of them broken; it sometimes answers 429 and once 500.`,
);

try {
  const inbox = join(project, "inbox");
  const isKnown = existsSync(join(inbox, "sales_2026_q1.csv"));
  if (isKnown) {
    await runProject("Both deliveries are here already; the run does what changed.");
  } else {
    deliver(1, inbox);
    await runProject("Run 1: everything is new.");
    deliver(2, inbox);
    await runProject("Run 2: two files are new, a column has another name, another has a wider type, 300 prices are corrected.");
    await runProject("Run 3: nothing is new.");
  }
  say("\nThe job of every morning, by hand: the same again, a gate before anything is shared, a note after it.");
  await millrace("run", "nightly");
  await millrace("triggers", "nightly");
  say("\nThe market by neighborhood and month (the last month's dearest)");
  await millrace(
    "query",
    "select * from final.market where month = (select max(month) from final.market) order by median_price desc limit 8",
  );
  say("\nWhat was paid of what was asked");
  await millrace(
    "query",
    "select neighborhood, count(price) as sold, round(median(asking)) as median_asking, round(median(price)) as median_paid, round(100 * median(price_to_asking), 1) as percent from final.asking group by all order by percent desc limit 8",
  );
  say("\nIn quarantine");
  await millrace(
    "query",
    "select asset, rule, count(*) as records, left(any_value(raw), 60) as example from _millrace.quarantine where status = 'open' group by all order by 1, 3 desc, 2",
  );
  const accounts = await readAccounts();
  say(`\n${wordsOfAccounts(accounts)}`);
  const wrong = differences(accounts, truth);
  if (wrong.length > 0) {
    say(`\nNot what the generator knows to be true:\n${wrong.join("\n")}`);
    process.exitCode = 1;
  }
  say(`\nLook at  ${shown(join(project, "out/report.html"))}   (a page with plots)`);
  say(`         ${shown(join(project, "out/market.csv"))}, ${shown(join(project, "out/asking.parquet"))}`);
  say(`Then     cd ${shown(project)} && npx millrace describe final.market`);
  say(`\nDone in ${seconds(startedMs)}; ${service.served.requests} requests, ${service.served.faults} of them answered with a fault.`);
} finally {
  await service.close();
}

function deliver(delivery: 1 | 2, inbox: string): void {
  const files = writeDelivery(county, delivery, inbox);
  const records = files.reduce((sum, file) => sum + file.records, 0);
  say(`\nDelivery ${delivery} of the county: ${files.length} files, ${records.toLocaleString("en-US")} records.`);
}

async function runProject(title: string): Promise<void> {
  say(`\n${title}`);
  const from = performance.now();
  await millrace("run");
  say(`  ${seconds(from)}`);
}

async function readAccounts(): Promise<readonly SourceCounts[]> {
  const text = await millrace(
    "query",
    "--json",
    "select asset, sum(rows_read), sum(rows_loaded), sum(rows_quarantined), sum(rows_filtered), sum(case when rows_read = rows_loaded + rows_quarantined + rows_filtered then 0 else 1 end) from _millrace.loads where asset like 'raw.%' group by all order by 1",
  );
  const { rows } = JSON.parse(text) as { readonly rows: readonly (readonly unknown[])[] };
  return rows.map(([asset, read, loaded, quarantined, filtered, unbalanced]) => ({
    asset: String(asset),
    read: Number(read),
    loaded: Number(loaded),
    quarantined: Number(quarantined),
    filtered: Number(filtered),
    unbalanced: Number(unbalanced),
  }));
}

/** Runs the command line in the project; what it prints is shown, JSON is handed back. Ends the demo with its exit code when it fails. */
async function millrace(...args: readonly string[]): Promise<string> {
  const wantsJson = args.includes("--json");
  const child = spawn(process.execPath, [...command, ...args], {
    cwd: project,
    env: { ...process.env, LISTINGS_URL: service.url, LISTINGS_KEY: "demo-key" },
    stdio: ["ignore", wantsJson ? "pipe" : "inherit", "inherit"],
  });
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (part: string) => (text += part));
  const exitCode = await new Promise<number>((done, fail) => child.on("error", fail).on("close", (code) => done(code ?? 1)));
  if (exitCode === 0) return text;
  say(`\nmillrace ${args[0]} ended with exit code ${exitCode}`);
  await service.close();
  return process.exit(exitCode);
}

function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near === "" ? "." : near.startsWith("..") ? path : near;
}
