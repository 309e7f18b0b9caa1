// Targets as destinations: what a real program gets over a real pipe, and what counts as acknowledged.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { WriteContext, WriteResult } from "../../load/connector.ts";
import { openWarehouse, type Warehouse } from "../../sql/warehouse.ts";
import { singer } from "./index.ts";
import type { SingerOptions } from "./options.ts";
import { readContext } from "./tap.suite.ts";

let folder: string;
let warehouse: Warehouse;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-target-"));
  warehouse = await openWarehouse({ path: join(folder, "warehouse.duckdb") });
});
afterEach(() => {
  warehouse.close();
  rmSync(folder, { recursive: true });
});

/** Appends its input to a file and gives back states; `how` changes what it does in the end. */
function target(how: "echo" | "silent" | "dies" | "fails" | "old" = "echo"): string[] {
  const program = join(folder, "target.cjs");
  writeFileSync(
    program,
    `const how = process.argv[2];
    const { appendFileSync } = require("node:fs");
    let last; let lines = 0;
    require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
      if (how === "dies" && ++lines > 3) { console.error("no room"); process.exit(9); }
      appendFileSync(${JSON.stringify(join(folder, "got.ndjson"))}, line + "\\n");
      const message = JSON.parse(line);
      if (message.type === "STATE") last = message.value;
    }).on("close", () => {
      if (how === "old") last = { millrace: { token: "t1", rows: 1 } };
      if (how !== "silent") console.log(JSON.stringify(last));
      if (how === "fails") process.exitCode = 4;
    });`,
  );
  return [process.execPath, program, how];
}

async function write(query: string, options: Partial<SingerOptions> = {}, more: Partial<WriteContext> = {}): Promise<WriteResult> {
  return warehouse.session(({ connection }) =>
    singer.write!(
      { command: target(), stream: "out", ...options },
      { ...readContext(folder, connection), query, mode: "append", key: [], token: "t1", ...more },
    ),
  );
}

const got = (): string => readFileSync(join(folder, "got.ndjson"), "utf8");
const messages = (): any[] =>
  got()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("a target", () => {
  it("gets schema, records and state, with every digit and in the forms of JSON Schema", async () => {
    const query = `select 12345678901234567890.123456789::decimal(38,9) as amount, 123456789012345678901234567890::hugeint as wide,
      timestamptz '2026-01-02 03:04:05.123456+02' as at, timestamp '2026-01-02 03:04:05' as local, date '2026-01-02' as day, 'a"b'::blob as bytes,
      [1, 2] as list, {a: 'x'} as nested, 'ü
"' as "odd name", null::int as nothing, uuid '00000000-0000-0000-0000-000000000001' as id`;
    expect(await write(query, {}, { mode: "merge", key: ["id"] })).toEqual({
      rows: 1,
      locations: [expect.stringContaining("stream out of ")],
    });
    expect(got()).toContain('"amount":12345678901234567890.123456789,"wide":123456789012345678901234567890');
    const [schema, record, state] = messages();
    expect(schema).toMatchObject({
      type: "SCHEMA",
      stream: "out",
      key_properties: ["id"],
      schema: {
        properties: {
          amount: { type: ["number", "null"], multipleOf: 1e-9 },
          wide: { type: ["integer", "null"] },
          at: { type: ["string", "null"], format: "date-time" },
          day: { type: ["string", "null"], format: "date" },
          list: { type: ["array", "null"] },
          nested: { type: ["object", "null"] },
        },
      },
    });
    expect(record.record).toMatchObject({
      at: "2026-01-02T01:04:05.123456Z",
      local: "2026-01-02T03:04:05.000000",
      day: "2026-01-02",
      bytes: Buffer.from('a"b').toString("base64"),
      list: [1, 2],
      nested: { a: "x" },
      "odd name": 'ü\n"',
      nothing: null,
      id: "00000000-0000-0000-0000-000000000001",
    });
    expect(state).toEqual({ type: "STATE", value: { millrace: { token: "t1", rows: 1 } } });
  });

  it("gets every row of a large query once, with states on the way", async () => {
    expect((await write("select range as n, repeat('x', 50) as t from range(250001)")).rows).toBe(250_001);
    const lines = got().trim().split("\n");
    expect(lines.filter((line) => line.includes('"RECORD"')).length).toBe(250_001);
    expect(lines.filter((line) => line.includes('"STATE"')).length).toBe(3);
    expect(new Set(lines.filter((line) => line.includes('"RECORD"'))).size).toBe(250_001);
  });

  it("gets the rows of one export once, however often it is tried after the acknowledgement", async () => {
    await write("select 1 as n");
    expect((await write("select 1 as n")).rows).toBe(1);
    expect(messages().filter(({ type }) => type === "RECORD")).toHaveLength(1);
    await write("select 1 as n", {}, { token: "t2" });
    expect(messages().filter(({ type }) => type === "RECORD")).toHaveLength(2);
  });

  it("is told by ACTIVATE_VERSION that these are all rows", async () => {
    await write("select 1 as n", { activateVersion: true }, { mode: "replace" });
    const [, record, activate] = messages();
    expect(activate).toMatchObject({ type: "ACTIVATE_VERSION", stream: "out", version: record.version });
  });

  it("gets the schema when there is no row", async () => {
    expect((await write("select 1 as n limit 0")).rows).toBe(0);
    expect(messages().map(({ type }) => type)).toEqual(["SCHEMA", "STATE"]);
  });
});

describe("rows are not acknowledged", () => {
  const many = "select range as n from range(200000)";
  it.each([
    ["by a target that gives no state back", "silent", "MR4708"],
    ["by a target that gives an earlier state back", "old", "MR4708"],
    ["by a target that ends with another code than 0", "fails", "MR4702"],
    ["by a target that dies while rows are sent", "dies", "MR4702"],
  ] as const)("%s", async (_what, how, code) => {
    await expect(write(many, { command: target(how) })).rejects.toMatchObject({ code });
    expect(existsSync(join(folder, ".millrace", "singer"))).toBe(false); // the next try sends them again
  });

  it("unless its exit code is to be trusted", async () => {
    expect((await write(many, { command: target("silent"), acknowledge: "exit" })).rows).toBe(200_000);
  });

  it.each([
    ["replace", "MR4709", /activateVersion/],
    ["delete", "MR4709", /deletes/],
    ["merge", "MR4709", /key/],
  ] as const)("when the protocol has no form for %s", async (mode, code, message) => {
    await expect(write("select 1 as n", {}, { mode })).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it("when a number is none that JSON has", async () => {
    await expect(write("select 'nan'::double as n")).rejects.toMatchObject({ code: "MR4709" });
    expect((await write(`select '{"a":NaN}' as n`)).rows).toBe(1); // a text that looks so
  });
});
