// Which rows are the header: what stands above the first value, and never a row of data, however odd the first rows are.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { random, type Random } from "./generated-cases.suite.ts";
import { openBench, type Bench } from "./staging.suite.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => {
  bench.close();
});

const infer = { otherwise: "infer" } as const;
const text = (lines: readonly string[]): string => `${lines.join("\n")}\n`;
const rowsOf = (count: number, row: (i: number) => string): string[] => Array.from({ length: count }, (_, i) => row(i));

async function namesOf(lines: readonly string[]): Promise<readonly string[]> {
  const { staged } = await bench.read(text(lines), infer);
  return staged.columns.map((column) => column.name);
}

const KINDS: Readonly<Record<string, (i: number, r: Random) => string>> = {
  id: (i) => String(i),
  price: (i) => `${i}.25`,
  sold: (i) => `2024-0${1 + (i % 9)}-1${i % 9}`,
  seen: (i) => `2024-01-02 0${i % 9}:00:00`,
  ok: (i) => (i % 2 === 0 ? "true" : "false"),
  name: (_, r) => r.pick(["Ann", "Bob", "Cy Lee", "Dee"]),
  note: (_, r) => r.pick(["", "fine", "to be seen to", "see 12"]),
};
const ODD: readonly ((cell: string, r: Random) => string)[] = [
  (cell) => `${cell} USD`,
  (cell) => `${cell}kg`,
  (cell) => `about ${cell}`,
  () => "",
  (_, r) => r.pick(["unknown", "TBD", "not yet", "n/a", "none", "pending", "-"]),
  (_, r) => r.pick(["2023-12-31", "31/12/2023", "Dec 31, 2023", "2023"]),
  (_, r) => r.pick(["Q1", "a1b2", "x@example.com", "12:30"]),
];

describe("a plain header", () => {
  it("takes no row of data in, whatever stands in the first rows", async () => {
    for (let seed = 1; seed <= 120; seed++) {
      const r = random(seed * 104_729);
      const names = ["id", ...Object.keys(KINDS).filter((kind) => kind !== "id" && r.next() < 0.5), "price"].filter(
        (name, index, all) => all.indexOf(name) === index,
      );
      const odd = 1 + r.int(6);
      const lines = [names.join(",")];
      for (let i = 0; i < r.pick([8, 30, 300]); i++) {
        const cells = names.map((name) => KINDS[name]!(i, r));
        const column = r.int(cells.length);
        const isEverywhere = r.next() < 0.4;
        if (i < odd) for (const [c, cell] of cells.entries()) if (isEverywhere || c === column) cells[c] = r.pick(ODD)(cell, r);
        // A line without anything in it is a blank tail or a gap, not a row.
        lines.push((cells.every((cell) => cell === "") ? names.map((_, c) => `x${c}`) : cells).join(","));
      }
      const { staged, rejected } = await bench.read(text(lines), infer);
      const label = `seed ${seed}: ${lines.slice(0, 8).join(" / ")}`;
      expect(
        staged.columns.map((column) => column.name),
        label,
      ).toEqual(names);
      const quarantined = rejected.filter((record) => record.kind === "quarantined").length;
      expect(staged.rows + quarantined, label).toBe(lines.length - 1);
    }
  });

  it("is not joined with amounts that have their unit behind them", async () => {
    const { staged, rows } = await bench.read(text(["id,price", ...rowsOf(300, (i) => `${i},${i}.25${i < 4 ? " USD" : ""}`)]), infer);
    expect(staged.columns.map(({ name, type }) => [name, type])).toEqual([
      ["id", "BIGINT"],
      ["price", "VARCHAR"],
    ]);
    expect(rows.slice(0, 5)).toEqual([
      ["0", "0.25 USD"],
      ["1", "1.25 USD"],
      ["2", "2.25 USD"],
      ["3", "3.25 USD"],
      ["4", "4.25"],
    ]);
  });

  it("is not joined with remarks in its place", async () => {
    expect(await namesOf(["id,price", "unknown,missing", ...rowsOf(50, (i) => `${i},${i}.25`)])).toEqual(["id", "price"]);
    expect(await namesOf(["id,price,price", "unknown,missing,", ...rowsOf(50, (i) => `${i},${i}.25,1`)])).toEqual([
      "id",
      "price",
      "price_2",
    ]);
  });

  it("keeps its rows when the first ones have more or fewer cells than the rest", async () => {
    for (const [head, first, rest] of [
      ["id,price,note", ",x", ""],
      ["a,b,c", ",word", ""],
      ["id,price", "", ",x"],
      ["id,price,note", "", ",x"],
      ["id,price,note,more", ",x,y", ",x"],
    ] as const) {
      for (const row of [(i: number): string => `${i},${i}.25`, (i: number): string => `w${i},v ${i}`]) {
        const lines = [head, ...rowsOf(300, (i) => row(i) + (i < 4 ? first + (first === "" ? "" : i) : rest + (rest === "" ? "" : i)))];
        const { staged, rejected } = await bench.read(text(lines), infer);
        const label = lines.slice(0, 7).join(" / ");
        const quarantined = rejected.filter((record) => record.kind === "quarantined").length;
        expect([staged.rows + quarantined, staged.columns[0]?.name], label).toEqual([300, head.split(",")[0]]);
      }
    }
  });
});

describe("a file without a header", () => {
  it("has none when its first row holds an amount with its unit, or a value beside a remark", async () => {
    for (const first of ["0,0.25 USD", "unknown,0.25", "0,unknown"]) {
      const { staged } = await bench.read(text([first, ...rowsOf(50, (i) => `${i},${i}.25`)]), infer);
      expect([staged.rows, staged.columns[0]?.name], first).toEqual([51, "column_1"]);
    }
  });
});

describe("a header of several rows", () => {
  const body = rowsOf(40, (i) => `${i},Ann,2024-01-0${1 + (i % 9)},${i}.25,${i}`);

  it("has groups above its names", async () => {
    const joined = ["key id", "who name", "sale day", "sale price", "sale share"];
    expect(await namesOf(["key,who,sale,sale,sale", "id,name,day,price,share", ...body])).toEqual(joined);
    expect(await namesOf(["key,who,sale,,", "id,name,day,price,share", ...body])).toEqual([...joined.slice(0, 3), "price", "share"]);
    expect((await namesOf(["all,all,all,all,all", "key,who,sale,sale,sale", "id,name,day,price,share", ...body]))[4]).toBe(
      "all sale share",
    );
  });

  it("has units or types below its names", async () => {
    const names = "id,name,day,price,share";
    expect(await namesOf([names, ",,date,USD,(%)", ...body])).toEqual(["id", "name", "day date", "price USD", "share (%)"]);
    expect(await namesOf([names, "int,text,date,double,int", ...body])).toHaveLength(5);
    expect((await namesOf([names, "int,text,date,double,int", ...body]))[0]).toBe("id int");
  });

  it("is found below titles of one cell", async () => {
    const sold = rowsOf(40, (i) => `${i},${i}.5`);
    expect(await namesOf(["Report", "County", "id,price", ...sold])).toEqual(["id", "price"]);
    expect(await namesOf(["Report of the county, all sales", "Printed", "id,price,day,share,note", ...body])).toEqual([
      "id",
      "price",
      "day",
      "share",
      "note",
    ]);
  });

  it("may have digits in its one row", async () => {
    expect(await namesOf(["country,2010 sales,2011 sales", ...rowsOf(40, (i) => `c${i}x,${i},${i}.5`)])).toEqual([
      "country",
      "2010 sales",
      "2011 sales",
    ]);
    expect(await namesOf(["id,addr1,1st,2nd", ...rowsOf(40, (i) => `${i},${i},${i},${i}`)])).toEqual(["id", "addr1", "1st", "2nd"]);
  });
});
