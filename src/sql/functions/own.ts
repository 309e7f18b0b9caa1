// Functions of the project's TypeScript inside DuckDB: called once per row, in this process, at once. NULL is null, and nothing given is NULL.
import {
  BIGINT,
  BOOLEAN,
  DATE,
  DOUBLE,
  type DuckDBConnection,
  DuckDBDateValue,
  DuckDBScalarFunction,
  DuckDBTimestampValue,
  type DuckDBType,
  type DuckDBValue,
  INTEGER,
  TIMESTAMP,
  VARCHAR,
} from "@duckdb/node-api";
import { messageOf } from "../../model/errors.ts";
import type { FunctionType } from "../../model/define.ts";

export interface CallableFunction {
  readonly name: string;
  readonly parameters: readonly FunctionType[];
  readonly returns: FunctionType;
  call(this: void, ...values: readonly unknown[]): unknown;
}

const TYPES: Readonly<Record<FunctionType, DuckDBType>> = { VARCHAR, INTEGER, BIGINT, DOUBLE, BOOLEAN, DATE, TIMESTAMP };
const DAY_MS = 86_400_000;
const INTEGER_MAX = 2 ** 31 - 1;
const MICROSECONDS_PER_MILLISECOND = 1_000n;

/** From then on every connection of the same instance can call it; a function of that name that was there before is replaced. */
export function registerFunction(connection: DuckDBConnection, { name, parameters, returns, call }: CallableFunction): void {
  connection.registerScalarFunction(
    DuckDBScalarFunction.create({
      name,
      parameterTypes: parameters.map((type) => TYPES[type]),
      returnType: TYPES[returns],
      specialHandling: true, // it is called for NULLs too
      mainFunction: (_info, chunk, output) => {
        const columns = parameters.map((_, index) => chunk.getColumnVector(index));
        for (let row = 0; row < chunk.rowCount; row++) {
          try {
            const given = columns.map((column) => plain(column.getItem(row)));
            output.setItem(row, valueOf(call(...given), returns));
          } catch (thrown) {
            throw new Error(`${name}(): ${messageOf(thrown)}`, { cause: thrown });
          }
        }
        output.flush();
      },
    }),
  );
}

function plain(value: DuckDBValue): unknown {
  return value instanceof DuckDBDateValue || value instanceof DuckDBTimestampValue ? value.toString() : value;
}

function valueOf(given: unknown, type: FunctionType): DuckDBValue {
  if (given === null || given === undefined) return null;
  if (given instanceof Promise) throw new Error("a function for SQL gives its value at once, not a promise");
  switch (type) {
    case "VARCHAR":
      return typeof given === "string" ? given : wrong(given, type);
    case "BOOLEAN":
      return typeof given === "boolean" ? given : wrong(given, type);
    case "DOUBLE":
      return typeof given === "number" ? given : wrong(given, type);
    case "INTEGER":
      return typeof given === "number" && Number.isInteger(given) && Math.abs(given) <= INTEGER_MAX ? given : wrong(given, type);
    case "BIGINT":
      return typeof given === "bigint" ? given : Number.isSafeInteger(given) ? BigInt(given as number) : wrong(given, type);
    case "DATE":
      return new DuckDBDateValue(Math.floor(milliseconds(given, type) / DAY_MS));
    case "TIMESTAMP":
      return new DuckDBTimestampValue(BigInt(milliseconds(given, type)) * MICROSECONDS_PER_MILLISECOND);
    default:
      return type satisfies never;
  }
}

/** Moments without a zone are UTC. */
function milliseconds(given: unknown, type: FunctionType): number {
  if (given instanceof Date) return given.getTime();
  if (typeof given !== "string") return wrong(given, type);
  const zoned = /^\d{4}-\d{2}-\d{2}$|[Zz]$|[+-]\d{2}:?\d{2}$/.test(given) ? given : `${given.replace(" ", "T")}Z`;
  const found = Date.parse(zoned);
  return Number.isNaN(found) ? wrong(given, type) : found;
}

function wrong(given: unknown, type: FunctionType): never {
  throw new Error(`${JSON.stringify(given) ?? String(given)} is no ${type}`);
}
