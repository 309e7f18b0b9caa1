// Bad input of ingestion and sharing: each kind ends in a clear error with its code, its place and a way out, and what was published before is still there.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { DatabaseSync } from "@photostructure/sqlite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Finished, project, rows } from "./millrace.ts";
import { millrace } from "./warm.ts";

type Content = string | Uint8Array;
type Files = Readonly<Record<string, Content>>;

interface Expected {
  readonly exitCode: number;
  readonly code: string;
  readonly says: readonly string[];
}

/** raw.a has three records: two are published, one waits in quarantine. */
const BASE: Files = {
  "millrace.yaml": "name: bad\ndefaults: { retry: { attempts: 2, delay: 10ms } }\n",
  "data/a.csv": "id,price\n1,10\n2,abc\n3,30\n",
  "data/zones.csv": "id,name\n1,north\n1,south\n",
  "sources/a.yaml": "from: { files: { path: data/a.csv } }\ncolumns: { price: { type: integer } }\n",
  "models/clean/a.sql": "/*---\nmaterialize: table\n---*/\nselect id, price from raw.a\n",
  "exports/book.yaml": "select: clean.a\nto: { files: { path: out/book.xlsx, sheet: Prices } }\n",
  "exports/avro.yaml": "select: clean.a\nto: { files: { path: out/a.avro } }\n",
  "exports/shop.yaml": "select: clean.a\nto: { sqlite: { path: shop.sqlite, table: prices, primaryKey: id } }\nload: merge\nkey: id\n",
};
const PUBLISHED = [[2, 2, 0]];
const COUNTS =
  "select (select count(*) from raw.a), (select count(*) from clean.a), (select count(*) from information_schema.tables where table_name = 'b')";
const B = "sources/b.yaml";

let base: ReturnType<typeof project>;
let server: Server;
let api = "";
const folders: string[] = [];

beforeAll(async () => {
  base = project(BASE);
  const run = await millrace(["run"], base.dir);
  expect(run.exitCode, run.stderr + run.stdout).toBe(0);
  server = createServer((request, response) => {
    const json = (text: string, status = 200): unknown => response.writeHead(status, { "content-type": "application/json" }).end(text);
    if (request.url!.startsWith("/number")) return json("5");
    if (request.url!.startsWith("/refused")) return json('{"error":"wrong password"}', 401);
    if (request.url!.startsWith("/nested")) return json('{"data":{"items":[{"id":1}]}}');
    if (request.url!.startsWith("/two")) return json('{"result":[{"x":1},{"x":2}]}');
    return json("{}", 404);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  for (const folder of [...folders, base.dir]) rmSync(folder, { recursive: true, force: true });
});

/** A copy of the built project with these files changed. */
function changed(files: Files): { readonly dir: string; write(path: string, content: Content): void } {
  const dir = mkdtempSync(join(tmpdir(), "millrace-bad-"));
  folders.push(dir);
  cpSync(base.dir, dir, { recursive: true });
  const write = (path: string, content: Content): void => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
  };
  for (const [path, content] of Object.entries(files)) write(path, content);
  return { dir, write };
}

function expectError(finished: Finished, { exitCode, code, says }: Expected): void {
  const told = finished.stderr + finished.stdout;
  expect(told).toContain(code);
  for (const words of says) expect(told).toContain(words);
  expect(finished.exitCode, told).toBe(exitCode);
  expect(told, "no stack traces for what is foreseen").not.toMatch(/\n {4}at .*\(/);
  expect(told, "a way out").toContain("explain");
  expect(told, "no secrets").not.toContain("hunter2");
}

async function expectUntouched(dir: string): Promise<void> {
  for (const file of ["sources/a.yaml", "models/clean/a.sql"]) writeFileSync(join(dir, file), BASE[file]!);
  expect(await rows(dir, COUNTS)).toEqual(PUBLISHED);
  const shop = new DatabaseSync(join(dir, "shop.sqlite"), { readOnly: true });
  expect(shop.prepare("select count(*) as n from prices").get()).toEqual({ n: 2 });
  shop.close();
}

const found = (code: string, ...says: readonly string[]): Expected => ({ exitCode: 3, code, says });
const failed = (code: string, ...says: readonly string[]): Expected => ({ exitCode: 1, code, says });

type Case = readonly [name: string, files: () => Files, expected: Expected];
const source =
  (text: string, files: Files = {}): (() => Files) =>
  () => ({ ...files, [B]: `${text}\n` });
const files = (options: string, data: Files): (() => Files) => source(`from: { files: { ${options} } }`, data);
const model =
  (text: string): (() => Files) =>
  () => ({ "models/clean/b.yaml": `${text}\n` });
const registry =
  (text: string): (() => Files) =>
  () => ({ "sources/registry.csv": text });
const connections =
  (text: string): (() => Files) =>
  () => ({ "millrace.yaml": `name: bad\nconnections: ${text}\n` });
const sqlite =
  (sql: string, options: string, more = ""): (() => Files) =>
  () => ({
    "d.sqlite": database(sql),
    [B]: `from: { sqlite: { path: d.sqlite, ${options} } }\n${more}`,
  });
const tap = (program: string): (() => Files) =>
  source("from: { singer: { command: node taps/t.cjs, stream: s, catalog: none, silence: 2s } }", { "taps/t.cjs": program });
const connector = (read: string): (() => Files) =>
  source("from: { mine: { size: 1 } }\nsilence: 1s", {
    "pipelines/mine.ts": `import { defineConnector } from "millrace";
import * as z from "zod";
export const mine = defineConnector({ name: "mine", summary: "Mine.", capabilities: { read: true, write: [] },
  options: z.strictObject({ size: z.number() }), async *read(): AsyncGenerator<any> { ${read} } });\n`,
  });
const contract =
  (policy: string, data: string): (() => Files) =>
  () => ({
    "sources/a.yaml": `from: { files: { path: data/a.csv } }\ncolumns: { price: { type: integer } }\n${policy}\n`,
    "data/a.csv": data,
  });

function database(sql: string): Uint8Array {
  const path = join(mkdtempSync(join(tmpdir(), "millrace-bad-")), "d.sqlite");
  folders.push(dirname(path));
  const made = new DatabaseSync(path);
  made.exec(sql);
  made.close();
  return readFileSync(path);
}

/** A zip archive of one member, made by hand so that it can be wrong. */
function zip(name: string, text: string, tamper: (archive: Buffer) => void = () => {}): Uint8Array {
  const data = deflateRawSync(text);
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt16LE(8, 4);
  common.writeUInt32LE(crc32(Buffer.from(text)), 10);
  common.writeUInt32LE(data.length, 14);
  common.writeUInt32LE(Buffer.byteLength(text), 18);
  common.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from("PK\u0003\u0004"), common, Buffer.from(name), data]);
  const central = Buffer.concat([Buffer.from("PK\u0001\u0002\u0014\u0000"), common, Buffer.alloc(14), Buffer.from(name)]);
  const end = Buffer.alloc(22);
  end.write("PK\u0005\u0006");
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  const archive = Buffer.concat([local, central, end]);
  tamper(archive);
  return archive;
}

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ -1) >>> 0;
}

const CSV = "id,price\n1,10\n2,20\n";
const sold = (rows: string): string => `from: { files: { path: data/b.csv } }\n${rows}`;

describe.concurrent("a project with", () => {
  it.each<Case>([
    [
      "a typo in an option",
      files("path: data/a.csv, delimeter: ';'", {}),
      found("MR1020", "sources/b.yaml:1:36", 'did you mean "delimiter"?'),
    ],
    ["a typo in a connection", connections("{ c: { http: { ulr: x } } }"), found("MR1020", "millrace.yaml:2:", 'did you mean "url"?')],
    ["a typo in a server", connections("{ c: { postgres: { hots: x } } }"), found("MR1020", "millrace.yaml:2:", 'did you mean "host"?')],
    ["a port that is none", connections("{ c: { postgres: { host: x, port: high } } }"), found("MR1021", "millrace.yaml:2:", "port")],
    [
      "a typo in a store",
      connections("{ c: { sftp: { host: x, hostkey: y } } }"),
      found("MR1020", "millrace.yaml:2:", 'did you mean "hostKey"?'),
    ],
    [
      "an unknown connection",
      source("from: { postgres: { connection: shopp, table: x } }"),
      found("MR1042", "sources/b.yaml:1:33", "shopp"),
    ],
    [
      "a connection of something else",
      () => ({ ...connections("{ c: { http: { url: x } } }")(), [B]: "from: { postgres: { connection: c, table: x } }\n" }),
      found("MR1042", "sources/b.yaml:1:33", "is one of http, not of postgres"),
    ],
    [
      "a missing secret",
      source('from: { s3: { path: "s3://b/c.csv", accessKeyId: "${secret:NOPE}" } }'),
      found("MR1051", "sources/b.yaml:1:", "NOPE"),
    ],
    [
      "a policy misspelt",
      contract("contract: { badValue: quarentine }", CSV),
      found("MR1023", "sources/a.yaml:3:23", 'did you mean "quarantine"?'),
    ],
    ["a guard misspelt", contract("guards: { emty: stop }", CSV), found("MR1020", "sources/a.yaml:3:11", 'did you mean "empty"?')],
    ["a raw zone misspelt", contract("raw: kep", CSV), found("MR1023", "sources/a.yaml:3:6", 'did you mean "keep"?')],
    ["nested data misspelt", contract("nested: { x: tabel }", CSV), found("MR1023", "sources/a.yaml:3:14", 'did you mean "table"?')],
    ["an unknown format", files("path: data/a.csv, format: exel", {}), found("MR1023", "sources/b.yaml:1:", 'did you mean "excel"?')],
    [
      "two ways to page",
      source('from: { http: { url: "http://x", pagination: { link: true, next: n } } }'),
      found("MR1023", "sources/b.yaml:1:", "keep one of them"),
    ],
    [
      "sources that wait for each other",
      () => ({ [B]: sold("after: [raw.c]\n"), "sources/c.yaml": sold("after: [raw.b]\n"), "data/b.csv": CSV }),
      found("MR", "raw.b", "raw.c"),
    ],
    [
      "a lookup in a table that is not there",
      model("lookup: { from: raw.a, in: raw.zonez, on: { id: id }, columns: { zone: name } }"),
      found("MR2002", "models/clean/b.yaml:1:28", "raw.zonez"),
    ],
    [
      "a lookup by a column that is not there",
      model("lookup: { from: raw.a, in: clean.a, on: { idd: id }, columns: { zone: price } }"),
      found("MR2003", "models/clean/b.yaml:1:43", "idd"),
    ],
    [
      "matching by a column that is not there",
      model('match: { left: raw.a, id: id, block: ["left(nme, 2)"], compare: [ { column: price } ], threshold: 0.9 }'),
      found("MR2003", "models/clean/b.yaml:1:45", "nme"),
    ],
    [
      "a threshold that nothing reaches",
      model("match: { left: raw.a, id: id, block: [id], compare: [ { column: price } ], threshold: 9 }"),
      found("MR1023", "models/clean/b.yaml:1:", "at most 1"),
    ],
    [
      "a source twice in the registry",
      registry("name,from.files.path\nx,data/a.csv\nx,data/a.csv\n"),
      found("MR1030", "sources/registry.csv:3:1"),
    ],
    [
      "a source of the registry that stands elsewhere",
      registry("name,from.files.path\na,data/a.csv\n"),
      found("MR1030", "sources/a.yaml:1"),
    ],
    [
      "an unknown column of the registry",
      registry("name,from.files.pth\nx,data/a.csv\n"),
      found("MR1020", "sources/registry.csv:1:6", '"path"?'),
    ],
    [
      "a comma that is missing in the registry",
      registry("name,from.files.path,primaryKey\nx,data/a.csv id\n"),
      found("MR1045", "sources/registry.csv:2:3", "a comma is missing"),
    ],
    [
      "a comma too many in the registry",
      registry("name,from.files.path\nx,data/a.csv,id\n"),
      found("MR1045", "sources/registry.csv:2:14", "wants quotes"),
    ],
    ["a registry without names", registry("from.files.path\ndata/a.csv\n"), found("MR1045", "sources/registry.csv:1:1", "column name")],
    ["an empty pattern of tables", sqlite("create table t(id)", 'tables: ""'), found("MR1023", "sources/b.yaml:1:", '"*" for all')],
    ["a pattern that matches no table", sqlite("create table orders(id)", "tables: ordrs"), found("MR4861", "sources/b.yaml:1:", "orders")],
    [
      "two tables that would be one asset",
      sqlite('create table orders_1(id); create table "Orders 1"(id)', 'tables: "*"'),
      found("MR1030", "sources/b.yaml:1:", "would both be raw.orders_1", "tell them apart"),
    ],
    [
      "many tables under one name",
      sqlite("create table x(id); create table y(id)", 'tables: "*"', "name: raw.shop\n"),
      found("MR1030", "sources/b.yaml:2:7", "{table}"),
    ],
    [
      "tables of a database that is not there",
      source('from: { sqlite: { path: nope.sqlite, tables: "*" } }'),
      { exitCode: 6, code: "MR4860", says: ["sources/b.yaml:1:", "nope.sqlite"] },
    ],
    [
      "a connector without what it needs",
      source("from: { mine: {} }", {
        "pipelines/mine.ts": 'import { defineConnector } from "millrace";\nexport const mine = defineConnector({ name: "mine" } as any);\n',
      }),
      found("MR1901", "pipelines/mine.ts:2:", "`summary` is missing"),
    ],
    [
      "a wrong option of one's own connector",
      () => ({ ...connector("yield []")(), [B]: "from: { mine: { size: big } }\n" }),
      found("MR1021", "sources/b.yaml:1:", "expected a number"),
    ],
    [
      "an export that merges by nothing",
      () => ({ "exports/b.yaml": "select: raw.a\nto: { sqlite: { path: x.sqlite, table: t } }\nload: merge\n" }),
      found("MR1022", "exports/b.yaml:3:", "needs a key"),
    ],
    [
      "a service for an asset that is not there",
      source('from: { service: { keys: { from: raw.aa, columns: [id] }, url: "http://x" } }'),
      found("MR2002", "sources/b.yaml:1:", 'did you mean "raw.a"?'),
    ],
  ])("%s", async (_name, make, expected) => {
    const { dir } = changed(make());
    expectError(await millrace(["run"], dir), expected);
    for (const wrong of ["sources/b.yaml", "sources/c.yaml", "sources/registry.csv", "models/clean/b.yaml", "exports/b.yaml"])
      rmSync(join(dir, wrong), { force: true });
    writeFileSync(join(dir, "millrace.yaml"), BASE["millrace.yaml"]!);
    rmSync(join(dir, "pipelines"), { recursive: true, force: true });
    await expectUntouched(dir);
  });
});

const XML = "<l><r><x>1</x></r></l>";
const ENTITIES = `<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><l><r><x>&b;</x></r></l>`;
const BOMB = (): Uint8Array =>
  zip("b.csv", `id\n${"1\n".repeat(50_000)}`, (archive) => {
    for (const at of [22, archive.indexOf("PK\u0001\u0002", 0, "latin1") + 24]) archive.writeUInt32LE(2_000_000_000, at);
  });

describe.concurrent("a source fails alone with", () => {
  it.each<Case>([
    ["a sheet that is not there", files("path: out/book.xlsx, sheet: Prizes", {}), failed("MR3263", "Prices")],
    [
      "a web page that calls itself a workbook",
      files("path: data/b.xlsx", { "data/b.xlsx": "<html><body>log in</body></html>" }),
      failed("MR3264", "HTML"),
    ],
    [
      "a cut archive",
      () => files("path: data/b.zip", { "data/b.zip": zip("b.csv", CSV).subarray(0, 60) })(),
      failed("MR3400", "data/b.zip"),
    ],
    [
      "a damaged member",
      () => files("path: data/b.zip", { "data/b.zip": zip("b.csv", CSV.repeat(50), (archive) => (archive[40]! ^= 0x55)) })(),
      failed("MR3", "data/b.zip!b.csv"),
    ],
    [
      "a member that leads out",
      () => files("path: data/b.zip", { "data/b.zip": zip("../../b.csv", CSV) })(),
      failed("MR3404", "../../b.csv"),
    ],
    ["a bomb", () => files("path: data/b.zip", { "data/b.zip": BOMB() })(), failed("MR3405", "data/b.zip")],
    ["no such member", () => files("path: 'data/b.zip!x.csv'", { "data/b.zip": zip("b.csv", CSV) })(), failed("MR3408", "x.csv")],
    ["entities in XML", files("path: data/b.xml", { "data/b.xml": ENTITIES }), failed("MR3258", "line 1")],
    ["records of XML that are elsewhere", files("path: data/b.xml, rows: /l/q", { "data/b.xml": XML }), failed("MR3257", "/l/q")],
    [
      "an Avro file that breaks off",
      () => files("path: data/b.avro", { "data/b.avro": readFileSync(join(base.dir, "out/a.avro")).subarray(0, -9) })(),
      failed("MR3261", "data/b.avro"),
    ],
    [
      "a table of a page that is not there",
      files("path: data/b.html, caption: Stff", { "data/b.html": "<table><tr><td>1</td></tr></table>" }),
      failed("MR3254", "Stff"),
    ],
    [
      "a form of logs that is none",
      files('path: data/b.log, pattern: "(?<a>["', { "data/b.log": "x\n" }),
      failed("MR3252", "regular expression"),
    ],
    ["ORC", files("path: data/b.orc", { "data/b.orc": "ORC…" }), failed("MR3266", "Parquet")],
    ["an encoding that is none", files("path: data/a.csv, encoding: utf-9", {}), failed("MR3003", "utf-9")],
    ["an option of another format", files("path: data/a.csv, sheet: x", {}), failed("MR3105", "it belongs to excel")],
    ["a cursor that is no column", source(sold("cursor: updated"), { "data/b.csv": CSV }), failed("MR4010", "updated", "id, price")],
    ["a key that is no column", source(sold("primaryKey: no\nload: merge"), { "data/b.csv": CSV }), failed("MR4010", '"no"', "id, price")],
    ["a type that is none", source(sold("columns: { price: { type: integre } }"), { "data/b.csv": CSV }), failed("MR4014", "integre")],
    ["a way to parse that is none", source(sold("columns: { price: { parse: mony } }"), { "data/b.csv": CSV }), failed("MR3050", "mony")],
    [
      "a default that does not fit",
      source(sold("columns: { price: { type: integer, default: x } }"), { "data/b.csv": CSV }),
      failed("MR4621", '"x"'),
    ],
    [
      "a type that changed",
      contract("contract: { typeChange: fail, badValue: fail }", "id,price\n1,10\nx,20\n"),
      failed("MR4004", "raw.a.id"),
    ],
    ["a new column", contract("contract: { newColumn: fail }", "id,price,x\n1,10,1\n2,20,2\n"), failed("MR4002", '"x"', "data/a.csv")],
    ["a column that went", contract("contract: { missingColumn: fail }", "id\n1\n2\n"), failed("MR4003", '"price"', "data/a.csv")],
    [
      "a value that does not fit",
      contract("contract: { badValue: fail }", "id,price\n1,10\n2,x\n"),
      failed("MR4005", "data/a.csv, line 3"),
    ],
    [
      "too many of them",
      contract("contract: { maxQuarantined: 10% }", "id,price\n1,10\n2,x\n"),
      failed("MR4006", "data/a.csv, line 3", "10%"),
    ],
    ["nothing in place of something", contract("", "id,price\n"), failed("MR4007", "raw.a has 2 rows")],
    ["no file of SQLite", source("from: { sqlite: { path: no.sqlite, table: t } }"), failed("MR4850", "no.sqlite")],
    [
      "a file that is none of SQLite",
      source("from: { sqlite: { path: d.sqlite, table: t } }", { "d.sqlite": "no database. ".repeat(99) }),
      failed("MR4850", "d.sqlite"),
    ],
    ["a table that is not there", sqlite("create table orders(id)", "table: ordres"), failed("MR4854", "ordres")],
    [
      "a cursor that no table has",
      sqlite("create table t(id); insert into t values (1)", "table: t", "cursor: updated\n"),
      failed("MR4010", "updated", "id"),
    ],
    ["a query that is none", sqlite("create table t(id)", "query: selec 1"), failed("MR4851", "selec")],
    ["neither table nor query", sqlite("create table t(id)", "parallel: 1"), failed("MR4853", "add table: NAME")],
    [
      "a server that is not there",
      source('from: { postgres: { url: "postgres://me:hunter2@127.0.0.1:1/x", table: t } }'),
      failed("MR4800", "ECONNREFUSED"),
    ],
    [
      "rows that are elsewhere",
      () => source(`from: { http: { url: "${api}/nested", rows: data.item } }`)(),
      failed("MR3507", "data.item", "data"),
    ],
    [
      "a wrong password",
      () => source(`from: { http: { url: "${api}/refused?token=hunter2", auth: { bearer: hunter2 } } }`)(),
      failed("MR3514", "401", "token=***"),
    ],
    ["a number in place of an answer", () => source(`from: { http: { url: "${api}/number" } }`)(), failed("MR3507", "the body is number")],
    [
      "a service that answers garbage",
      () => source(`from: { service: { keys: { from: raw.a, columns: [id] }, url: "${api}/number?q={row.id}", rows: result } }`)(),
      failed("MR3507", "the body is number"),
    ],
    [
      "a service that answers twice",
      () => source(`from: { service: { keys: { from: raw.a, columns: [id] }, url: "${api}/two?q={row.id}", rows: result } }`)(),
      failed("MR8602", "2 answers came for 1 key"),
    ],
    [
      "keys that are no column",
      () => source(`from: { service: { keys: { from: raw.a, columns: [idd] }, url: "${api}/two", rows: result } }`)(),
      failed("MR8601", '"idd"', 'did you mean "id"?'),
    ],
    [
      "a reference with a key twice",
      () => ({
        "sources/zones.yaml": "from: { files: { path: data/zones.csv } }\n",
        ...model("lookup: { from: raw.a, in: raw.zones, on: { id: id }, columns: { zone: name } }")(),
      }),
      failed("MR4604", "raw.zones has a key twice: 1"),
    ],
    ["a tap that ends with 1", tap("console.error('boom: no token'); process.exit(1)"), failed("MR4702", "exit code 1", "boom: no token")],
    ["a tap that says hello", tap("console.log('hello world')"), failed("MR4703", "hello world")],
    [
      "a tap that dies",
      tap(
        `const say = (m) => console.log(JSON.stringify(m)); say({ type: "SCHEMA", stream: "s", schema: { properties: { id: { type: "integer" } } }, key_properties: [] });
say({ type: "RECORD", stream: "s", record: { id: 1 } }); setTimeout(() => process.kill(process.pid, "SIGKILL"), 100);`,
      ),
      failed("MR4702", "SIGKILL"),
    ],
    ["a tap that leaves half a line", tap(`process.stdout.write('{"type":"RECORD","stre')`), failed("MR4703", "line 1")],
    ["a tap that falls silent", tap("setInterval(() => {}, 1000)"), failed("MR4702", "said nothing for 2 s")],
    ["a tap that is not there", source("from: { singer: { command: nosuchtap, stream: s } }"), failed("MR4701", "nosuchtap")],
    ["a connector that yields no delivery", connector("yield 5;"), failed("MR4018", "yielded a number", 'kind: "rows"')],
    [
      "a connector that yields no rows",
      connector('yield { kind: "rows", name: "p", rows: "x" };'),
      failed("MR4018", "a string as the rows of p"),
    ],
    ["a connector of a kind of its own", connector('yield { kind: "rowz", name: "p", rows: [] };'), failed("MR4018", '"rowz"')],
    [
      "a connector whose rows hold themselves",
      connector('const row: any = {}; row.self = row; yield { kind: "rows", name: "p", rows: [row] };'),
      failed("MR4018", "nested without end"),
    ],
    [
      "a connector that throws in the middle",
      connector('yield { kind: "rows", name: "p", rows: [{ id: 1 }] }; throw new Error("boom");'),
      failed("MR9001", "boom"),
    ],
    [
      "a connector that never ends",
      connector("await new Promise(() => setInterval(() => {}, 1000)); yield 1;"),
      failed("MR6014", "no sign of life"),
    ],
  ])("%s", async (_name, make, expected) => {
    const { dir } = changed(make());
    expectError(await millrace(["run"], dir), expected);
    await expectUntouched(dir);
  });
});

describe.concurrent("an export fails alone with", () => {
  it.each<Case>([
    [
      "a table that wants what the rows lack",
      () => ({
        "d.sqlite": database("create table t(id integer primary key, other text not null); insert into t values (9, 'x')"),
        "exports/b.yaml": "select: raw.a\nto: { sqlite: { path: d.sqlite, table: t } }\nload: append\n",
      }),
      failed("MR4851", "t.other"),
    ],
    [
      "a key that it lacks",
      () => ({ "exports/b.yaml": "select: raw.a\nto: { sqlite: { path: shop.sqlite, table: prices } }\nload: merge\nkey: idd\n" }),
      failed("MR4854", "idd"),
    ],
    [
      "the same key twice",
      () => ({
        "exports/b.yaml":
          'sql: "select 1 as id, 5 as price from range(2)"\nto: { sqlite: { path: shop.sqlite, table: prices } }\nload: merge\nkey: id\n',
      }),
      failed("MR4855", "1"),
    ],
    [
      "another header",
      () => ({ "out/b.csv": "a,b\n1,2\n", "exports/b.yaml": "select: raw.a\nto: { files: { path: out/b.csv } }\nload: append\n" }),
      failed("MR3143", "id,price", "a,b"),
    ],
    [
      "an ending that no format has",
      () => ({ "exports/b.yaml": "select: raw.a\nto: { files: { path: out/b.xyz } }\n" }),
      failed("MR3104", "out/b.xyz"),
    ],
    [
      "a file where a folder should be",
      () => ({ full: "x", "exports/b.yaml": "select: raw.a\nto: { files: { path: full/b.csv } }\n" }),
      failed("MR3140", "full"),
    ],
    [
      "a folder that nobody may write",
      () => ({ "exports/b.yaml": "select: raw.a\nto: { files: { path: /proc/b.csv } }\n" }),
      failed("MR3140", "/proc/b.csv"),
    ],
    [
      "a way that files do not know",
      () => ({ "exports/b.yaml": "select: raw.a\nto: { files: { path: out/b.csv } }\nload: merge\nkey: id\n" }),
      failed("MR8003", "it can replace"),
    ],
  ])("%s", async (_name, make, expected) => {
    const { dir } = changed(make());
    const before = existsSync(join(dir, "out/b.csv")) ? readFileSync(join(dir, "out/b.csv"), "utf8") : null;
    expectError(await millrace(["run"], dir), expected);
    expect(existsSync(join(dir, "out/b.csv")) ? readFileSync(join(dir, "out/b.csv"), "utf8") : null).toBe(before);
    expect(
      readdirSync(join(dir, "out"))
        .filter((name) => name !== "b.csv")
        .toSorted(),
      "nothing half is left",
    ).toEqual(["a.avro", "book.xlsx"]);
    await expectUntouched(dir);
  });
});

describe.concurrent("records in quarantine", () => {
  const words = (code: string, exitCode: number, ...says: readonly string[]): Expected => ({ code, exitCode, says });
  it.each<readonly [string, readonly string[], Expected]>([
    ["SQL that is none", ["fix", "raw.a", "--set", "price = 1 +"], words("MR8403", 1, "price = 1 +", "columns: id, price")],
    ["two statements", ["fix", "raw.a", "--set", "price = (select 1); drop table raw.a", "--yes"], words("MR8403", 1, "price")],
    ["a column that is not there", ["fix", "raw.a", "--set", "pric = 5"], words("MR8402", 1, 'did you mean "price"?')],
    ["a condition on nothing", ["fix", "raw.a", "--set", "price = 5", "--where", "nope = 1"], words("MR8403", 1, "where nope = 1")],
    ["no correction", ["fix", "raw.a"], words("MR7001", 2, "--from FILE")],
    ["a correction without =", ["fix", "raw.a", "--set", "price 5"], words("MR7001", 2, "column = SQL")],
    ["an unknown asset", ["fix", "raw.b", "--set", "price = 5"], words("MR6102", 7, "did you mean raw.a?")],
    ["an unknown id", ["accept", "q_nope"], words("MR8005", 7, "q_nope")],
    [
      "a rule that nothing broke",
      ["discard", "raw.a", "--rule", "nope", "--reason", "x"],
      words("MR8401", 1, "millrace quarantine list raw.a"),
    ],
    ["a correction that corrects nothing", ["fix", "raw.a", "--set", "price = 'xyz'", "--yes"], words("MR8406", 1, "xyz")],
    ["a file that is not there", ["fix", "raw.a", "--from", "no.csv"], words("MR8404", 1, "no.csv does not exist")],
    ["an ending that is none", ["export", "raw.a", "--to", "b.xyz"], words("MR8404", 1, ".csv or .ndjson")],
  ])("are left alone by %s", async (_name, args, expected) => {
    const { dir } = changed({});
    expectError(await millrace(["quarantine", ...args], dir), expected);
    expect((await millrace(["quarantine", "list", "raw.a", "--json"], dir)).lines()[0]!["items"]).toHaveLength(1);
    await expectUntouched(dir);
  });

  it("are named with the act to repeat when it failed, and not with a run that would load anew", async () => {
    const { dir } = changed({});
    const failed = await millrace(["quarantine", "fix", "raw.a", "--set", "price = 'xyz'", "--why", "so", "--yes"], dir);
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).not.toContain("from-failure");
    const quoted = String.raw`'price = '\''xyz'\'''`;
    expect(failed.stderr).toContain(`retry: millrace quarantine fix raw.a --set ${quoted} --why so --yes`);
    const { runs } = (await millrace(["runs", "--json"], dir)).lines()[0] as { readonly runs: readonly { readonly run: string }[] };
    const shown = await millrace(["run", "show", runs[0]!.run], dir);
    expect(shown.stderr).toContain("retry: millrace quarantine fix raw.a …");
  });

  it("come back only from a file that is whole", async () => {
    const { dir, write } = changed({});
    expect((await millrace(["quarantine", "export", "raw.a", "--to", "b.csv"], dir)).exitCode).toBe(0);
    const text = readFileSync(join(dir, "b.csv"), "utf8").replace("2,abc\n", "2,20\n");
    const from = async (content: string): Promise<Finished> => {
      write("edited.csv", content);
      return millrace(["quarantine", "fix", "raw.a", "--from", "edited.csv", "--yes"], dir);
    };
    expectError(await from(text.replace("_id,", "id_,")), words("MR8404", 1, "has no column _id"));
    expectError(await from(text.replace(/\nq_\w+/, "\nq_nope")), words("MR8404", 1, "q_nope"));
    expectError(await from(text.replace("id,price", "id,prize")), words("MR8402", 1, "prize"));
    await expectUntouched(dir);
    expect((await from(text)).exitCode).toBe(0);
    expect(await rows(dir, "select price from raw.a where id = 2")).toEqual([[20]]);
  });
});

describe.concurrent("what was received", () => {
  const raw = (dir: string): string[] =>
    readdirSync(join(dir, ".millrace/raw"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));

  it("and is gone, or has one other bit, is told; the asset stays", async () => {
    for (const spoil of [
      (file: string) => rmSync(file),
      (file: string) => {
        const bytes = readFileSync(file);
        bytes[bytes.length - 5]! ^= 1;
        writeFileSync(file, bytes);
      },
    ]) {
      const { dir } = changed({});
      for (const file of raw(dir)) spoil(file);
      expectError(await millrace(["replay", "raw.a"], dir), failed("MR4302", "data/a.csv"));
      await expectUntouched(dir);
    }
  });

  it("is asked for by words that make sense", async () => {
    const { dir } = changed({});
    expectError(await millrace(["replay", "raw.zz"], dir), { exitCode: 7, code: "MR6102", says: ["did you mean raw.a?"] });
    expectError(await millrace(["replay", "raw.a", "--loads", "nope"], dir), failed("MR8312", "millrace history raw.a"));
    expectError(await millrace(["replay", "raw.a", "--where", "nope = 1"], dir), { exitCode: 2, code: "MR7001", says: ["nope"] });
    expectError(await millrace(["replay", "clean.a"], dir), failed("MR8308", "millrace run --full-refresh --select clean.a"));
    await expectUntouched(dir);
  });
});

describe.concurrent("contracts of others", () => {
  const table = (name: string): string => `  - { name: ${name}, properties: [ { name: id, logicalType: integer } ] }\n`;
  const odcs = `apiVersion: v3.1.0\nkind: DataContract\nschema:\n${table("sales")}${table("people")}`;

  it.each<readonly [string, string, string, readonly string[]]>([
    ["several tables", "c.yaml", odcs, ["c.yaml has 2 tables", "sales, people"]],
    ["broken JSON", "c.json", "{ nope", ["c.json", "JSON"]],
    ["something else", "c.yaml", "a: 1\n", ["is no contract, JSON Schema or Avro schema"]],
    ["no columns", "c.avsc", '{"type":"record","name":"x"}', ["says nothing of columns"]],
  ])("with %s are refused, and no source is written", async (_name, file, text, says) => {
    const { dir } = changed({ [file]: text });
    expectError(await millrace(["contract", "import", file], dir), failed("MR4623", ...says));
    expectError(await millrace(["contract", "import", "nope.yaml"], dir), failed("MR4623", "nope.yaml does not exist"));
    expect(readdirSync(join(dir, "sources"))).toEqual(["a.yaml"]);
  });

  it("give the table that is named", async () => {
    const { dir } = changed({ "c.yaml": odcs });
    expectError(await millrace(["contract", "import", "c.yaml", "--table", "orders"], dir), failed("MR4623", '"orders"', "sales, people"));
    expect((await millrace(["contract", "import", "c.yaml", "--table", "people"], dir)).exitCode).toBe(0);
    expect(readFileSync(join(dir, "sources/people.yaml"), "utf8")).toContain("name: raw.people");
    expectError(
      await millrace(["contract", "import", "c.yaml", "--table", "people"], dir),
      failed("MR4626", "people.yaml is there already"),
    );
  });
});

describe.concurrent("rows with keys that are no keys", () => {
  it("are loaded once by key, and the counts tell what was filtered", async () => {
    const { dir } = changed({ [B]: sold("primaryKey: id\nload: merge\n"), "data/b.csv": "id,price\n1,10\n1,20\n,30\n,40\n" });
    const run = await millrace(["run", "--json"], dir);
    expect(run.exitCode, run.stderr).toBe(0);
    const { read, loaded, quarantined, filtered } = run.lines().find((line) => line["asset"] === "raw.b")!["rows"];
    expect([read, loaded + quarantined + filtered]).toEqual([4, 4]);
    expect(await rows(dir, "select id, price from raw.b order by all")).toEqual([
      [1, 20],
      [null, 40],
    ]);
  });
});

describe.concurrent("a row that a check takes out of a model", () => {
  it("waits once, however often the model is built", async () => {
    const checked = BASE["models/clean/a.sql"]!.toString().replace(
      "materialize: table",
      'materialize: table\nchecks: [ { rule: { name: cheap, where: "price < 20", onFail: quarantine } } ]',
    );
    const { dir, write } = changed({ "models/clean/b.sql": checked });
    const waiting = async (): Promise<unknown[]> =>
      (await millrace(["quarantine", "list", "clean.b", "--json"], dir)).lines()[0]!["items"].map((item: any) => JSON.parse(item.raw));
    expect((await millrace(["run"], dir)).exitCode).toBe(0);
    expect(await waiting()).toEqual([{ id: 3, price: 30 }]);
    write("data/a.csv", "id,price\n1,10\n3,30\n4,5\n");
    expect((await millrace(["run"], dir)).exitCode).toBe(0);
    expect(await waiting()).toEqual([{ id: 3, price: 30 }]);
    const accepted = await millrace(["quarantine", "accept", "clean.b", "--rule", "cheap"], dir);
    expect(accepted.stdout, accepted.stderr).toContain("1 row loaded into clean.b");
    expect(await rows(dir, "select id from clean.b order by id")).toEqual([[1], [3], [4]]);
    expect(await waiting()).toEqual([]);
  });
});
