// kill -9 while histories, files and maintained aggregates are built: afterwards readers see the old or the new, whole, and the end is that of an undisturbed
// project. The query's own rows tell what should be there.
import { existsSync, readdirSync, readlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, expect, it } from "vitest";
import { millrace, project, rows, start } from "./millrace.ts";

const KILLS = 9;
const KEYS = 20_000;

const made = project({
  "millrace.yaml": "name: kept\ndefaults: { retry: { attempts: 2, delay: 10ms } }\n",
  "sources/people.yaml": "from: { files: { path: data/people.csv } }\n",
  "models/clean/history.sql": "/*---\nmaterialize: snapshot\nkey: [id]\n---*/\nselect id, region, amount from raw.people\n",
  "models/final/files.sql":
    "/*---\nmaterialize: external\nexternal: { path: out/files, partitionBy: [region] }\n---*/\nselect id, region, amount from raw.people\n",
  "models/final/regions.sql":
    "/*---\nmaterialize: incremental\nincremental: { mode: maintain }\n---*/\nselect region, count(*) as n, sum(amount) as total from raw.people group by region\n",
});
afterAll(() => made.remove());

function give(round: number): void {
  const lines = Array.from({ length: KEYS }, (_, id) => `${id},r${id % 7},${id % 5 === round % 5 ? round : 0}`);
  made.write("data/people.csv", `id,region,amount\n${lines.join("\n")}\n`);
}

async function killed(afterMs: number): Promise<void> {
  const { child, finished } = start(["run"], made.dir);
  await Promise.race([pause(afterMs), finished]);
  child.kill("SIGKILL");
  await finished;
}

/** Whatever happened, readers see whole versions. */
async function isWhole(): Promise<void> {
  const [[versions, overlaps, files, regions]] = (await rows(
    made.dir,
    `select (select count(*) from clean.history where valid_to is null),
       (select count(*) from (select valid_to, lead(valid_from) over (partition by id order by valid_from, valid_to nulls last) as next from clean.history)
        where next is not null and valid_to is distinct from next),
       (select count(*) from final.files), (select sum(n)::bigint from final.regions)`,
  )) as [[number, number, number, number]];
  expect([versions, overlaps, files, regions]).toEqual([KEYS, 0, KEYS, KEYS]);
}

it("leaves old or new, and in the end what the queries give", { timeout: 300_000 }, async () => {
  give(0);
  expect((await millrace(["run", "--json"], made.dir)).exitCode).toBe(0);
  for (let kill = 0; kill < KILLS; kill++) {
    give(kill + 1);
    await killed(350 + ((kill * 271) % 900));
    if (kill % 3 === 2) await isWhole();
  }
  const done = await millrace(["run", "--json"], made.dir);
  expect(done.exitCode, done.stdout + done.stderr).toBe(0);
  await isWhole();
  const differences = [
    "select count(*) from ((select id, region, amount from clean.history where valid_to is null) except (select * from raw.people))",
    "select count(*) from ((select * from raw.people) except (select id, region, amount from final.files))",
    "select count(*) from ((select region, count(*), sum(amount) from raw.people group by 1) except (select * from final.regions))",
    `select count(*) from ((select * from raw.people) except (select id::bigint, region, amount::bigint from read_parquet('${made.dir}/out/files/**/*.parquet')))`,
  ];
  for (const sql of differences) expect({ sql, rows: await rows(made.dir, sql) }).toEqual({ sql, rows: [[0]] });
  const folder = basename(readlinkSync(join(made.dir, "out/files")));
  const there = readdirSync(join(made.dir, "out/.files.versions"));
  expect(there).toContain(folder);
  expect(there.length).toBeLessThanOrEqual(3);
  expect(there.filter((name) => name.endsWith(".part") || name.endsWith(".link"))).toEqual([]);
  expect(existsSync(join(made.dir, "out/files"))).toBe(true);
});
