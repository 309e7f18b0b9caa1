// What a load keeps of its deliveries, and that the same deliveries come of it.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openWarehouse, type Warehouse } from "../../sql/warehouse.ts";
import type { Delivery, FileDelivery, TableDelivery } from "../connector.ts";
import { type Overrides, page, request, textFile } from "../deliveries.suite.ts";
import { load } from "../load.ts";
import type { LoadResult } from "../request.ts";
import { damageOf, keptDeliveries } from "./kept-deliveries.ts";
import { type RawLoad, readManifests } from "./ledger.ts";
import { loadFolder } from "./place.ts";

let folder: string;
let root: string;
let warehouse: Warehouse;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-raw-"));
  root = join(folder, "raw");
  warehouse = await openWarehouse({ path: join(folder, "warehouse.duckdb") });
});
afterEach(() => {
  warehouse.close();
  rmSync(folder, { recursive: true });
});

const run = (overrides: Overrides): Promise<LoadResult> => load(warehouse, request(folder, { raw: { root }, ...overrides }));

async function manifestOf({ load: id }: LoadResult): Promise<RawLoad> {
  const known = await warehouse.session((session) => readManifests(session, "raw.t", [id]));
  return known.get(id)!;
}

/** A file of this machine that `textFile` reads. */
function localFile(name: string, text: string): FileDelivery {
  const path = join(folder, name);
  writeFileSync(path, text);
  return { ...textFile(name, text), original: () => Promise.resolve(path) };
}

async function again(result: LoadResult): Promise<Delivery[]> {
  const deliveries: Delivery[] = [];
  const source = { folder: loadFolder(root, "raw.t", result.load), tempDir: folder, file: () => textFile("x", "") };
  for await (const delivery of keptDeliveries(await manifestOf(result), source)) deliveries.push(delivery);
  return deliveries;
}

describe("pages", () => {
  const ODD = {
    huge: 2n ** 100n,
    big: 9007199254740993n,
    day: new Date("2026-01-02T03:04:05.678Z"),
    none: null,
    bytes: new Uint8Array([0, 1, 255]),
    minus: -0,
    nan: Number.NaN,
    text: "ä\n\ud800\u2028",
    nested: { $date: "mine", list: [1n, new Date(0), { $int: "5" }], deep: { $object: { a: 1 } } },
    __proto__x: 1,
    third: 1 / 3,
  };

  it("come back as they were: huge integers, dates, bytes, names and positions", async () => {
    const first = { ...page("page 1", [ODD, { a: 1 }]), position: { next: 2 } };
    const second = page("page 2", [{ a: 2, b: "x" }, 5, null, "text"] as never);
    const result = await run({ deliveries: [first, second] });
    const [one, two] = await again(result);
    expect(one).toEqual(first);
    expect(Object.is((one as typeof first).rows[0]!["minus"], -0)).toBe(true);
    expect(two).toEqual(second);
    expect(await damageOf(await manifestOf(result), loadFolder(root, "raw.t", result.load))).toBeNull();
  });

  it("can be read by anybody as compressed JSON lines", async () => {
    const result = await run({ deliveries: [page("page 1", [{ id: 1 }, { id: 2 }])] });
    const text = gunzipSync(readFileSync(join(loadFolder(root, "raw.t", result.load), "pages.ndjson.gz"))).toString();
    expect(text).toBe('{"$page":{"name":"page 1","rows":2}}\n{"id":1}\n{"id":2}\n');
  });

  it("of any number and size go through", async () => {
    const pages = Array.from({ length: 300 }, (_, index) =>
      page(`p${index}`, index % 7 === 0 ? [] : [{ id: index, text: "x".repeat(index * 100) }]),
    );
    expect(await again(await run({ deliveries: pages }))).toEqual(pages);
  });
});

describe("files", () => {
  it("are kept with their own bytes and hash, small ones together, large ones for themselves", async () => {
    const large = `id,text\n${Array.from({ length: 60_000 }, (_, index) => `${index},${"y".repeat(20)}`).join("\n")}\n`;
    const result = await run({
      deliveries: [localFile("a.csv", "id,text\n1,x\n"), localFile("b.csv", large), localFile("c.csv", "id,text\n2,z\n")],
    });
    const { pieces } = await manifestOf(result);
    expect(pieces.map(({ name, path, encoding }) => [name, path, encoding])).toEqual([
      ["a.csv", "files.gz", "gzip"],
      ["b.csv", "file-0001", "none"],
      ["c.csv", "files.gz", "gzip"],
    ]);
    const kept = loadFolder(root, "raw.t", result.load);
    expect(readFileSync(join(kept, "file-0001"), "utf8")).toBe(large);
    expect(gunzipSync(readFileSync(join(kept, "files.gz"))).toString()).toBe("id,text\n1,x\nid,text\n2,z\n");
    expect(await damageOf(await manifestOf(result), kept)).toBeNull();
    writeFileSync(join(kept, "file-0001"), large.replace("1", "2"));
    expect(await damageOf(await manifestOf(result), kept)).toContain("b.csv: file-0001 has other contents");
  });

  it("that are compressed stay as they are", async () => {
    const bytes = gzipSync("id\n1\n");
    const path = join(folder, "z.csv.gz");
    writeFileSync(path, bytes);
    const plain = textFile("z.csv.gz", "id\n1\n");
    const result = await run({ deliveries: [{ ...plain, original: () => Promise.resolve(path) }] });
    expect(readFileSync(join(loadFolder(root, "raw.t", result.load), "files.gz"))).toEqual(bytes);
  });

  it("whose connector cannot give their bytes are named as missing", async () => {
    expect((await manifestOf(await run({ deliveries: [textFile("a.csv", "id\n1\n")] }))).missing).toEqual(["a.csv"]);
  });
});

describe("tables", () => {
  const COLUMNS = {
    huge: "170141183460469231731687303715884105727::hugeint",
    step: "interval '1 month 2 days 3 microseconds'",
    bits: "'0101'::bit",
    mood: "'ok'::enum('sad', 'ok')",
    at: "timestamptz '2026-01-02 03:04:05.678901+02'",
    never: "'infinity'::timestamp",
    amount: "123456789012345678.123456789::decimal(38,9)",
    data: "'{\"a\": 1.10}'::json",
    ids: "[uuid '00000000-0000-0000-0000-000000000001', null]",
    bytes: "'\\x00\\xFF'::blob",
    nothing: "null::varchar",
    nested: "{'a': [1, 2], 'b': {'c': 'x, y'}}",
    nanos: "'2026-01-02 03:04:05.123456789'::timestamp_ns",
    local: "time '01:02:03.000004'",
  };
  const table: TableDelivery = {
    kind: "table",
    name: "public.t",
    fill: async ({ connection, into }) => {
      const listed = Object.entries(COLUMNS).map(([name, sql]) => `${sql} as ${name}`);
      await connection.run(`create table ${into} as select i as id, ${listed.join(", ")} from range(3) r(i)`);
      const described = await connection.runAndReadAll(`describe ${into}`);
      const columns = described.getRowObjectsJson().map((row) => {
        const name = String(row["column_name"]);
        return { name, label: name, type: String(row["column_type"]), exactText: true, why: "" };
      });
      return { rows: 3, columns, position: { xmin: "5" } };
    },
  };

  it("come back with the same values of the same types", async () => {
    const result = await run({ deliveries: [table] });
    const [kept] = (await again(result)) as [TableDelivery];
    await warehouse.session(async ({ connection }) => {
      const filled = await kept.fill({ connection, into: "main.again" });
      expect(filled).toMatchObject({ rows: 3, position: { xmin: "5" } });
      const different = await connection.runAndReadAll(
        "select count(*) from (select * from main.again except all select * from raw.t union all (select * from raw.t except all select * from main.again))",
      );
      expect(different.getRowsJson()).toEqual([["0"]]);
      const types = async (of: string): Promise<unknown> =>
        (await connection.runAndReadAll(`describe ${of}`)).getRowsJson().map((row) => row.slice(0, 2));
      expect(await types("main.again")).toEqual(await types("raw.t"));
    });
  });
});

describe("a load that does not commit", () => {
  it("leaves nothing in the raw zone", async () => {
    await expect(
      run({
        deliveries: [localFile("a.csv", "id\n1\nx\n")],
        spec: { columns: { id: { type: "bigint" } }, contract: { badValue: "fail" } },
      }),
    ).rejects.toMatchObject({ code: "MR4005" });
    expect(readdirSync(join(root, "raw.t"))).toEqual([]);
    expect(await warehouse.session((session) => session.rows("from _millrace.raw_loads"))).toEqual([]);
  });

  it("that found nothing new keeps what there was", async () => {
    const file = localFile("a.csv", "id\n1\n");
    const first = await run({ deliveries: [file] });
    expect((await run({ deliveries: [file] })).changed).toBe(false);
    expect(readdirSync(join(root, "raw.t"))).toEqual([first.load]);
  });

  it("fails before it publishes when nothing can be kept", async () => {
    writeFileSync(root, "a file in the place of the folder");
    await expect(run({ deliveries: [page("p", [{ id: 1 }])] })).rejects.toMatchObject({ code: "MR4303" });
    expect(await warehouse.session((session) => session.rows("from _millrace.loads"))).toEqual([]);
  });
});
