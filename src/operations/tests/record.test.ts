// Tests that are written from real rows: small, without anything personal, and green at once.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MillraceError } from "../../model/errors.ts";
import { testProjects } from "../projects.suite.ts";

const { project, open } = testProjects("record", "name: shop\n");

const CUSTOMERS = ["Ana", "Bob", "Cleo", "Dan", "Eve", "Fay", "Gus", "Hal"];
const FILES = {
  "data/orders.csv": `id,customer,ordered_on,amount,note\n${Array.from({ length: 200 }, (_, row) => `${row + 1},${(row % 8) + 1},2026-0${(row % 3) + 1}-1${row % 9},${row}.50,"n${row}, x"`).join("\n")}\n`,
  "data/customers.csv": `id,name,contact,salary,zone\n${CUSTOMERS.map((name, row) => `${row + 1},${name},${name.toLowerCase()}@mail.test,${4_000 + row},z${row % 2}`).join("\n")}\n`,
  "sources/orders.yaml": 'from: { files: { path: "data/orders.csv" } }\nprimaryKey: [id]\ncolumns: { amount: { type: "decimal(9,2)" } }\n',
  "sources/customers.yaml": 'from: { files: { path: "data/customers.csv" } }\nprimaryKey: [id]\npii: { name: redact, salary: hash }\n',
  "models/clean/orders.sql":
    '/*---\nmaterialize: table\nkey: id\nchecks: [ { rule: { name: positive, where: "amount > 1", onFail: quarantine } } ]\n---*/\nselect o.id, o.ordered_on, o.amount, c.name, c.contact, c.zone from raw.orders o join raw.customers c on c.id = o.customer\n',
  "models/final/monthly.sql":
    "/*---\nmaterialize: table\n---*/\nselect date_trunc('month', ordered_on)::date as month, zone, sum(amount) as total, count(*) as n, now()::date as at from clean.orders group by 1, 2\n",
  "models/final/ranked.sql": "/*---\nmaterialize: table\n---*/\nselect id, rank() over (order by amount desc) as place from clean.orders\n",
  "models/final/random.sql": "/*---\nmaterialize: table\n---*/\nselect id, random() as r from clean.orders\n",
  "models/final/odd.sql":
    "/*---\nmaterialize: table\n---*/\nselect id as \"id.of\", 'mail <' || contact || '>' as text, [contact] as contacts, { email: zone, zone: zone } as about from clean.orders\n",
  "models/final/above.sql": "/*---\nmaterialize: table\n---*/\nselect * from final.odd\n",
  "pipelines/seen.ts": `import { defineAsset } from "millrace";
export const seen = defineAsset({ name: "final.seen", needs: ["final.ranked"], async *transform({ read }) {
  for await (const rows of read("final.ranked")) yield rows.map((row) => ({ id: row.id, at: new Date().toISOString() }));
} });
`,
  "macros/since.sql": "create macro days_since(d) as current_date - d;\n",
  "models/final/since.sql": "/*---\nmaterialize: table\n---*/\nselect id, days_since(ordered_on) as days from clean.orders\n",
  "models/kept/history.sql": "/*---\nmaterialize: snapshot\nkey: id\n---*/\nselect id, zone from raw.customers\n",
};

async function built(): Promise<{ readonly dir: string; readonly app: Awaited<ReturnType<typeof open>> }> {
  const dir = project(FILES);
  const app = await open(dir);
  const summary = await app.run({}, () => {});
  expect(summary.status).toBe("succeeded");
  return { dir, app };
}

const refusal = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "done",
    (error: unknown) => (error instanceof MillraceError ? `${error.code} ${error.message}` : String(error)),
  );

describe("a recorded test", () => {
  it("has the rows of the inputs that the model's rows come from, passes at once, and writes nothing personal", async () => {
    const { dir, app } = await built();
    const recorded = await app.recordTest({ model: "clean.orders", rows: 3, where: "zone = 'z1'" });
    expect(recorded).toMatchObject({
      file: "tests/clean_orders.yaml",
      model: "clean.orders",
      expected: 3,
      given: { "raw.orders": 3, "raw.customers": 3 },
      notes: [],
    });
    expect(recorded.masked).toEqual(["raw.customers.contact"]); // the name was redacted when it was loaded
    const text = readFileSync(join(dir, recorded.file), "utf8");
    for (const name of CUSTOMERS) expect(text.toLowerCase()).not.toContain(name.toLowerCase());
    expect(text).not.toContain("mail.test");
    expect(text).not.toMatch(/salary|note:/); // the model does not read them
    expect(text).toContain("masked_1@example.com");
    const above = await app.recordTest({ model: "final.above", rows: 2, where: "text <> 'ana@mail.test'" });
    expect(above.masked).toEqual(["final.odd.about", "final.odd.contacts", "final.odd.text"]);
    const nested = readFileSync(join(dir, above.file), "utf8");
    expect(nested).not.toContain("mail.test");
    expect(nested).toMatch(/id\.of: \d/);
    const found = await (await open(dir)).test({ names: [] }, () => {});
    expect(found.answer.counts).toEqual({ passed: 2, failed: 0, error: 0 });
  });

  it("holds the clock where the model looks at it; groups are made of some of their rows", async () => {
    const { dir, app } = await built();
    const monthly = await app.recordTest({ model: "final.monthly", rows: 2 });
    expect(monthly.given["clean.orders"]).toBeLessThanOrEqual(20);
    expect(readFileSync(join(dir, monthly.file), "utf8")).toMatch(/^now: "?\d{4}-/m);
    const history = await app.recordTest({ model: "kept.history", rows: 2 });
    expect(history).toMatchObject({ given: { "raw.customers": 2 }, expected: 2 });
    await app.recordTest({ model: "final.ranked", rows: 2, name: "places" });
    for (const model of ["final.seen", "final.since"])
      expect(readFileSync(join(dir, (await app.recordTest({ model, rows: 2 })).file), "utf8")).toContain("now: 2");
    const found = await (await open(dir)).test({ names: [] }, () => {});
    expect(found.answer.tests.map(({ name, status }) => `${name} ${status}`)).toEqual([
      "final_monthly passed",
      "final_seen passed",
      "final_since passed",
      "kept_history passed",
      "places passed",
    ]);
  });

  it("is not written over another, nor where the model is never the same, was never built, has no such rows", async () => {
    const { dir, app } = await built();
    await app.recordTest({ model: "clean.orders", rows: 1 });
    const before = readFileSync(join(dir, "tests/clean_orders.yaml"), "utf8");
    expect(await refusal(app.recordTest({ model: "clean.orders", rows: 2 }))).toContain("MR8910");
    expect(readFileSync(join(dir, "tests/clean_orders.yaml"), "utf8")).toBe(before);
    expect(await refusal(app.recordTest({ model: "final.random", rows: 2 }))).toContain(
      "MR8911 what final.random makes of the same rows is not always the same",
    );
    expect(existsSync(join(dir, "tests/final_random.yaml"))).toBe(false);
    expect(await refusal(app.recordTest({ model: "clean.orders", rows: 2, name: "none", where: "id < 0" }))).toContain(
      "MR8911 clean.orders has no rows where id < 0",
    );
    expect(await refusal(app.recordTest({ model: "clean.orders", rows: 2, name: "none", where: "idd < 0" }))).toContain(
      "MR8911 clean.orders cannot be read",
    );
    expect(await refusal(app.recordTest({ model: "clean.orders", rows: 2, name: "none", where: "true); select 1; select (1" }))).toContain(
      "MR8911 clean.orders cannot be read",
    );
    expect(await refusal(app.recordTest({ model: "raw.orders", rows: 2 }))).toContain("MR8906");
    expect(await refusal(app.recordTest({ model: "clean.odrers", rows: 2 }))).toContain("MR6101");
    expect(await refusal(app.recordTest({ model: "clean.orders", rows: 2, name: "../out" }))).toContain("MR7001");
    const fresh = await open(project(FILES));
    expect(await refusal(fresh.recordTest({ model: "clean.orders", rows: 2 }))).toContain("never built");
  });
});
