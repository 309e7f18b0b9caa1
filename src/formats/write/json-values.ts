// SQL that turns columns into what JSON can say (PROJECT §10 "JSON values"): integers beyond 2^53, decimals, NaN and infinities as strings, moments in
// ISO form, blobs in base64, also inside lists and structs. DuckDB alone would write NaN and numbers that readers round.
import type { DuckDBListType, DuckDBArrayType, DuckDBMapType, DuckDBStructType, DuckDBType } from "@duckdb/node-api";
import { ident, literal } from "../../sql/text.ts";

const SAFE_INTEGER_MAX = "9007199254740991";

/** The expression as a JSON value, or null when DuckDB writes it well as it is. */
export function jsonValue(type: DuckDBType, sql: string, depth = 0): string | null {
  const name = type.toString();
  const base = /^[A-Z_]+( WITH TIME ZONE)?/.exec(name)?.[0] ?? name;
  if (isStruct(type)) return structValue(type, sql, depth);
  if (isMap(type)) return mapValue(type, sql, depth);
  if (isList(type)) {
    const item = `e${depth}`;
    const inner = jsonValue(type.valueType, item, depth + 1);
    return inner === null
      ? null
      : `list_transform(${sql}${name.endsWith("[]") ? "" : `::${type.valueType.toString()}[]`}, lambda ${item}: ${inner})`;
  }
  switch (base) {
    case "BIGINT":
    case "UBIGINT":
    case "HUGEINT":
    case "UHUGEINT":
      return `case when ${sql} between -${SAFE_INTEGER_MAX} and ${SAFE_INTEGER_MAX} then to_json(${sql}) else to_json(${sql}::varchar) end`;
    case "DECIMAL":
    case "BIGNUM":
    case "TIME":
    case "BIT":
    case "INTERVAL":
      return `${sql}::varchar`;
    case "FLOAT":
      return floating(sql, `${sql}::varchar::double`);
    case "DOUBLE":
      return floating(sql, sql);
    case "BLOB":
      return `base64(${sql})`;
    case "TIMESTAMP WITH TIME ZONE":
      return `case when isinf(${sql}) then ${sql}::varchar else replace(timezone('UTC', ${sql})::varchar, ' ', 'T') || 'Z' end`;
    case "TIMESTAMP":
    case "TIMESTAMP_S":
    case "TIMESTAMP_MS":
    case "TIMESTAMP_NS":
      return `replace(${sql}::varchar, ' ', 'T')`;
    default:
      return null;
  }
}

function floating(test: string, number: string): string {
  const words = `case when isnan(${test}) then 'NaN' when ${test} > 0 then 'Infinity' else '-Infinity' end`;
  return `case when ${test} is null or isfinite(${test}) then to_json(${number}) else to_json(${words}) end`;
}

function structValue(type: DuckDBStructType, sql: string, depth: number): string | null {
  const fields = type.entryNames.map((entry, index) => {
    const place = `struct_extract(${sql}, ${literal(entry)})`;
    const entryType = type.entryTypes[index];
    return { entry, place, inner: entryType === undefined ? null : jsonValue(entryType, place, depth) };
  });
  if (fields.every((field) => field.inner === null)) return null;
  const packed = fields.map((field) => `${ident(field.entry)} := ${field.inner ?? field.place}`);
  return `case when ${sql} is null then null else struct_pack(${packed.join(", ")}) end`;
}

function mapValue(type: DuckDBMapType, sql: string, depth: number): string | null {
  const item = `e${depth}`;
  const inner = jsonValue(type.valueType, `${item}.value`, depth + 1);
  if (inner === null) return null;
  return `map_from_entries(list_transform(map_entries(${sql}), lambda ${item}: {'k': ${item}.key::varchar, 'v': ${inner}}))`;
}

function isStruct(type: DuckDBType): type is DuckDBStructType {
  return "entryNames" in type && "entryTypes" in type;
}

function isMap(type: DuckDBType): type is DuckDBMapType {
  return "keyType" in type;
}

function isList(type: DuckDBType): type is DuckDBListType | DuckDBArrayType {
  return "valueType" in type && !("keyType" in type);
}
