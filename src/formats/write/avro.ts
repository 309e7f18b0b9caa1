// Rows of a query as an Avro object container, streamed in blocks.
import { createHash } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { crc32, deflateRawSync } from "node:zlib";
import type { DuckDBConnection } from "@duckdb/node-api";
import { ident } from "../../sql/text.ts";
import { loadSnappy } from "../avro/untyped.ts";
import { writeFully } from "../delimited/patch.ts";
import { encodingOf, fieldsOf, Names, nullable, type Encoding } from "./avro-schema.ts";
import { AvroWriter } from "./avro-writer.ts";
import { columnsOf } from "./columns.ts";
import { jsonValue } from "./json-values.ts";
import type { Output, WriteCompression } from "./output.ts";

const BLOCK_BYTES = 256 << 10;

/** `from` is a table expression. */
export async function writeAvro(connection: DuckDBConnection, from: string, path: string, output: Output): Promise<number> {
  const names = new Names();
  const columns = (await columnsOf(connection, from)).map(({ name, type }) => {
    const encoding = encodingOf(type, names);
    // A type that Avro cannot say is text, as JSON says it.
    const sql = encoding === null ? `to_json(${jsonValue(type, ident(name)) ?? ident(name)})::varchar` : ident(name);
    const text: Encoding = { schema: "string", write: (writer, value) => writer.text(String(value)) };
    return { name, sql, encoding: nullable(encoding ?? text) };
  });
  const schema = JSON.stringify({
    type: "record",
    name: "row",
    fields: fieldsOf(
      columns.map((column) => column.name),
      columns.map((column) => column.encoding),
    ),
  });
  const { codec, pack } = await packerOf(output.compression);
  // A mark by the schema: the same rows give the same bytes.
  const sync = createHash("md5").update(`millrace ${schema} ${codec}`).digest();
  const file = openSync(path, "w");
  try {
    writeFully(file, headerOf(schema, codec, sync));
    const writer = new AvroWriter();
    let [rows, inBlock] = [0, 0];
    const flush = (): void => {
      if (inBlock === 0) return;
      const packed = pack(writer.take());
      writer.long(BigInt(inBlock));
      writer.bytes(packed);
      writer.raw(sync);
      writeFully(file, writer.take());
      inBlock = 0;
    };
    const selected = columns.map(({ name, sql }) => `${sql} as ${ident(name)}`);
    const result = await connection.stream(`select ${selected.join(", ")} from ${from}`);
    for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
      const values = columns.map((_, index) => chunk?.getColumnValues(index) ?? []);
      for (let row = 0; row < chunk.rowCount; row++) {
        for (const [index, { encoding }] of columns.entries()) encoding.write(writer, values[index]?.[row] ?? null);
        rows++;
        inBlock++;
        if (writer.size > BLOCK_BYTES) flush();
      }
    }
    flush();
    return rows;
  } finally {
    closeSync(file);
  }
}

function headerOf(schema: string, codec: string, sync: Buffer): Buffer {
  const writer = new AvroWriter();
  writer.raw(Buffer.from("Obj\u0001", "latin1"));
  writer.long(2n);
  writer.text("avro.schema");
  writer.text(schema);
  writer.text("avro.codec");
  writer.text(codec);
  writer.long(0n);
  writer.raw(sync);
  return writer.take();
}

async function packerOf(compression: WriteCompression): Promise<{ readonly codec: string; readonly pack: (bytes: Buffer) => Buffer }> {
  switch (compression) {
    case "none":
    case "zstd": // refused by outputFor
      return { codec: "null", pack: (bytes) => bytes };
    case "gzip":
      return { codec: "deflate", pack: (bytes) => deflateRawSync(bytes) };
    case "snappy": {
      const { compress } = await loadSnappy();
      return {
        codec: "snappy",
        pack: (bytes) => {
          const sum = Buffer.alloc(4);
          sum.writeUInt32BE(crc32(bytes));
          return Buffer.concat([compress(bytes), sum]);
        },
      };
    }
    default:
      return compression satisfies never;
  }
}
