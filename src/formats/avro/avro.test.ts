// Avro: files written by a library of others (avsc) with every codec and logical type, known answers by hand, and damage.
import { createHash } from "node:crypto";
import { crc32, deflateRawSync } from "node:zlib";
import { streams } from "avsc";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openReading, type ReadingBench } from "../tabular/reading.suite.ts";
import { AvroWriter } from "../write/avro-writer.ts";
import { bigBytes } from "../write/avro-schema.ts";
import { decimalText } from "./decode.ts";
import { dayText } from "./moments.ts";
import { loadSnappy } from "./untyped.ts";

// The numbers from 0 to 99, packed by the programs of these names.
const BZIP2 =
  "QlpoOTFBWSZTWQVh29MAAAB//HVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVVUAIABocGjRoGg0BkxAZGhkAAaaZAAAMEBoVI00aYg0GmmgAAAZAaA00DQBo0ANDI0YQyopZs+jTq17Nu7fw48ufTr27+E1FVl/Pr38+/mJ0+gUXRpGU6lU0406vYs2rdw+7ev4MOJDGjky5s+hLTq17Nu7fwT48lOfTr27+PPr2r8+/ll1wggAB/F3JFOFCQBWHb0w";
const XZ =
  "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4ACHAIZdAAAAn5W9jUUjMZSYgwORfNbU8oHpMsGKOq539uaRbnW90S/0BuEPIG9P9HJ9bMAmZimXF7LKXB4an+MlmcaM+mxLUaQjcnPHvq5XxtRa9HfBR773vshhIsBL7R6vGt9yObW+NA94Ntpl3xqXJjxRFvvw9H2+0cqnrwDA7C9wZknxuaOEaLd0AAAA6k0NC74oDvUAAaIBiAEAAGu5zoOxxGf7AgAAAAAEWVo=";
const ZSTD =
  "KLUv/QRYQQQAAAIEBggKDA4QEhQWGBocHiAiJCYoKiwuMDI0Njg6PD5AQkRGSEpMTlBSVFZYWlxeYGJkZmhqbG5wcnR2eHp8foABggGEAYYBiAGKAYwBjgGQAZIBlAGWAZgBmgGcAZ4BoAGiAaQBpgGoAaoBrAGuAbABsgG0AbYBuAG6AbwBvgHAAcIBxAHGAQ4xlho=";

let bench: ReadingBench;
beforeAll(async () => {
  bench = await openReading();
});
afterAll(() => bench.close());

async function written(schema: unknown, records: readonly unknown[], codec = "deflate"): Promise<Buffer> {
  const encoder = new streams.BlockEncoder(schema as never, { codec });
  const pieces: Buffer[] = [];
  encoder.on("data", (piece: Buffer) => pieces.push(piece));
  const done = new Promise((resolve, reject) => encoder.on("end", resolve).on("error", reject));
  for (const record of records) encoder.write(record);
  encoder.end();
  await done;
  return Buffer.concat(pieces);
}

/** A container by hand. */
function container(schema: unknown, codec: string, blocks: readonly (readonly [number, Buffer])[]): Buffer {
  const writer = new AvroWriter();
  const sync = createHash("md5").update("sync").digest();
  writer.raw(Buffer.from("Obj\u0001", "latin1"));
  writer.long(2n);
  writer.text("avro.schema");
  writer.text(JSON.stringify(schema));
  writer.text("avro.codec");
  writer.text(codec);
  writer.long(0n);
  writer.raw(sync);
  for (const [count, bytes] of blocks) {
    writer.long(BigInt(count));
    writer.bytes(bytes);
    writer.raw(sync);
  }
  return writer.take();
}
const field = (name: string, type: unknown): unknown => ({ name, type });
const record = (...fields: unknown[]): unknown => ({ type: "record", name: "r", fields });

describe("Avro", () => {
  it("takes types from the schema, exactly, and keeps the schema", async () => {
    const schema = record(
      field("id", "long"),
      field("name", ["null", "string"]),
      field("sum", { type: "bytes", logicalType: "decimal", precision: 20, scale: 2 }),
      field("day", { type: "int", logicalType: "date" }),
      field("at", { type: "long", logicalType: "timestamp-micros" }),
      field("ms", { type: "long", logicalType: "timestamp-millis" }),
      field("here", { type: "long", logicalType: "local-timestamp-micros" }),
      field("clock", { type: "int", logicalType: "time-millis" }),
      field("key", { type: "string", logicalType: "uuid" }),
      field("tags", { type: "array", items: "string" }),
      field("scores", { type: "map", values: "int" }),
      field("odd", ["null", "int", "string"]),
      field("raw", "bytes"),
      field("kind", { type: "enum", name: "k", symbols: ["A", "B"] }),
      field("inner", record(field("x", "float"), field("raw", "bytes"))),
      field("wait", { type: "fixed", name: "w", size: 12, logicalType: "duration" }),
      field("f", "double"),
    ) as { fields: { name: string; type: { name?: string } }[] };
    schema.fields.find((each) => each.name === "inner")!.type.name = "inner";
    const rows = [
      { odd: null, f: 0.1, name: null },
      { odd: 5, f: Number.NaN, name: "ü" },
      { odd: "text", f: Number.POSITIVE_INFINITY, name: "" },
    ].map((some, k) => ({
      id: k,
      sum: Buffer.from([0xff, 0x85]),
      day: -1,
      at: -1,
      ms: 1_700_000_000_123,
      here: 0,
      clock: 3_723_004,
      key: "00000000-0000-0000-0000-00000000000a",
      tags: ["a", "b"],
      scores: { k: 1 },
      raw: Buffer.from([0, 255, 34]),
      kind: "B",
      inner: { x: 0.5, raw: Buffer.from([1]) },
      wait: Buffer.from([1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]),
      ...some,
    }));
    const { columns, rows: found, staged } = await bench.read("a.avro", await written(schema, rows));
    expect(columns).toEqual([
      "id BIGINT",
      "name VARCHAR",
      "sum DECIMAL(20,2)",
      "day DATE",
      "at TIMESTAMP WITH TIME ZONE",
      "ms TIMESTAMP WITH TIME ZONE",
      "here TIMESTAMP",
      "clock TIME",
      "key UUID",
      "tags VARCHAR[]",
      "scores MAP(VARCHAR, INTEGER)",
      "odd JSON",
      "raw BLOB",
      "kind VARCHAR",
      "inner STRUCT(x FLOAT, raw BLOB)",
      "wait INTERVAL",
      "f DOUBLE",
    ]);
    expect(found[1]).toEqual([
      "1",
      "ü",
      "-1.23",
      "1969-12-31",
      "1969-12-31 23:59:59.999999+00",
      "2023-11-14 22:13:20.123+00",
      "1970-01-01 00:00:00",
      "01:02:03.004",
      "00000000-0000-0000-0000-00000000000a",
      "[a, b]",
      "{k=1}",
      "5",
      "\\x00\\xFF\\x22",
      "B",
      "{'x': 0.5, 'raw': \\x01}",
      "1 month 2 days 00:00:00.003",
      "nan",
    ]);
    expect(found.map((row) => row[11])).toEqual([null, "5", '"text"']);
    expect(JSON.parse(staged.understood.schema ?? "")).toMatchObject({ type: "record" });
  });

  it("reads every codec", async () => {
    const contents = new AvroWriter();
    for (let k = 0; k < 100; k++) contents.long(BigInt(k));
    const body = contents.take();
    const { compress } = await loadSnappy();
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    const fixed = {
      bzip2: BZIP2,
      xz: XZ,
      zstandard: ZSTD,
    };
    const packed: Readonly<Record<string, Buffer>> = {
      null: body,
      deflate: deflateRawSync(body),
      snappy: Buffer.concat([compress(body), sum]),
      ...Object.fromEntries(Object.entries(fixed).map(([name, text]) => [name, Buffer.from(text, "base64")])),
    };
    for (const [codec, bytes] of Object.entries(packed)) {
      const { staged } = await bench.read("c.avro", container("long", codec, [[100, bytes]]));
      expect([codec, staged.rows]).toEqual([codec, 100]);
      expect((await bench.connection.runAndReadAll("select sum(value)::int from staged")).getRows()).toEqual([[4950]]);
    }
    await expect(bench.read("c.avro", container("long", "lzo", []))).rejects.toMatchObject({ code: "MR3262" });
  });

  it("gives nothing of a damaged file", async () => {
    const sound = await written("long", [1, 2, 3], "null");
    for (let length = 4; length < sound.length; length += 7)
      await expect(bench.read("t.avro", sound.subarray(0, length)), String(length)).rejects.toMatchObject({ code: "MR3261" });
    for (const [count, bytes] of [
      [5, Buffer.from([2, 4])],
      [1, Buffer.from([2, 4])],
      [-1, Buffer.from([2])],
    ] as const)
      await expect(bench.read("t.avro", container("long", "null", [[count, bytes]]))).rejects.toMatchObject({ code: "MR3261" });
    const bomb = container({ type: "array", items: "null" }, "null", [[1, Buffer.from([0xfe, 0xff, 0xff, 0xff, 0xff, 0x1f, 0])]]);
    await expect(bench.read("t.avro", bomb)).rejects.toMatchObject({ code: "MR3261" });
    const wrongSum = container("long", "snappy", [[1, Buffer.from([1, 0, 2, 0, 0, 0, 0])]]);
    await expect(bench.read("t.avro", wrongSum)).rejects.toMatchObject({ code: "MR3261" });
  });

  it("refuses a recursion that never ends, and reads one that does as JSON", async () => {
    const list = record(field("v", "int"), field("next", ["null", "r"]));
    const { columns, rows } = await bench.read("l.avro", await written(list, [{ v: 1, next: { v: 2, next: null } }]));
    expect(columns).toEqual(["v INTEGER", "next JSON"]);
    expect(rows).toEqual([["1", '{"v":2,"next":null}']]);
    const endless = container(list, "null", [[1, Buffer.alloc(5000, 2)]]);
    await expect(bench.read("l.avro", endless)).rejects.toMatchObject({ code: "MR3261" });
  });

  it("sends a value that its type cannot say to quarantine, and reads on", async () => {
    const schema = record(
      field("d", { type: "bytes", logicalType: "decimal", precision: 3, scale: 1 }),
      field("t", { type: "int", logicalType: "time-millis" }),
    );
    const row = (decimal: bigint, time: number): Buffer => {
      const writer = new AvroWriter();
      writer.bytes(bigBytes(decimal));
      writer.long(BigInt(time));
      return writer.take();
    };
    const bytes = Buffer.concat([row(123n, 0), row(12345n, 0), row(-1n, 90_000_000), row(-999n, 1)]);
    const { rows, rejected } = await bench.read("q.avro", container(schema, "null", [[4, bytes]]));
    expect(rows).toEqual([
      ["12.3", "00:00:00"],
      ["-99.9", "00:00:00.001"],
    ]);
    expect(rejected.map(({ rule }) => rule)).toEqual(["outOfRange", "outOfRange"]);
  });

  it("writes decimals of any size as they are", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n }), fc.nat(30), (value, scale) => {
        const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, "0");
        const expected = `${value < 0n ? "-" : ""}${scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`}`;
        expect(decimalText(bigBytes(value), scale)).toBe(expected);
      }),
    );
  });

  it("agrees with the calendar of JavaScript on days", () => {
    for (let day = -700_000; day < 2_900_000; day += 997)
      expect(dayText(day).day).toBe(new Date(day * 86_400_000).toISOString().slice(0, 10));
    expect(dayText(-719_529)).toEqual({ day: "0002-12-31", era: " (BC)" });
  });
});
