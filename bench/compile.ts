// How long a project of 1,000 and of 10,000 models takes to compile with types, the lineage of every column and fingerprints: with nothing known, with
// nothing changed, after one edit; on the JavaScript that users run, in a process of its own, whose memory is told too.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { builtModule } from "./built.ts";
import { type Figure, median } from "./figure.ts";
import { ordersProject, ordersSchemas } from "./orders-project.ts";

const TURNS = 3;
const REACH_MS = { cold: 3_000, warm: 400, edit: 600 } as const;
const LARGE = { models: 10_000, coldMs: 30_000, memoryMb: 1_500 } as const;

const CHILD = `(async () => {
const [compileModule, cacheModule, path, turns] = process.argv.slice(1);
const { compile } = await import(compileModule);
const { openCompileCache } = await import(cacheModule);
let text = "";
for await (const piece of process.stdin) text += piece;
const { models, schemas } = JSON.parse(text);
const once = async (given, keep) => {
  const before = performance.now();
  const cache = openCompileCache(path);
  const { errors, models: answers } = await compile({ models: given, schemas: new Map(schemas), lineage: "columns", cache });
  if (keep) cache.save();
  if (errors.length > 0) throw errors[0];
  for (const answer of answers.values()) if (answer.lineage === null || answer.fingerprint === null) throw new Error(answer.id + " is not understood");
  return performance.now() - before;
};
const times = { cold: [], warm: [], edit: [] };
for (let turn = 0; turn < Number(turns); turn++) {
  require("node:fs").rmSync(path, { force: true });
  times.cold.push(await once(models, true));
  times.warm.push(await once(models, true));
  const place = models.length >> 1;
  const edited = models.map((model, index) => (index === place ? { ...model, sql: model.sql + " and a.id > " + turn, text: model.sql + " and a.id > " + turn } : model));
  times.edit.push(await once(edited, true));
}
console.log(JSON.stringify({ times, memoryMb: process.resourceUsage().maxRSS / 1024 }));
})().catch((error) => { console.error(error); process.exit(1); });`;

interface Measured {
  readonly times: Readonly<Record<keyof typeof REACH_MS, readonly number[]>>;
  readonly memoryMb: number;
}

export async function benchCompile(): Promise<Figure[]> {
  const small = measure(1_000, TURNS);
  const large = measure(LARGE.models, 1);
  const figure = (name: string, value: number, unit: string, most: number): Figure => {
    return { name, value, unit, wall: null, ratio: null, reach: `≤ ${most} ${unit}`, reached: value <= most };
  };
  return [
    figure("1,000 models, nothing known", median(small.times.cold), "ms", REACH_MS.cold),
    figure("1,000 models, nothing changed", median(small.times.warm), "ms", REACH_MS.warm),
    figure("1,000 models, one edited", median(small.times.edit), "ms", REACH_MS.edit),
    figure("10,000 models, nothing known", median(large.times.cold), "ms", LARGE.coldMs),
    figure("10,000 models, memory of the process", large.memoryMb, "MB", LARGE.memoryMb),
  ];
}

function measure(models: number, turns: number): Measured {
  const dir = mkdtempSync(join(tmpdir(), "millrace-bench-compile-"));
  try {
    const compile = builtModule("sql/compile/compile");
    const args = ["-e", CHILD, compile, builtModule("sql/compile/cache"), join(dir, "compile.json"), String(turns)];
    const input = JSON.stringify({ models: ordersProject(models), schemas: [...ordersSchemas] });
    const child = spawnSync(process.execPath, args, { cwd: dirname(compile), input, encoding: "utf8", maxBuffer: 2 ** 26 });
    if (child.status !== 0) throw new Error(`the compiler failed:\n${child.stderr}`);
    return JSON.parse(child.stdout) as Measured;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
