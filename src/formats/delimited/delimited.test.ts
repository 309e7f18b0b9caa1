// The hard edges of delimited files, one by one, and the promises of the account on random bytes.
import { createHash } from "node:crypto";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { createGunzip, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { random } from "./generated-cases.suite.ts";
import { delimited } from "./index.ts";
import { peekFile } from "./peek.ts";
import { stageStream } from "./stage.ts";
import { openBench, type Bench } from "./staging.suite.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => {
  bench.close();
});

const infer = { otherwise: "infer" } as const;
const numbered = (count: number, row: (i: number) => string): string => Array.from({ length: count }, (_, i) => row(i)).join("\n");
const wide = (cell: string, count: number): string => Array.from({ length: count }, (_, i) => `${cell}${i}`).join(",");
const sound = (i: number): string => `${i},name ${i},${i}.5`;
const surprise = (late: string): string =>
  `id,v,w\n${numbered(60_000, (i) => `${i},${i},${i % 90}.25`)}\n60000,${late},1.125\n60001,3,4.25\n`;
const typesOf = async (cells: readonly string[], options = {}): Promise<string> => {
  const { staged } = await bench.read(`n,v\n${cells.map((cell, i) => `${i},${cell}\n`).join("")}`, { ...infer, options });
  const column = staged.columns[1];
  return `${column?.type}${column?.exactText === true ? "" : " ~"}`;
};

describe("the edges of a file", () => {
  it("takes an empty file for no rows and no columns", async () => {
    for (const contents of ["", "\ufeff"]) {
      const { staged } = await bench.read(contents);
      expect(staged.rows).toBe(0);
      expect(staged.columns).toEqual([]);
      expect(staged.lines).toEqual({ total: 0, header: 0, preamble: 0, blank: 0 });
      expect(staged.hash).toBe(createHash("sha256").update(contents).digest("hex"));
    }
  });

  it("takes blank lines for nothing", async () => {
    const { staged } = await bench.read("\n\n\n");
    expect(staged.rows).toBe(0);
    expect(staged.lines?.total).toBe(3);
  });

  it("reads a file that has only a header", async () => {
    const { staged } = await bench.read("id,name,price\n", infer);
    expect(staged.rows).toBe(0);
    expect(staged.columns.map((column) => column.name)).toEqual(["id", "name", "price"]);
  });

  it("reads a file without a header", async () => {
    const { staged, rows, lines } = await bench.read("1,a,2.5\n2,b,3.5\n3,c,4.5\n", infer);
    expect(staged.columns.map((column) => column.name)).toEqual(["column_1", "column_2", "column_3"]);
    expect(rows).toEqual([
      ["1", "a", "2.5"],
      ["2", "b", "3.5"],
      ["3", "c", "4.5"],
    ]);
    expect(lines).toEqual([1, 2, 3]);
  });

  it("makes names unique without regard to case, and keeps labels as they stood", async () => {
    const { staged } = await bench.read("id, Price ,price,,id\n1,2,3,4,5\n2,3,4,5,6\n");
    expect(staged.columns.map((column) => column.name)).toEqual(["id", "Price", "price_2", "column_4", "id_2"]);
    expect(staged.columns[1]?.label).toBe(" Price ");
  });

  it("reads names and paths that hold quotes, blanks and pattern characters", async () => {
    const folder = join(bench.folder, "it's [a] {folder}*");
    mkdirSync(folder, { recursive: true });
    const path = join(folder, '1\' or "x"?.csv');
    writeFileSync(path, '"a""b","c\'d",";drop table x"\n1,2,3\n4,5,6\n');
    const { staged, rows } = await bench.readFile(path);
    expect(staged.columns.map((column) => column.name)).toEqual(['a"b', "c'd", ";drop table x"]);
    expect(rows.length).toBe(2);
  });

  it("refuses what is no text, by name", async () => {
    await expect(bench.read(gzipSync("a,b\n1,2\n"))).rejects.toMatchObject({ code: "MR3006" });
    await expect(bench.read(Buffer.alloc(5000))).rejects.toMatchObject({ code: "MR3006" });
  });

  it("refuses one column where most lines hold a delimiter that gives no width", async () => {
    const prose = numbered(30, (i) => `line ${i}${", more".repeat(i % 7)} and so on`);
    await expect(bench.read(prose)).rejects.toMatchObject({ code: "MR3002" });
    expect((await bench.read(prose, { options: { delimiter: "none" } })).staged.columns.length).toBe(1);
  });
});

describe("what cannot be read at all", () => {
  it("is refused: a warehouse that does not keep the order of rows", async () => {
    await bench.connection.run("SET preserve_insertion_order = false");
    await expect(bench.read("a,b\n1,2\n")).rejects.toMatchObject({ code: "MR3007" });
    await bench.connection.run("SET preserve_insertion_order = true");
  });

  it("is refused: more columns than there is room for", async () => {
    await expect(bench.read(`${wide("name", 17_000)}\n${wide("", 17_000)}\n${wide("", 17_000)}\n`)).rejects.toMatchObject({
      code: "MR3001",
    });
  });

  it("is read all the same: two thousand columns", async () => {
    const { staged } = await bench.read(`${wide("name", 2000)}\n${wide("", 2000)}\n${wide("1", 2000)}\n`, infer);
    expect([staged.rows, staged.columns.length, staged.columns[7]?.type]).toEqual([2, 2000, "BIGINT"]);
  });
});

describe("lines that nobody can read", () => {
  it("quarantines a line of 10 MB with its number, and loads its neighbours", async () => {
    for (const long of ["x".repeat(10 << 20), `"${"y".repeat(10 << 20)}`, `7,"${"z,".repeat(5 << 20)}",1.5`]) {
      const text = `id,name,price\n${numbered(50, sound)}\n${long}\n${numbered(50, (i) => sound(i + 50))}\n`;
      const { staged, rejected, lines } = await bench.read(text, infer);
      expect(staged.rows).toBe(100);
      expect(rejected.map(({ line, rule, raw }) => [line, rule, raw.length <= 1 << 16])).toEqual([[52, "lineTooLong", true]]);
      expect(lines.slice(48, 52)).toEqual([50, 51, 53, 54]);
      expect(staged.lines?.total).toBe(102);
    }
  });

  it("quarantines a line of 10 MB at the end of the file", async () => {
    const { staged, rejected } = await bench.read(`id,name,price\n${numbered(50, sound)}\n${"x".repeat(10 << 20)}`, infer);
    expect(staged.rows).toBe(50);
    expect(rejected.map(({ line, rule }) => [line, rule])).toEqual([[52, "lineTooLong"]]);
  });

  it("quarantines a NUL byte with its reason, inside quotes and out", async () => {
    const text = `id,name,price\n${numbered(20, sound)}\n20,na\0me,1.5\n21,"a\0\nb",2.5\n22,c,3.5\n`;
    const { staged, rejected } = await bench.read(text, infer);
    expect(staged.rows).toBe(21);
    expect(rejected.map(({ line, lines, rule, raw }) => [line, lines, rule, raw])).toEqual([
      [22, 1, "nulByte", "20,na\u2400me,1.5"],
      [23, 2, "nulByte", '21,"a\u2400\nb",2.5'],
    ]);
  });

  it("quarantines bytes that are not UTF-8 in a file that otherwise is", async () => {
    const text = `id,name,price\n${numbered(3000, (i) => `${i},caf\u00e9 ${i},1.5`)}\n`;
    const { staged, rejected } = await bench.read(
      Buffer.concat([Buffer.from(text), Buffer.from("3000,caf\xe9,1.5\n3001,x,1.5\n", "latin1")]),
    );
    expect(staged.rows).toBe(3001);
    expect(rejected.map(({ line, rule, raw }) => [line, rule, raw])).toEqual([[3002, "invalidBytes", "3000,café,1.5"]]);
  });

  it("takes a file whose other bytes come late for Windows-1252, with its own quotation marks and currency", async () => {
    const text = `id,name,price\n${numbered(40_000, sound)}\n`;
    const tail = Buffer.from([...Buffer.from("40000,"), 0x80, 0x92, 0x8c, 0xe9, ...Buffer.from(",1.5\n")]);
    const { staged, rows } = await bench.read(Buffer.concat([Buffer.from(text), tail]));
    expect(staged.understood.encoding?.name).toBe("windows-1252");
    expect(rows.at(-1)).toEqual(["40000", "€’Œé", "1.5"]);
  });

  it("says so when bytes are not in the encoding that was named", async () => {
    await expect(bench.read(Buffer.from("a,b\n1,\xff\xfe\xff\n", "latin1"), { options: { encoding: "shift_jis" } })).rejects.toMatchObject({
      code: "MR3004",
    });
    await expect(bench.read("a,b\n1,2\n", { options: { encoding: "klingon" } })).rejects.toMatchObject({ code: "MR3003" });
  });
});

describe("stray quotes that pair up", () => {
  const rows = numbered(40, (i) => `${i},place ${i},2020-01-${String((i % 28) + 1).padStart(2, "0")},${i}.25`);
  const header = "id,place,day,price\n";

  it("do not swallow the rows between them", async () => {
    const { staged, rejected, lines } = await bench.read(
      `${header}${rows}\n40,"lost,2020-02-01,1.25\n41,sound,2020-02-02,2.25\n42,sound,2020-02-03,3.25\n43,x",2020-02-04,4.25\n44,y,2020-02-05,5.25\n`,
    );
    const table = await bench.connection.runAndReadAll("SELECT id FROM staged WHERE id::INT >= 41 ORDER BY rowid");
    expect(table.getRows().map((row) => row[0])).toEqual(expect.arrayContaining(["41", "42", "44"]));
    expect(staged.rows + rejected.filter((record) => record.kind === "quarantined").length).toBe(45);
    expect(rejected.map((record) => record.line)).toEqual([42, 45]);
    expect(lines.at(-1)).toBe(46);
  });

  it("leave letters of several lines alone, with commas in them", async () => {
    const letter = '50,"Dear Sir,\nthank you, and so on,\nyours, A",2020-03-01,7.25';
    const { staged, rows: read, rejected } = await bench.read(`${header}${rows}\n${letter}\n51,z,2020-03-02,8.25\n`);
    expect(rejected).toEqual([]);
    expect(staged.rows).toBe(42);
    expect(read[40]?.[1]).toBe("Dear Sir,\nthank you, and so on,\nyours, A");
  });
});

describe("types", () => {
  it("keeps as text whatever a type would bend", async () => {
    for (const cells of [
      ["00501", "10001"],
      ["1_000"],
      ["0x1F"],
      ["+14155550100"],
      ["1", "north"],
      ["1e3", "2e5"],
      ["5."],
      ["12", "n/a"],
      ["yes", "no"],
      ["$5"],
    ])
      expect(await typesOf(cells), cells.join(" ")).toBe("VARCHAR");
  });

  it("takes integers beyond 64 bits exactly, or as text", async () => {
    expect(await typesOf(["9223372036854775807", "-5"])).toBe("BIGINT");
    expect(await typesOf(["9223372036854775808"])).toBe("HUGEINT");
    expect(await typesOf(["12345678901234567890123456789012345678901234567890"])).toBe("VARCHAR");
  });

  it("takes decimals exactly and says whether their text comes back", async () => {
    expect(await typesOf(["1.50", "2.25"])).toBe("DECIMAL(18,2)");
    expect(await typesOf(["1.5", "2.25", "7"])).toBe("DECIMAL(18,2) ~");
    expect(await typesOf(["0.12345678901234"])).toBe("DOUBLE ~");
    expect(await typesOf(["12345678901234567890.12"])).toBe("DECIMAL(38,2)");
    expect(await typesOf(["1.5e-7", "2.5"])).toBe("DOUBLE ~");
    expect(await typesOf(["-0.00", "1.00"])).toBe("DECIMAL(18,2) ~");
  });

  it("takes dates only in one way of reading", async () => {
    expect(await typesOf(["2020-02-29", "1999-12-31"])).toBe("DATE");
    expect(await typesOf(["2021-02-29"])).toBe("VARCHAR");
    expect(await typesOf(["01/02/2023", "03/04/2023"])).toBe("VARCHAR");
    expect(await typesOf(["01/02/2023", "13/04/2023"])).toBe("DATE ~");
    expect(await typesOf(["01/13/2023", "13/04/2023"])).toBe("VARCHAR");
    expect(await typesOf(["2020-01-02 03:04:05", "2020-01-02 03:04:05.5"])).toBe("TIMESTAMP");
    expect(await typesOf(["2020-01-02T03:04:05Z", "2020-01-02T03:04:05+02:00"])).toBe("TIMESTAMPTZ ~");
    expect(await typesOf(["23:59:59", "00:00:00"])).toBe("TIME");
  });

  it("reads typed values without the blanks around them", async () => {
    const { rows } = await bench.read("a,b,c\n 1 , 2.5 , 2020-01-02 \n2,3.5,2020-01-03\n", infer);
    expect(rows[0]).toEqual(["1", "2.5", "2020-01-02"]);
  });

  it("are decided by the last row as much as by the first", async () => {
    for (const [late, type] of [
      ["007", "VARCHAR"],
      ["n/a", "VARCHAR"],
      ["1.5", "DECIMAL(18,1)"],
      ["99999999999999999999", "HUGEINT"],
    ] as const) {
      const { staged, rows } = await bench.read(surprise(late), infer);
      expect(staged.columns.map((column) => column.type)).toEqual(["BIGINT", type, "DECIMAL(18,3)"]);
      expect(rows[60_000]).toEqual(["60000", late, "1.125"]);
      expect(staged.rows).toBe(60_002);
    }
  });

  it("settles the order of days by a value anywhere in the file", async () => {
    const { staged } = await bench.read(`id,day\n${numbered(60_000, (i) => `${i},0${1 + (i % 9)}/02/2023`)}\n60000,25/12/2023\n`, infer);
    expect(staged.columns[1]).toMatchObject({ type: "DATE", exactText: false });
    const found = await bench.connection.runAndReadAll("SELECT max(day)::VARCHAR, min(day)::VARCHAR FROM staged");
    expect(found.getRows()[0]).toEqual(["2023-12-25", "2023-02-01"]);
  });

  it("are asked for per column", async () => {
    const { staged } = await bench.read("id,zip\n1,10001\n2,10002\n", { otherwise: "infer", columns: new Map([["zip", "text"]]) });
    expect(staged.columns.map((column) => column.type)).toEqual(["BIGINT", "VARCHAR"]);
  });
});

describe("options", () => {
  it("pin the dialect, the preamble and the header", async () => {
    const text = "made by hand\nx;y\n'1;5';2\n3;4\n";
    const { staged, rows } = await bench.read(text, { options: { delimiter: ";", quote: "'", skipLines: 1, header: true } });
    expect(staged.understood.preamble).toEqual(["made by hand"]);
    expect(staged.lines).toEqual({ total: 4, header: 1, preamble: 1, blank: 0 });
    expect(rows).toEqual([
      ["1;5", "2"],
      ["3", "4"],
    ]);
    expect((await bench.read("a,b\nc,d\n", { options: { header: false } })).rows.length).toBe(2);
    expect((await bench.read("a,b\nc,d\n1,2\n", { options: { header: 2 } })).staged.columns.map((column) => column.name)).toEqual([
      "a c",
      "b d",
    ]);
    expect((await bench.read('a,b\n1,"\n2,x"\n', { options: { quote: "none" } })).rows).toEqual([
      ["1", '"'],
      ["2", 'x"'],
    ]);
  });

  it("leave comment lines out and keep their text", async () => {
    const { staged, rows, lines } = await bench.read("# made, by\na,b\n1,2\n# hand\n3,4\n", { options: { comment: "#" } });
    expect(rows.length).toBe(2);
    expect(lines).toEqual([3, 5]);
    expect(staged.lines).toEqual({ total: 5, header: 1, preamble: 2, blank: 0 });
    expect(staged.understood.preamble).toEqual(["# made, by", "# hand"]);
  });

  it("make words NULL, so that what is left has a type", async () => {
    expect(await typesOf(["12", "n/a", "7"], { nulls: ["n/a"] })).toBe("BIGINT");
    const { rows } = await bench.read("a,b\nNA,x\n2,NA\n3,y\n", { ...infer, options: { nulls: ["NA"] } });
    expect(rows).toEqual([
      ["", "x"],
      ["2", ""],
      ["3", "y"],
    ]);
  });

  it("are refused when nobody knows them", async () => {
    await expect(bench.read("a,b\n", { options: { delimeter: ";" } })).rejects.toThrow(/delimeter/);
  });
});

describe("a large file", () => {
  it("stands in the table in the order of the file, at the right lines, whatever DuckDB's threads do", async () => {
    const rows: string[] = [];
    const expected: number[] = [];
    let line = 2;
    for (let i = 0; i < 150_000; i++) {
      const isLong = i % 1000 === 7;
      if (i % 1777 === 3) {
        rows.push("");
        line++;
      }
      expected.push(line);
      rows.push(`${i},${isLong ? `"two\nlines ${i}"` : `text ${i}`},${(i % 97) / 4},2020-01-${String((i % 28) + 1).padStart(2, "0")}`);
      line += isLong ? 2 : 1;
    }
    await bench.connection.run("SET threads = 4");
    const contents = `id,name,price,day\n${rows.join("\n")}\n`;
    const { staged, rows: read, lines } = await bench.read(contents, infer);
    await bench.connection.run("RESET threads");
    expect(staged.understood.road).toBe("original file");
    expect(read.every((row, i) => row[0] === String(i))).toBe(true);
    expect(lines).toEqual(expected);
    expect(staged.hash).toBe(createHash("sha256").update(contents).digest("hex"));
    expect(staged.sizeBytes).toBe(statSync(join(bench.folder, "case.csv")).size);
  });

  it("can be given as a stream", async () => {
    const text = `id,name\n${numbered(100_000, (i) => `${i},name ${i}`)}\n`;
    const staged = await stageStream(Readable.from([gzipSync(text)]).pipe(createGunzip()), {
      connection: bench.connection,
      name: "stream.csv.gz",
      into: '"streamed"',
      rejectedInto: '"streamed_rejected"',
      columns: new Map(),
      otherwise: "infer",
      repair: "note",
      options: {},
      tempDir: bench.folder,
    });
    expect(staged.rows).toBe(100_000);
    expect(staged.hash).toBe(createHash("sha256").update(text).digest("hex"));
  });

  it("stops when it is told to", async () => {
    const stop = new AbortController();
    const text = `id,name\n${numbered(200_000, (i) => `${i},name ${i}`)}\n`;
    const staging = bench.read(text, { ...infer, signal: stop.signal });
    setTimeout(() => stop.abort(new Error("told to stop")), 5);
    await expect(staging).rejects.toThrow("told to stop");
  });

  it("is peeked into by its samples", async () => {
    const path = join(bench.folder, "peek.csv");
    writeFileSync(path, `id;name;sold on\n${numbered(50_000, (i) => `${i};name ${i};2020-01-02`)}\n`);
    const columns = await delimited.peek?.({ connection: bench.connection, path, name: "peek.csv", options: {}, tempDir: bench.folder });
    expect(columns?.map((column) => [column.name, column.type])).toEqual([
      ["id", "BIGINT"],
      ["name", "VARCHAR"],
      ["sold on", "DATE"],
    ]);
    writeFileSync(path, Buffer.from(`\ufeffid;name\n1;é\n2;ö\n`, "utf16le"));
    expect((await peekFile({ path, name: "peek.csv", options: {} }))?.columns.map((column) => column.name)).toEqual(["id", "name"]);
  });
});

describe("any bytes at all", () => {
  it("add up: lines, records, and every cell of a sound row", async () => {
    const alphabets = ['a1,;"\n', "ab,\n", '12.,\r\n"', "x\t|'\n ", '",\n', "é,\n\r"];
    for (let seed = 1; seed <= 150; seed++) {
      const r = random(seed * 7919);
      const alphabet = r.pick(alphabets).split("");
      const text = Array.from({ length: r.int(400) }, () => r.pick(alphabet)).join("");
      try {
        const { staged, rows, rejected, lines } = await bench.read(text, { ...infer, options: { newline: "lf" } });
        expect(staged.lines?.total, JSON.stringify(text)).toBe(text.split("\n").length - (text === "" || text.endsWith("\n") ? 1 : 0));
        const quarantined = rejected.filter((record) => record.kind === "quarantined").length;
        expect(staged.records.read).toBe(rows.length + quarantined);
        expect(rows.length).toBe(staged.rows);
        expect(lines.every((line, i) => i === 0 || line > (lines[i - 1] ?? 0))).toBe(true);
      } catch (error) {
        expect(error, JSON.stringify(text)).toMatchObject({ code: expect.stringMatching(/^MR300[1246]$/) as string });
      }
    }
  });
});
