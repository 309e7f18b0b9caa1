// What is asked of the shadow catalogue, and the statements that make its tables.
import type { NodeId } from "../../model/graph.ts";
import type { DuckdbFailure } from "./errors.ts";
import type { CompiledColumn } from "./types.ts";
import type { Macro } from "../functions/macros.ts";
import { ROWS_SCHEMA } from "../ledger/ledger.ts";
import { ident, qualified } from "../text.ts";

export interface BindRequest {
  readonly id: NodeId;
  /** The analysis copy: no parameters, one statement, no semicolon. */
  readonly text: string;
  /** Requests of the same batch that must be bound before. */
  readonly needs: readonly NodeId[];
  /** That it calls, in an order in which they can be made. */
  readonly macros: readonly Macro[];
  /** Columns that building it adds. */
  readonly adds?: readonly CompiledColumn[] | undefined;
}

export type BindResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly failure: DuckdbFailure }
  /** What it needs could not be bound. */
  | { readonly ok: false; readonly failure: null };

/** An empty table of the columns. */
export function emptyTable(id: NodeId, columns: readonly CompiledColumn[]): string {
  return `create or replace table ${tableName(id)} (${columnList(columns)})`;
}

/** An empty table of what the query gives. */
export function boundTable({ id, text, adds = [] }: BindRequest): string {
  const added = adds.map(({ name, type }) => `;\nalter table ${tableName(id)} add column if not exists ${ident(name)} ${type}`);
  return `create or replace table ${tableName(id)} as ${text}\nwith no data${added.join("")}`;
}

/** Makes `_millrace.rows('raw.x')` bindable: the columns of each table, and where each row came from. */
export function rowsTables(tables: ReadonlyMap<NodeId, readonly CompiledColumn[]>): string {
  const statements = [...tables].map(
    ([id, columns]) =>
      `create or replace table ${qualified(ROWS_SCHEMA, id)} (${columnList(columns)}, _load VARCHAR, _file VARCHAR, _line BIGINT)`,
  );
  const macro = `create or replace macro _millrace.rows(asset) as table select * from query_table('${ROWS_SCHEMA}."' || asset || '"')`;
  return ["create schema if not exists _millrace", `create schema if not exists ${ROWS_SCHEMA}`, ...statements, macro].join(";\n");
}

function columnList(columns: readonly CompiledColumn[]): string {
  return columns.map(({ name, type }) => `${ident(name)} ${type}`).join(", ");
}

export function schemaOf(id: NodeId): string {
  const dot = id.indexOf(".");
  return dot < 0 ? "main" : id.slice(0, dot);
}

function tableName(id: NodeId): string {
  return qualified(schemaOf(id), id.slice(id.indexOf(".") + 1));
}
