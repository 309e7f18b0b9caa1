// Unit tests of models per second: 400 tests of 100 models (tables, views, incremental, snapshot; joins, windows, nested values), as `millrace test` runs
// them in a process of its own, against plain DuckDB making the same tables and running the same queries one after the other.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { fileURLToPath } from "node:url";
import { type Figure, median } from "./figure.ts";

const MODELS = 100;
const PER_MODEL = 4;
const TURNS = 3;
const PER_SECOND = 80;

/** As projects have them: of ten models four are tables, four views, one incremental, one a snapshot. */
const WAYS = [
  ...Array.from({ length: 4 }, () => ["materialize: table", "materialize: view"]).flat(),
  "materialize: incremental\nkey: [id]",
  "materialize: snapshot\nkey: [id]",
];

export async function benchTests(): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), "millrace-bench-tests-"));
  try {
    for (const [path, text] of Object.entries(files())) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), text);
    }
    const entry = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
    const times: { readonly inside: number; readonly whole: number }[] = [];
    for (let turn = 0; turn < TURNS; turn++) {
      const before = performance.now();
      const { stdout, stderr, status } = spawnSync(process.execPath, [entry, "test", "--json"], {
        cwd: dir,
        encoding: "utf8",
        maxBuffer: 1e9,
      });
      const whole = (performance.now() - before) / 1_000;
      if (status !== 0) throw new Error(`the tests did not pass: ${stderr}${stdout.slice(0, 2_000)}`);
      times.push({ inside: (JSON.parse(stdout) as { seconds: number }).seconds, whole });
    }
    const tests = MODELS * PER_MODEL;
    const wall = tests / (await bare());
    const figure = (name: string, seconds: number, least: number | null): Figure => {
      const value = tests / seconds;
      const reach = least === null ? "no reach: for information" : `≥ ${least} tests per second`;
      return { name, value, unit: "tests/s", wall, ratio: value / wall, reach, reached: least === null || value >= least };
    };
    return [
      figure(`${tests} unit tests, compiling the project included`, median(times.map(({ inside }) => inside)), PER_SECOND),
      figure(`the same with the start of the process`, median(times.map(({ whole }) => whole)), null),
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function query(model: number): string {
  return `with paid as (select * from raw.orders where status <> 'open' and amount > ${model})
select o.id, c.name, o.amount * ${1 + (model % 5)} as amount, struct_pack(day := o.day, tags := o.tags) as detail,
  row_number() over (partition by o.customer order by o.day desc, o.id) as rn
from paid o left join raw.customers c on c.id = o.customer`;
}

function files(): Readonly<Record<string, string>> {
  const sources = {
    "millrace.yaml": "name: bench\n",
    "sources/orders.yaml": `from: { files: { path: "data/orders.csv" } }
columns: { id: { type: bigint }, customer: { type: bigint }, day: { type: date }, status: { type: text }, amount: { type: "decimal(12,2)" }, tags: { type: "text[]" } }
`,
    "sources/customers.yaml": 'from: { files: { path: "data/customers.csv" } }\ncolumns: { id: { type: bigint }, name: { type: text } }\n',
    "data/orders.csv": "id,customer,day,status,amount,tags\n",
    "data/customers.csv": "id,name\n",
  };
  const models = Array.from({ length: MODELS }, (_, model) => {
    const way = WAYS[model % WAYS.length]!;
    return [
      [`models/m/model_${model}.sql`, `/*---\n${way}\n---*/\n${query(model)}\n`],
      [`tests/model_${model}.yaml`, testsOf(model, way)],
    ] as const;
  });
  return { ...sources, ...Object.fromEntries(models.flat()) };
}

const ORDERS = Array.from({ length: 5 }, (_, row) => ({ id: row + 1, customer: 1 + (row % 2), amount: 1_000 + row }));

function testsOf(model: number, way: string): string {
  const given = `now: 2026-02-01T00:00:00Z
model: m.model_${model}
given:
  raw.orders:
${ORDERS.map(({ id, customer, amount }) => `    - { id: ${id}, customer: ${customer}, day: 2026-01-0${id}, status: paid, amount: ${amount}, tags: [a, "${id}"] }`).join("\n")}
    - { id: 9, customer: 1, status: open, amount: 5000 }
  raw.customers: [ { id: 1, name: Ana }, { id: 2, name: Bob } ]
tests:
`;
  const rows = ORDERS.map(({ id, customer, amount }) => {
    const cents = (amount * (1 + (model % 5))).toFixed(2);
    return `      - { id: ${id}, name: ${customer === 1 ? "Ana" : "Bob"}, amount: ${cents}, detail: { day: 2026-01-0${id}, tags: [a, "${id}"] } }`;
  });
  const existing = way.includes("incremental") ? "    existing: [ { id: 1, name: old } ]\n" : "";
  return (
    given + Array.from({ length: PER_MODEL }, (_, test) => `  - name: test ${test}\n${existing}    expect:\n${rows.join("\n")}\n`).join("")
  );
}

/** Seconds that DuckDB alone takes for the tables and the queries. */
async function bare(): Promise<number> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  try {
    await connection.run("create schema raw; create schema m");
    const before = performance.now();
    for (let test = 0; test < MODELS * PER_MODEL; test++) {
      const model = test % MODELS;
      const rows = ORDERS.map(
        ({ id, customer, amount }) => `(${id}, ${customer}, '2026-01-0${id}', 'paid', ${amount}, ['a', '${id}'])`,
      ).join(", ");
      await connection.run(`create or replace table raw.orders (id bigint, customer bigint, day date, status varchar, amount decimal(12,2), tags varchar[]);
        insert into raw.orders values ${rows};
        create or replace table raw.customers (id bigint, name varchar); insert into raw.customers values (1, 'Ana'), (2, 'Bob');
        create or replace table m.model_${model} as ${query(model)}`);
      await (await connection.run(`select * from m.model_${model}`)).getRows();
    }
    return (performance.now() - before) / 1_000;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
