// Unit tests of models on whole projects: what is given, how it is built, what is told.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MillraceError } from "../../model/errors.ts";
import type { TestAnswer } from "../../model/test-answers.ts";
import { testProjects } from "../projects.suite.ts";
import type { Tested, TestRequest } from "./tests.ts";

const { project, open } = testProjects("tests", "name: shop\n");

const SOURCE = `from: { files: { path: "data/*.csv" } }
primaryKey: [id]
columns:
  id: { type: bigint }
  price: { type: "decimal(12,2)" }
  sold_on: { type: date }
`;
const CSV = { "data/sales.csv": "id,price,sold_on,zip\n1,2.50,2026-01-02,00501\n" };
const CLEAN = `/*---
materialize: table
key: id
checks:
  - rule: { name: positive, where: "price > 0", onFail: quarantine }
  - unique: [id]
  - rule: { name: not_dear, where: "price < 1000" }
---*/
with trimmed as (select id, price, sold_on, zip from raw.sales where id is not null)
select * from trimmed
`;

type Files = Readonly<Record<string, string>>;

async function tested(
  files: Files,
  request: Partial<TestRequest> = {},
): Promise<Tested & { readonly byName: ReadonlyMap<string, TestAnswer> }> {
  const app = await open(project({ "sources/sales.yaml": SOURCE, "models/clean/sales.sql": CLEAN, ...CSV, ...files }));
  const found = await app.test({ names: [], ...request }, () => {});
  return { ...found, byName: new Map(found.answer.tests.map((test) => [test.name.replace(/^.*?\//, ""), test])) };
}

/** Names of tests that did not pass, with why. */
function wrong({ answer }: Tested): readonly string[] {
  return answer.tests
    .filter(({ status }) => status !== "passed")
    .map(({ name, reasons, differences, errors }) => `${name}: ${JSON.stringify([...reasons, ...differences, ...errors])}`);
}

const codes = ({ errors }: Tested): readonly string[] =>
  errors.map(({ code, location }) => `${code} ${location?.line}:${location?.column}`);

describe("given rows", () => {
  it("have the types that the project knows, NULL where a column is left out, and go through the model's own checks", async () => {
    const found = await tested({
      "tests/sales.yaml": `model: clean.sales
given:
  raw.sales:
    - { id: 1, price: 2.5, sold_on: 2026-01-02, zip: 501 }
    - { id: 2, price: 0 }
    - { id: 3, price: "7.00", zip: "00501" }
expect:
  - { id: 1, price: 2.50, sold_on: 2026-01-02, zip: "501" }
  - { id: 3, price: 7, sold_on: null, zip: "00501" }
`,
    });
    expect(wrong(found)).toEqual([]);
    expect(found.answer.counts).toEqual({ passed: 1, failed: 0, error: 0 });
  });

  it("stand in CSV, files and queries too", async () => {
    const found = await tested({
      "tests/data/rows.csv": 'id,price,zip\n1,3.10,00501\n2,,""\n',
      "tests/data/rows.ndjson": '{"id":1,"price":"3.10","zip":"00501"}\n{"id":2,"zip":""}\n',
      "tests/sales.yaml": `model: clean.sales
expect:
  csv: |
    id,price,zip
    1,3.10,00501
    2,,""
tests:
  - { name: csv, given: { raw.sales: { csv: "id,price,zip\\n1,3.10,00501\\n2,,\\"\\"\\n" } } }
  - { name: file, given: { raw.sales: { file: tests/data/rows.csv } } }
  - { name: ndjson, given: { raw.sales: { file: tests/data/rows.ndjson } } }
  - { name: sql, given: { raw.sales: { sql: "select * from (values (1, 3.10, '00501'), (2, null, '')) t(id, price, zip)" } } }
  - name: expected by a query
    given: { raw.sales: { file: tests/data/rows.csv } }
    expect: { sql: "select 1 as id, 3.1 as price union all select 2, null" }
`,
    });
    expect(wrong(found)).toEqual([]);
    expect(found.answer.counts.passed).toBe(5);
  });

  it("may be nested: structs, lists, maps, decimals, moments, blobs, intervals, JSON", async () => {
    const found = await tested({
      "models/final/nested.sql": `/*---
materialize: table
---*/
select 1::int as n, struct_pack(a := 1::tinyint, b := ['x', 'y'], c := struct_pack(d := 1.5::decimal(6,3))) as s, [1.25::decimal(5,2)] as l,
  map(['k', 'l'], [1, 2]) as m, map([7], [true]) as numbered, 'hi'::blob as bytes, interval 90 minutes as i, '{"b":1,"a":[2]}'::json as j,
  timestamptz '2026-01-02 03:04:05+02' as tz, timestamp_ns '2026-01-02 03:04:05.123456789' as ns, time '01:02:03' as t,
  'b'::enum('a', 'b') as e, uuid '6f1c1a3e-0000-4000-8000-000000000000' as u, 170141183460469231731687303715884105727::hugeint as h,
  [1.5, 2.5]::double[2] as arr, 'nan'::double as nan, null::int as nothing
`,
      "models/final/passed_on.sql": "/*---\nmaterialize: table\n---*/\nselect * from final.nested\n",
      "tests/nested.yaml": `model: final.passed_on
given:
  final.nested:
    - { n: 1, s: { a: 1, b: [x, y], c: { d: 1.5 } }, l: [1.25], m: { k: 1, l: 2 }, numbered: { 7: true }, bytes: aGk=, i: PT1H30M,
        j: { a: [2], b: 1 }, tz: "2026-01-02T01:04:05Z", ns: "2026-01-02T03:04:05.123456789", t: "01:02:03", e: b,
        u: 6f1c1a3e-0000-4000-8000-000000000000, h: "170141183460469231731687303715884105727", arr: [1.5, 2.5], nan: .nan }
    - { n: 2, s: { b: [] }, l: [], m: {}, numbered: [ { key: 8, value: null } ], j: text }
expect:
  - { n: 1, s: { a: 1, b: [x, y], c: { d: 1.500 } }, l: [1.25], m: { l: 2, k: 1 }, numbered: [ { key: 7, value: true } ], bytes: aGk=, i: 1 hour 30 minutes,
      j: { a: [2], b: 1 }, tz: "2026-01-02 03:04:05+02", ns: "2026-01-02T03:04:05.123456789", t: "01:02:03", e: b,
      u: 6F1C1A3E-0000-4000-8000-000000000000, h: "170141183460469231731687303715884105727", arr: [1.5, 2.5], nan: .nan, nothing: null }
  - { n: 2, s: { a: null, b: [], c: null }, l: [], m: {}, numbered: { 8: null }, j: text }
`,
    });
    expect(wrong(found)).toEqual([]);
  });

  it("further upstream: the models between are built from them; what is not given is empty", async () => {
    const found = await tested({
      "sources/zones.yaml": 'from: { files: { path: "zones/*.csv" } }\ncolumns: { zip: { type: text }, zone: { type: text } }\n',
      "models/final/zoned.sql": "select s.id, z.zone, count(*) over () as n from clean.sales s left join raw.zones z using (zip)\n",
      "zones/z.csv": "zip,zone\n1,a\n",
      "tests/zoned.yaml": `model: final.zoned
given: { raw.sales: [ { id: 1, price: 5, zip: "1" }, { id: 2, price: 0, zip: "1" } ] }
expect: [ { id: 1, zone: null, n: 1 } ]
tests:
  - { name: alone }
  - { name: joined, given: { raw.zones: [ { zip: "1", zone: north } ] }, expect: [ { id: 1, zone: north } ] }
  - { name: wrong, expect: [ { id: 1, zone: north } ] }
`,
    });
    expect(found.byName.get("alone")?.status).toBe("passed");
    expect(found.byName.get("joined")?.status).toBe("passed");
    expect(found.byName.get("wrong")?.notes).toEqual(
      ["raw.zones is not given: it is empty", "1 row was set aside by checks with onFail: quarantine"].slice(0, 1),
    );
  });
});

describe("what is expected", () => {
  it("an order, a tolerance, queries of the model's `with`, checks and errors", async () => {
    const found = await tested({
      "models/final/ranked.sql":
        "/*---\nmaterialize: table\n---*/\nselect id, price * 0.1::double as tax from clean.sales order by price desc\n",
      "models/final/cut.sql": "with two as (select id, price * 2 as more from clean.sales) select id from two\n",
      "models/final/failing.sql": "/*---\nmaterialize: table\n---*/\nselect id, cast(zip as int) as zip from clean.sales\n",
      "tests/all.yaml": `model: clean.sales
given:
  raw.sales: [ { id: 1, price: 2, zip: a }, { id: 1, price: 5000 }, { id: 2, price: 3 }, { price: 9 } ]
  clean.sales: [ { id: 7 } ]
tests:
  - { name: with, cte: { trimmed: [ { id: 1, price: 2 }, { id: 1, price: 5000 }, { id: 2, price: 3 } ] } }
  - { name: checks, checks: { failing: [not_dear, unique(id)] } }
  - { name: no checks, checks: { failing: [not_dear] } }
  - { name: an error, expectError: MR4501 }
  - { name: its words, expectError: "not_dear failed" }
  - { name: another error, expectError: no such thing }
  - { name: none, model: final.ranked, given: { clean.sales: [] }, expectError: MR4604 }
  - { name: cast, model: final.failing, given: { clean.sales: [ { id: 1, zip: x } ] }, expectError: could not convert }
  - { name: in order, model: final.ranked, ordered: true, tolerance: 0.0000001, given: { clean.sales: [ { id: 1, price: 1 }, { id: 2, price: 3 } ] }, expect: [ { id: 2, tax: 0.3 }, { id: 1, tax: 0.1 } ] }
  - { name: per column of one result, tolerance: { more: 1 }, model: final.cut, given: { clean.sales: [ { id: 1, price: 1 } ] }, expect: [ { id: 1 } ], cte: { two: [ { id: 1, more: 1.5 } ] } }
  - { name: per column, model: final.ranked, tolerance: { tax: 0.1 }, given: { clean.sales: [ { id: 1, price: 1 } ] }, expect: [ { id: 1, tax: 0.15 } ] }
  - { name: not in order, model: final.ranked, ordered: true, tolerance: 0.001, given: { clean.sales: [ { id: 1, price: 1 }, { id: 2, price: 3 } ] }, expect: [ { id: 1, tax: 0.1 }, { id: 2, tax: 0.3 } ] }
  - { name: not exact, model: final.ranked, given: { clean.sales: [ { id: 2, price: 3 } ] }, expect: [ { id: 2, tax: 0.3 } ] }
`,
    });
    // raw.sales stands beside all of them: one that does not read it is none the worse.
    expect(found.errors).toEqual([]);
    expect(wrong(found).map((line) => line.slice(4, line.indexOf(":")))).toEqual([
      "no checks",
      "another error",
      "none",
      "not in order",
      "not exact",
    ]);
    expect(found.byName.get("no checks")?.reasons).toEqual(["the check unique(id) fails for 2 rows"]);
    expect(found.byName.get("not in order")?.differences[0]?.order).toEqual({ row: 1, found: 2 });
    expect(found.byName.get("not exact")?.differences[0]?.changed[0]?.differences).toEqual([
      { column: "tax", expected: 0.3, actual: 0.30000000000000004 },
    ]);
  });

  it("differences name the rows that belong together, and the types where values look alike", async () => {
    const found = await tested({
      "tests/sales.yaml": `model: clean.sales
given: { raw.sales: [ { id: 1, price: 2, zip: "501" }, { id: 2, price: 3 }, { id: 3, price: 4 }, { id: 4, price: 5 } ] }
expect: [ { id: 4, price: 5 }, { id: 1, price: 2.005, zip: 501 }, { id: 2, price: 4 }, { id: 9, price: 9 } ]
`,
    });
    const [difference] = found.answer.tests[0]!.differences;
    expect(difference).toMatchObject({
      of: "clean.sales",
      expectedRows: 4,
      actualRows: 4,
      order: null,
      more: 0,
      counts: { changed: 2, missing: 1, unexpected: 1 },
    });
    expect(difference?.changed).toEqual([
      {
        expectedRow: 2,
        actualRow: 1,
        differences: [
          { column: "price", expected: 2.005, actual: "2.00", expectedType: "a number", actualType: "DECIMAL(12,2)" },
          { column: "zip", expected: 501, actual: "501", expectedType: "a number", actualType: "VARCHAR" },
        ],
        same: { id: 1 },
      },
      { expectedRow: 3, actualRow: 2, differences: [{ column: "price", expected: "4.00", actual: "3.00" }], same: { id: 2 } },
    ]);
    expect(difference?.missing).toEqual([{ row: 4, cells: { id: 9, price: "9.00" } }]);
    expect(difference?.unexpected.map(({ row }) => row)).toEqual([3]);
  });
});

describe("how the model is built", () => {
  const KEPT = {
    "models/kept/daily.sql": `/*---
materialize: incremental
incremental: { by: day }
---*/
select sold_on as day, sum(price) as total from raw.sales where sold_on >= $start and sold_on < $end group by 1
`,
    "models/kept/latest.sql": "/*---\nmaterialize: incremental\nkey: id\n---*/\nselect id, price from raw.sales\n",
    "models/kept/seen.sql":
      "/*---\nmaterialize: incremental\nkey: id\nincremental: { cursor: sold_on, deletes: ignore }\n---*/\nselect id, price, sold_on from raw.sales where sold_on >= $start\n",
    "models/kept/log.sql": "/*---\nmaterialize: incremental\nincremental: { mode: append }\n---*/\nselect id, price from raw.sales\n",
    "models/kept/history.sql": "/*---\nmaterialize: snapshot\nkey: id\n---*/\nselect id, price from raw.sales\n",
    "models/kept/closed.sql":
      "/*---\nmaterialize: incremental\nkey: id\nincremental: { deletes: close }\nchecks: [ { rule: { name: dear, where: price > 3, onFail: quarantine } } ]\n---*/\nselect id, price from raw.sales\n",
    "models/kept/days.sql":
      "/*---\nmaterialize: incremental\nincremental: { mode: partition, by: sold_on, deletes: ignore }\n---*/\nselect id, sold_on from raw.sales\n",
    "models/kept/moments.sql":
      "/*---\nmaterialize: snapshot\nkey: id\nsnapshot: { by: timestamp, updatedAt: sold_on, deletes: ignore }\n---*/\nselect id, price, sold_on from raw.sales\n",
    "models/kept/above.sql":
      "/*---\nmaterialize: table\n---*/\nselect h.id, l.price from kept.history h join kept.latest l using (id) where h.valid_to is null\n",
  };

  it("incremental and snapshot models on the rows that they hold, quickly as by the code of a run", async () => {
    const tests = `now: 2026-02-01T06:00:00Z
given: { raw.sales: [ { id: 1, price: 5, sold_on: 2026-01-02 }, { id: 2, price: 7, sold_on: 2026-01-02 }, { id: 3, price: 1, sold_on: 2026-01-05 } ] }
tests:
  - name: an interval replaces its own rows only
    model: kept.daily
    start: 2026-01-02
    end: 2026-01-03
    existing: [ { day: 2026-01-01, total: 3 }, { day: 2026-01-02, total: 99 }, { day: 2026-01-05, total: 8 } ]
    expect: [ { day: 2026-01-01, total: 3 }, { day: 2026-01-02, total: 12 }, { day: 2026-01-05, total: 8 } ]
  - { name: an interval into nothing, model: kept.daily, start: 2026-01-02, end: 2026-01-03, expect: [ { day: 2026-01-02, total: 12 } ] }
  - { name: all intervals, model: kept.daily, expect: [ { day: 2026-01-02, total: 12 }, { day: 2026-01-05, total: 1 } ] }
  - name: rows of other keys go, as in a full build
    model: kept.latest
    existing: [ { id: 1, price: 1 }, { id: 8, price: 3 } ]
    expect: [ { id: 1, price: 5 }, { id: 2, price: 7 }, { id: 3, price: 1 } ]
  - name: since its cursor
    model: kept.seen
    start: 2026-01-03
    existing: [ { id: 3, price: 9 }, { id: 8, price: 3 } ]
    expect: [ { id: 3, price: 1 }, { id: 8, price: 3 } ]
  - name: appended once
    model: kept.log
    existing: [ { id: 1, price: 5 }, { id: 1, price: 6 } ]
    expect: [ { id: 1, price: 5 }, { id: 1, price: 6 }, { id: 2, price: 7 }, { id: 3, price: 1 } ]
  - name: history
    model: kept.history
    existing: [ { id: 1, price: 4, valid_from: 2026-01-01T00:00:00 }, { id: 8, price: 3, valid_from: 2026-01-01T00:00:00 } ]
    expect:
      - { id: 1, price: 4, valid_from: 2026-01-01, valid_to: 2026-02-01T06:00:00 }
      - { id: 1, price: 5, valid_from: 2026-02-01T06:00:00Z, valid_to: null }
      - { id: 2, valid_to: null }
      - { id: 3, valid_to: null }
      - { id: 8, valid_to: 2026-02-01T06:00:00 }
  - name: closed, where checks set rows aside
    model: kept.closed
    existing: [ { id: 2, price: 1 }, { id: 3, price: 8 }, { id: 8, price: 3 }, { id: 9, price: 4, deleted_at: 2026-01-01T00:00:00 } ]
    expect:
      - { id: 1, price: 5, deleted_at: null }
      - { id: 2, price: 7, deleted_at: null }
      - { id: 3, price: 8, deleted_at: 2026-02-01T06:00:00 }
      - { id: 8, price: 3, deleted_at: 2026-02-01T06:00:00 }
      - { id: 9, price: 4, deleted_at: 2026-01-01T00:00:00 }
  - name: partitions that the query gives
    model: kept.days
    existing: [ { id: 4, sold_on: 2026-01-02 }, { id: 5, sold_on: 2026-01-03 } ]
    expect: [ { id: 1, sold_on: 2026-01-02 }, { id: 2, sold_on: 2026-01-02 }, { id: 3, sold_on: 2026-01-05 }, { id: 5, sold_on: 2026-01-03 } ]
  - name: history by a column
    model: kept.moments
    existing: [ { id: 1, price: 4, sold_on: 2026-01-01, valid_from: 2026-01-01T00:00:00 }, { id: 8, sold_on: 2026-01-01, valid_from: 2026-01-01T00:00:00 } ]
    expect:
      - { id: 1, price: 4, valid_to: 2026-01-02 }
      - { id: 1, price: 5, valid_from: 2026-01-02, valid_to: null }
      - { id: 2, valid_from: 2026-01-02 }
      - { id: 3, valid_from: 2026-01-05 }
      - { id: 8, valid_to: null }
  - { name: both between, model: kept.above, expect: [ { id: 1, price: 5 }, { id: 2, price: 7 }, { id: 3, price: 1 } ] }
`;
    // Tests that ask for checks are always built as in a run.
    const found = await tested({ ...KEPT, "tests/kept.yaml": tests, "tests/run.yaml": `checks: { failing: [] }\n${tests}` });
    const others = found.answer.tests.filter(({ status }) => status !== "passed");
    expect(others.map(({ name, reasons, differences }) => ({ name, reasons, differences }))).toEqual([
      { name: "run/closed, where checks set rows aside", reasons: ["the check dear fails for 1 row"], differences: [] },
    ]);
  });

  it("with the test's clock, parameters, interval and partition", async () => {
    const found = await tested({
      "jobs/daily.yaml": "params: { least: { type: integer }, name: { type: string } }\n",
      "models/final/clock.sql": `/*---
materialize: table
---*/
select $now as bound, now() as called, current_date as today, current_timestamp as stamp, localtimestamp as here, today() - 1 as yesterday,
  age(date '2026-03-01') as age, (timestamptz '2026-03-03 12:00:00+00').age() as hours, age(date '2026-03-04', date '2026-02-04') as between_two, the_day('x') as day,
  $param.least + 1 as more, $param.name as name, $start as s, $end as e
`,
      "models/final/monthly.sql": `/*---
materialize: table
partition: { by: month, column: sold_on, start: "2026-01-01" }
---*/
select id, sold_on, $partition as p from raw.sales where sold_on >= $start and sold_on < $end
`,
      "tests/all.yaml": `now: 2026-03-04T05:06:07Z
tests:
  - name: clock
    model: final.clock
    params: { least: 41, name: north }
    start: 2026-01-01
    end: 2026-02-01
    expect:
      - { bound: 2026-03-04T05:06:07, called: 2026-03-04T05:06:07Z, today: 2026-03-04, stamp: "2026-03-04T05:06:07Z", here: 2026-03-04T05:06:07,
          yesterday: 2026-03-03, age: 3 days, hours: 12 hours, between_two: 1 month, day: x 2026-03-04, more: 42, name: north, s: 2026-01-01, e: 2026-02-01 }
  - name: partition
    model: final.monthly
    partition: 2026-02
    given: { raw.sales: [ { id: 1, sold_on: 2026-01-31 }, { id: 2, sold_on: 2026-02-01 }, { id: 3, sold_on: 2026-03-01 } ] }
    expect: [ { id: 2, p: 2026-02 } ]
  - { name: code, model: clean.stamped, given: { clean.sales: [ { id: 1 } ] }, expect: [ { id: 1, at: "2026-03-04T05:06:07.000Z", later: "2026-03-04T05:06:07.000Z", is: true, then: "2020-01-01" } ] }
  - { name: code at another time, now: 2026-05-05, model: clean.stamped, given: { clean.sales: [ { id: 1 } ] }, expect: [ { at: "2026-05-05T00:00:00.000Z", is: true } ] }
`,
      "pipelines/own.ts": `import { defineAsset, defineFunction } from "millrace";
export const theDay = defineFunction({ name: "the_day", parameters: ["VARCHAR"], returns: "VARCHAR", call: (x: string) => x + " " + new Date().toISOString().slice(0, 10) });
export const stamped = defineAsset({
  name: "clean.stamped", needs: ["clean.sales"], isolation: "thread",
  async *transform({ read }) {
    for await (const batch of read("clean.sales")) {
      const at = new Date(Date.now()).toISOString();
      await new Promise((done) => setTimeout(done, 20));
      const date = new Date();
      yield batch.map((row) => ({ id: row.id, at, later: date.toISOString(), is: date instanceof Date && date.constructor === Date && Date() === date.toString(), then: new Date(2020, 0, 1, 12).toISOString().slice(0, 10) }));
    }
  },
});
`,
    });
    expect(wrong(found)).toEqual([]);
  });

  it("TypeScript between two assets reads the given rows; views are queried; exports of a model are not written", async () => {
    const found = await tested({
      "pipelines/score.ts": `import { defineAsset } from "millrace";
export const score = defineAsset({
  name: "clean.scored", needs: ["clean.sales"], key: ["id"],
  async *transform({ read }) { for await (const batch of read("clean.sales")) yield batch.map((row) => ({ id: row.id, score: Number(row.price) * 2 })); },
});
`,
      "models/final/top.sql": "select max(score) as top from clean.scored\n",
      "models/final/files.sql": "/*---\nmaterialize: external\nexternal: { path: out/files }\n---*/\nselect id from clean.sales\n",
      "tests/all.yaml": `given: { clean.sales: [ { id: 1, price: 2 }, { id: 2, price: 2.5 } ] }
tests:
  - { name: transform, model: clean.scored, expect: [ { id: 1, score: 4 }, { id: 2, score: 5 } ] }
  - { name: above it, model: final.top, expect: [ { top: 5 } ] }
  - { name: external, model: final.files, expect: [ { id: 1 }, { id: 2 } ] }
`,
    });
    expect(wrong(found)).toEqual([]);
    expect(existsSync(join((found as never as { dir: string }).dir ?? "", "out"))).toBe(false);
  });
});

describe("what is wrong with a test", () => {
  it("is told at its place, with what may be meant, all in one go; other tests run", async () => {
    const found = await tested({
      "models/clean/kept.sql": "/*---\nmaterialize: snapshot\nkey: id\n---*/\nselect id, price from clean.sales\n",
      "jobs/daily.yaml": "params: { least: { type: integer } }\n",
      "tests/bad.yaml": `model: clean.sales
tests:
  - { name: fine, given: { raw.sales: [] }, expect: [] }
  - { name: columns, given: { raw.sales: [ { id: 1, prise: 2 } ] }, expect: [ { idd: 1 } ] }
  - { name: values, given: { raw.sales: [ { id: 1.5, price: 2.005, sold_on: 2026-02-30 }, { id: x } ] }, expect: [] }
  - { name: expected, given: { raw.sales: [ { id: 1 } ] }, expect: [ { idd: 1 } ] }
  - { name: not read, model: clean.sales, given: { clean.sales: [] }, expect: [] }
  - { name: no check, checks: { failing: [not_daer] } }
  - { name: no with, cte: { trimed: [] } }
  - { name: existing, existing: [], expect: [] }
  - { name: partition, partition: 2026-01, expect: [] }
  - { name: file, given: { raw.sales: { file: tests/none.csv } }, expect: [] }
  - { name: a source, model: raw.sales, expect: [] }
  - { name: a zone, given: { raw.sales: { rows: [ { at: "2026-01-01T00:00:00+02:00", s: "2026-01-01 00:00:00.5" } ], types: { at: timestamp, s: timestamp_s } } }, expect: [] }
  - { name: a query that loses digits, given: { raw.sales: { sql: "select 1.005 as price, 'x' as id" } }, expect: [] }
  - { name: no query, given: { raw.sales: { sql: "create table t as select 1 as id" } }, expect: [] }
  - { name: two spellings, given: { raw.sales: [ { id: 1 }, { ID: 2 } ] }, expect: [] }
  - { name: tolerance, tolerance: { prise: 1 }, expect: [] }
  - { name: types, expect: { rows: [], types: { id: int } } }
  - { name: since when, model: clean.kept, existing: [ { id: 1, valid_from: 2026-01-01 }, { id: 2 } ], expect: [] }
  - { name: params, params: { leasst: 1, least: few }, expect: [] }
`,
    });
    expect(found.answer.counts).toEqual({ passed: 1, failed: 0, error: 18 });
    expect(codes(found)).toEqual([
      "MR8903 4:53",
      "MR8904 5:49",
      "MR8904 5:61",
      "MR8904 5:77",
      "MR8904 5:97",
      "MR8903 6:72",
      "MR8908 7:52",
      "MR8908 8:43",
      "MR8908 9:29",
      "MR8908 10:23",
      "MR8908 11:24",
      "MR8907 12:47",
      "MR8906 13:30",
      "MR8904 14:57",
      "MR8904 14:89",
      "MR8904 15:67",
      "MR8904 15:67",
      "MR8907 16:50",
      "MR8903 17:63",
      "MR8903 18:37",
      "MR8908 19:40",
      "MR8908 20:91",
      "MR8908 21:31",
      "MR8908 21:49",
    ]);
    expect(found.errors[0]?.hint).toBe('did you mean "price"?');
    expect(found.errors[5]?.hint).toBe('did you mean "id"?');
    expect(found.errors[6]?.hint).toContain("existing");
  });

  it("a name that is not there, and a file that cannot be read, keep only that file's tests from running", async () => {
    const found = await tested({
      "tests/a.yaml": "model: clean.sales\ngiven: { raw.sale: [] }\nexpect: []\n",
      "tests/b.yaml": "model: clean.sales\nexpcet: []\n",
      "tests/c.yaml": "- model: clean.sales\n",
      "tests/d.yaml": "model: clean.sales\nnow: yesterday\nexpect: []\n",
      "tests/e.yaml": "model: clean.sales\n",
      "tests/good.yaml": "model: clean.sales\nexpect: []\n",
    });
    expect(found.answer.tests.map(({ name, status }) => `${name} ${status}`)).toEqual(["a error", "good passed"]);
    expect(found.errors.map(({ code, location }) => `${code} ${location?.file}`).toSorted()).toEqual([
      "MR1020 tests/b.yaml",
      "MR1021 tests/c.yaml",
      "MR1022 tests/e.yaml",
      "MR1023 tests/d.yaml",
      "MR1044 tests/a.yaml",
    ]);
    expect(found.errors.find(({ code }) => code === "MR1044")?.hint).toContain('did you mean "raw.sales"?');
  });

  it("what is broken elsewhere in the project stops nothing; what the model is made of does", async () => {
    const found = await tested({
      "models/clean/broken.sql": "select nothing_there from raw.sales\n",
      "models/final/above.sql": "select * from clean.broken\n",
      "models/clean/unread.sql": "/*---\nmaterialise: table\n---*/\nselect 1\n",
      "models/final/beside.sql": "select id from clean.unread\n",
      "sources/other.yaml": "from: { flies: { path: x } }\n",
      "tests/good.yaml": "model: clean.sales\nexpect: []\n",
      "tests/above.yaml": "model: final.above\nexpect: []\n",
      "tests/beside.yaml": "model: final.beside\nexpect: []\n",
    });
    expect(found.answer.tests.map(({ name, status }) => `${name} ${status}`)).toEqual(["above error", "beside error", "good passed"]);
    expect(found.errors.map(({ code, location }) => `${code} ${location?.file}`)).toEqual([
      "MR2003 models/clean/broken.sql",
      "MR1020 models/clean/unread.sql",
    ]);
  });
});

describe("which tests run", () => {
  const FILES = {
    "models/final/top.sql": "select max(price) as top from clean.sales\n",
    "tests/sales.yaml": "model: clean.sales\ntags: [nightly]\nexpect: []\n",
    "tests/top.yaml":
      "model: final.top\ntests:\n  - { name: of nothing, expect: [ { top: null } ] }\n  - { name: of one, given: { clean.sales: [ { price: 1 } ] }, expect: [ { top: 1 } ] }\n",
  };
  const names = ({ answer }: Tested): readonly string[] => answer.tests.map(({ name }) => name);

  it("those of selected models, of a tag, of a name, of a file", async () => {
    expect(names(await tested(FILES, { select: "final.*" }))).toEqual(["top/of nothing", "top/of one"]);
    expect(names(await tested(FILES, { select: "clean.sales+" }))).toEqual(["sales", "top/of nothing", "top/of one"]);
    expect(names(await tested(FILES, { select: "tag:nightly" }))).toEqual(["sales"]);
    expect(names(await tested(FILES, { names: ["of one"] }))).toEqual(["top/of one"]);
    expect(names(await tested(FILES, { names: ["final.top", "tests/sales.yaml"] }))).toEqual(["sales", "top/of nothing", "top/of one"]);
  });

  it("none is an error that says so", async () => {
    const refused = async (files: Files, request: Partial<TestRequest>): Promise<string> =>
      tested(files, request).then(
        () => "ran",
        (error: unknown) => (error instanceof MillraceError ? `${error.code} ${error.hint ?? ""}` : String(error)),
      );
    expect(await refused({}, {})).toBe("MR8901 write tests/NAME.yaml, or: millrace test --record MODEL");
    expect(await refused(FILES, { select: "raw.sales" })).toContain("MR8902");
    expect(await refused(FILES, { select: "final.tpo" })).toContain('MR2020 did you mean "final.top"?');
    expect(await refused(FILES, { names: ["of oen"] })).toContain("MR8902 did you mean");
  });
});
