// Fixed width and log lines against answers counted by hand and by another road.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fixedWidth } from "../fixed-width/index.ts";
import { openReading, type ReadingBench } from "./reading.suite.ts";

let bench: ReadingBench;
beforeAll(async () => {
  bench = await openReading();
});
afterAll(() => bench.close());

const FIELDS = { id: "1-3", name: "6-15", price: "16-20" };

describe("fixed width", () => {
  it("cuts at positions, trims, infers, and keeps leading zeros as text", async () => {
    const { columns, rows, staged } = await bench.read("a.fwf", "001  Anna      12.50\n\n002  Zoë 😀       9.1\n", { fields: FIELDS });
    expect(columns).toEqual(["id VARCHAR", "name VARCHAR", "price DECIMAL(18,2)"]);
    expect(rows).toEqual([
      ["001", "Anna", "12.50"],
      ["002", "Zoë 😀", "9.10"],
    ]);
    expect(staged.lines).toEqual({ total: 3, header: 0, preamble: 0, blank: 1 });
  });

  it("sends short and long lines to quarantine with their number and raw form; trailing blanks are not long", async () => {
    const { rows, rejected } = await bench.read("a.fwf", "001  Anna      12.50   \n02\n003  Carl       1.00 more\n", { fields: FIELDS });
    expect(rows).toHaveLength(1);
    expect(rejected.map(({ line, rule, raw }) => [line, rule, raw])).toEqual([
      [2, "shortLine", "02"],
      [3, "longLine", "003  Carl       1.00 more"],
    ]);
  });

  it("pads short lines when told to, and takes an open column up to the end of the line", async () => {
    const options = { fields: { id: "1-2", rest: "3-" }, shortLines: "pad" };
    expect((await bench.read("a.fwf", "1\n22rest of it\n", options)).rows).toEqual([
      ["1", null],
      ["22", "rest of it"],
    ]);
  });

  it("says what lies between the columns", async () => {
    const { staged } = await bench.read("a.fwf", "001xxAnna      12.50\n", { fields: FIELDS });
    expect(staged.understood.doubts.join()).toContain("between the columns");
  });

  it("refuses to guess, and refuses wrong positions", async () => {
    await expect(bench.read("a.fwf", "x\n")).rejects.toMatchObject({ code: "MR3250" });
    await expect(bench.read("a.fwf", "x\n", { fields: { a: "0-3" } })).rejects.toMatchObject({ code: "MR3251" });
    await expect(bench.read("a.fwf", "x\n", { fields: { a: "5-3" } })).rejects.toMatchObject({ code: "MR3251" });
  });

  it("accounts for every line of a large file read in a thread", async () => {
    const lines = Array.from({ length: 80_000 }, (_, k) => (k % 100 === 7 ? "bad" : `${String(k).padStart(6)} value ${k % 13}`.padEnd(20)));
    const { staged } = await bench.read("big.txt", lines.join("\n"), { fields: { k: "1-6", text: "8-20" } }, { as: fixedWidth });
    expect(staged.records).toEqual({ read: 80_000, quarantined: 800, repaired: 0 });
    const sums = await bench.connection.runAndReadAll("select count(*), sum(k)::bigint from staged");
    const expected = lines.reduce((sum, line, k) => (line === "bad" ? sum : sum + k), 0);
    expect(sums.getRows()[0]?.map(Number)).toEqual([79_200, expected]);
  });
});

describe("log lines", () => {
  const COMBINED = [
    '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326 "http://x/" "Mozilla \\"4.08\\""',
    "this is no access",
    '::1 - - [29/Feb/2024:00:00:00 +0130] "\\x16\\x03" 400 - "-" "-"',
  ].join("\n");

  it("reads the combined form, with times as moments and a dash as nothing", async () => {
    const { format, rows, rejected } = await bench.read("access.log", COMBINED);
    expect(format).toBe("logs");
    expect(rows[0]).toEqual([
      "127.0.0.1",
      null,
      "frank",
      "2000-10-10 20:55:36+00",
      "GET /a.gif HTTP/1.0",
      "GET",
      "/a.gif",
      "HTTP/1.0",
      "200",
      "2326",
      "http://x/",
      'Mozilla "4.08"',
    ]);
    expect(rows[1]?.slice(0, 10)).toEqual(["::1", null, null, "2024-02-28 22:30:00+00", "\\x16\\x03", null, null, null, "400", null]);
    expect(rejected).toEqual([{ kind: "quarantined", line: 2, rule: "noMatch", reason: expect.any(String), raw: "this is no access" }]);
  });

  it("is found by its contents where the ending tells nothing", async () => {
    const common = '1.1.1.1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 1\n'.repeat(3);
    expect((await bench.read("access", common)).rows).toHaveLength(3);
  });

  it("reads lines by a named regular expression", async () => {
    const text = "2024-01-02T03:04:05Z INFO started a=1\n2024-01-02T03:04:06Z WARN  slow\n  at stack (x.js:1)\n";
    const { columns, rejected } = await bench.read("app.log", text, { pattern: "(?<time>\\S+) (?<level>[A-Z]+)\\s+(?<message>.*)" });
    expect(columns).toEqual(["time TIMESTAMP WITH TIME ZONE", "level VARCHAR", "message VARCHAR"]);
    expect(rejected.map(({ line }) => line)).toEqual([3]);
  });

  it("refuses an expression without names, a broken one, and a log of unknown form", async () => {
    await expect(bench.read("app.log", "x\n", { pattern: "(a)(b)" })).rejects.toMatchObject({ code: "MR3252" });
    await expect(bench.read("app.log", "x\n", { pattern: "(?<a>" })).rejects.toMatchObject({ code: "MR3252" });
    await expect(bench.read("app.log", "x\n")).rejects.toMatchObject({ code: "MR3253" });
  });

  it("sends a line of half a megabyte, NUL and broken bytes to quarantine", async () => {
    const bytes = Buffer.concat([Buffer.from(`${"x".repeat(500_000)}\na\0b\n`), Buffer.from([0x61, 0xff, 0x0a]), Buffer.from("ok\n")]);
    const { rows, rejected } = await bench.read("app.log", bytes, { pattern: "(?<text>.*)", encoding: "utf-8" });
    expect(rows).toEqual([["ok"]]);
    expect(rejected.map(({ rule }) => rule)).toEqual(["longLine", "nulCharacter", "invalidEncoding"]);
  });
});
