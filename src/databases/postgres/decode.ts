// From the bytes of PostgreSQL's binary COPY into DuckDB's vectors: the decoder of each type, and arrays and composite values of them.
import {
  BIGINT,
  BLOB,
  BOOLEAN,
  DATE,
  DOUBLE,
  FLOAT,
  INTEGER,
  INTERVAL,
  LIST,
  SMALLINT,
  STRUCT,
  TIME,
  TIMESTAMP,
  TIMESTAMPTZ,
  TIMETZ,
  UINTEGER,
  UUID,
  VARCHAR,
} from "@duckdb/node-api";
import { markNulls, type Vector } from "../vectors.ts";
import {
  dates,
  decimal,
  type Decoder,
  doubleWords,
  fixed,
  int32,
  intervals,
  Misfit,
  type Shape,
  type Target,
  texts,
  timestamps,
  uuids,
  words,
  zonedTimes,
} from "./decode-values.ts";

export function decoderOf(shape: Shape): Decoder {
  switch (shape.kind) {
    case "bool":
      return fixed(BOOLEAN, 1, (fields, count, buffer) => {
        const out = new Uint8Array(buffer);
        for (let row = 0; row < count; row++) out[row] = fields.bytes[fields.offsets[row]!]!;
      });
    case "int2":
      return fixed(SMALLINT, 2, ({ bytes, offsets }, count, buffer) => {
        const out = new Int16Array(buffer);
        for (let row = 0; row < count; row++) out[row] = (bytes[offsets[row]!]! << 8) | bytes[offsets[row]! + 1]!;
      });
    case "int4":
      return fixed(INTEGER, 4, words);
    case "oid":
      return fixed(UINTEGER, 4, words);
    case "float4":
      return fixed(FLOAT, 4, words);
    case "int8":
      return fixed(BIGINT, 8, doubleWords);
    case "float8":
      return fixed(DOUBLE, 8, doubleWords);
    case "time":
      return fixed(TIME, 8, doubleWords);
    case "date":
      return fixed(DATE, 4, dates);
    case "timestamp":
      return fixed(TIMESTAMP, 8, timestamps);
    case "timestamptz":
      return fixed(TIMESTAMPTZ, 8, timestamps);
    case "timetz":
      return fixed(TIMETZ, 8, zonedTimes);
    case "interval":
      return fixed(INTERVAL, 16, intervals);
    case "uuid":
      return fixed(UUID, 16, uuids);
    case "decimal":
      return decimal(shape.width, shape.scale);
    case "text":
      return texts(VARCHAR, 0);
    case "json":
      return texts(VARCHAR, 0);
    case "jsonb":
      return texts(VARCHAR, 1);
    case "bytea":
      return texts(BLOB, 0);
    case "list":
      return list(shape.element, shape.dimensions);
    case "struct":
      return struct(shape.fields);
    default:
      return shape satisfies never;
  }
}

/** Fields of a growing number of elements. */
class Elements {
  offsets = new Int32Array(4096);
  lengths = new Int32Array(4096);
  count = 0;

  add(offset: number, length: number): void {
    if (this.count === this.offsets.length) {
      this.offsets = grown(this.offsets);
      this.lengths = grown(this.lengths);
    }
    this.offsets[this.count] = offset;
    this.lengths[this.count++] = length;
  }
}

function grown(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

/** Arrays of `dimensions`: one level of lists for each. An array that begins elsewhere than at 1 is not the same without saying so. */
function list(element: Shape, dimensions: number): Decoder {
  const inner = decoderOf(element);
  let type = inner.type;
  for (let level = 0; level < dimensions; level++) type = LIST(type);
  return {
    type,
    decode(fields, count, vector, target) {
      const { bytes, offsets, lengths } = fields;
      const spans = Array.from({ length: dimensions }, () => new Elements());
      const elements = new Elements();
      for (let row = 0; row < count; row++) {
        if (lengths[row]! < 0) {
          spans[0]!.add(0, -1);
          continue;
        }
        const at = offsets[row]!;
        const found = int32(bytes, at);
        if (found === 0) {
          spans[0]!.add(spans[1]?.count ?? elements.count, 0);
          continue;
        }
        if (found !== dimensions) throw new Misfit(`an array of ${found} dimensions`, found);
        let total = 1;
        for (let level = 0; level < dimensions; level++) {
          const size = int32(bytes, at + 12 + 8 * level);
          if (int32(bytes, at + 16 + 8 * level) !== 1) throw new Misfit("an array that does not begin at 1");
          const start = spans[level + 1]?.count ?? elements.count;
          for (let index = 0; index < total; index++) spans[level]!.add(start + index * size, size);
          total *= size;
        }
        let from = at + 12 + 8 * dimensions;
        for (let index = 0; index < total; index++) {
          const length = int32(bytes, from);
          elements.add(from + 4, length);
          from += 4 + Math.max(length, 0);
        }
      }
      fillLists(
        spans,
        0,
        vector,
        target,
        (child) => inner.decode({ bytes, offsets: elements.offsets, lengths: elements.lengths }, elements.count, child, target),
        elements.count,
      );
    },
  };
}

/** Entries of a list vector: where its elements begin and how many they are, then the next level. */
function fillLists(
  spans: readonly Elements[],
  level: number,
  vector: Vector,
  target: Target,
  fillElements: (child: Vector) => void,
  elementCount: number,
): void {
  const { bindings } = target;
  const { count, offsets, lengths } = spans[level]!;
  const entries = new BigUint64Array(count * 2);
  for (let row = 0; row < count; row++) {
    if (lengths[row]! < 0) continue;
    entries[2 * row] = BigInt(offsets[row]!);
    entries[2 * row + 1] = BigInt(lengths[row]!);
  }
  const children = spans[level + 1]?.count ?? elementCount;
  bindings.list_vector_reserve(vector, children);
  bindings.list_vector_set_size(vector, children);
  if (count > 0) bindings.copy_data_to_vector(vector, 0, entries.buffer, 0, count * 16);
  markNulls(bindings, vector, lengths, count);
  if (children === 0) return;
  const child = bindings.list_vector_get_child(vector);
  if (level + 1 < spans.length) fillLists(spans, level + 1, child, target, fillElements, elementCount);
  else fillElements(child);
}

/** Composite values: number of fields, then type, length and bytes of each. */
function struct(members: readonly { readonly name: string; readonly shape: Shape }[]): Decoder {
  const decoders = members.map(({ shape }) => decoderOf(shape));
  return {
    type: STRUCT(Object.fromEntries(members.map(({ name }, index) => [name, decoders[index]!.type]))),
    decode({ bytes, offsets, lengths }, count, vector, target) {
      const parts = members.map(() => ({ offsets: new Int32Array(count), lengths: new Int32Array(count).fill(-1) }));
      for (let row = 0; row < count; row++) {
        if (lengths[row]! < 0) continue;
        let at = offsets[row]!;
        if (int32(bytes, at) !== members.length) throw new Misfit("a composite value of another shape");
        at += 4;
        for (const part of parts) {
          const length = int32(bytes, at + 4);
          part.offsets[row] = at + 8;
          part.lengths[row] = length;
          at += 8 + Math.max(length, 0);
        }
      }
      markNulls(target.bindings, vector, lengths, count);
      for (const [index, decoder] of decoders.entries())
        decoder.decode({ bytes, ...parts[index]! }, count, target.bindings.struct_vector_get_child(vector, index), target);
    },
  };
}
