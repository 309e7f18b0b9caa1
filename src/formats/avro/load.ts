// From JSON lines to the types of the schema. JSON cannot hold bytes: they come as hexadecimal digits, also within lists, maps and records.
import type { DuckDBConnection } from "@duckdb/node-api";
import { ident, literal } from "../../sql/text.ts";
import type { ColumnPlan } from "../json/columns.ts";
import { duckType, type AvroType } from "./schema.ts";

/** DuckDB's own default; a longer record needs a larger buffer. */
const OBJECT_BYTES_MIN = 16 << 20;

export interface AvroColumn extends ColumnPlan {
  /** The type under which the JSON is read. */
  readonly read: string;
  /** SQL that makes the value of what was read; `c0` and so on are the columns. */
  readonly value: string;
}

/** How the column at this place is read. */
export function readingOf(type: AvroType, place: number): Pick<AvroColumn, "read" | "value"> {
  const full = duckType(type);
  if (full === "JSON") return { read: "VARCHAR", value: `c${place}::json` };
  return {
    read: full.replaceAll(/"(?:[^"]|"")*"|BLOB/g, (part) => (part === "BLOB" ? "VARCHAR" : part)),
    value: withBytes(type, `c${place}`) ?? `c${place}`,
  };
}

/** Creates `into` from the lines. */
export async function loadAvro(
  connection: DuckDBConnection,
  into: string,
  path: string,
  columns: readonly AvroColumn[],
  longestBytes: number,
): Promise<void> {
  const reads = columns.map(({ read }, place) => `c${place}: ${literal(read)}`);
  const selected = columns.map(({ value, name }) => `${value} as ${ident(name)}`);
  await connection.run(
    `create table ${into} as select ${selected.join(", ")} from read_json(${literal(path)}, format = 'newline_delimited', records = 'true', ` +
      `compression = 'uncompressed', hive_partitioning = false, maximum_object_size = ${Math.max(OBJECT_BYTES_MIN, longestBytes + 1024)}, columns = {${reads.join(", ")}})`,
  );
}

/** Null where there are no bytes within. */
function withBytes(type: AvroType, sql: string, depth = 0): string | null {
  switch (type.kind) {
    case "bytes":
    case "fixed":
      return type.logical === null ? `unhex(${sql})` : null;
    case "array": {
      const inner = withBytes(type.items, `e${depth}`, depth + 1);
      return inner === null ? null : `list_transform(${sql}, lambda e${depth}: ${inner})`;
    }
    case "map": {
      const item = `e${depth}`;
      const inner = withBytes(type.items, `${item}.v`, depth + 1);
      if (inner === null) return null;
      const entries = `list_transform(map_entries(${sql}), lambda ${item}: {'k': ${item}.key, 'v': ${item}.value})`;
      return `map_from_entries(list_transform(${entries}, lambda ${item}: {'k': ${item}.k, 'v': ${inner}}))`;
    }
    case "record": {
      const fields = type.fields.map((field) => {
        const place = `struct_extract(${sql}, ${literal(field.name)})`;
        return { name: field.name, place, inner: withBytes(field.type, place, depth) };
      });
      if (fields.every((field) => field.inner === null)) return null;
      const packed = fields.map(({ name, place, inner }) => `${ident(name)} := ${inner ?? place}`);
      return `case when ${sql} is null then null else struct_pack(${packed.join(", ")}) end`;
    }
    case "union": {
      const [branch] = type.branches.filter((each) => each.kind !== "null");
      return branch === undefined ? null : withBytes(branch, sql, depth);
    }
    default:
      return null;
  }
}
