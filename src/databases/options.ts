// What a source or export says of a database, the same for every engine (PROJECT §10): where it is, what to read, what to make.
import * as z from "zod";
import { MillraceError } from "../model/errors.ts";

const names = z.union([z.string(), z.array(z.string()).min(1)]);

const PARALLEL_MAX = 32;

/** Keys of every database connector. */
export const databaseOptions = {
  /** A connection of millrace.yaml. */
  connection: z.string().optional(),
  /** A table: `sales`, `public.sales`. */
  table: z.string().min(1).optional(),
  /** One asset per table: a pattern or several; `!…` excludes. */
  tables: names.optional(),
  /** A query, as the server understands it. */
  query: z.string().min(1).optional(),
  /** Connections that read one table at once. */
  parallel: z.int().min(1).max(PARALLEL_MAX).optional(),
  /** Of an export's table, when Millrace makes it. */
  primaryKey: names.optional(),
  indexes: z
    .array(z.union([z.string(), z.array(z.string()).min(1), z.strictObject({ columns: names, unique: z.boolean().optional() })]))
    .optional(),
  /** Types of columns of an export's table, in the server's words. */
  types: z.record(z.string(), z.string()).optional(),
};

/** Keys of a server. */
export const serverOptions = {
  ...databaseOptions,
  url: z.string().min(1).optional(),
  host: z.string().min(1).optional(),
  port: z.int().min(1).max(65_535).optional(),
  user: z.string().optional(),
  password: z.string().optional(),
  database: z.string().optional(),
};

export interface DatabaseOptions {
  readonly connection?: string | undefined;
  readonly table?: string | undefined;
  readonly tables?: string | readonly string[] | undefined;
  readonly query?: string | undefined;
  readonly parallel?: number | undefined;
  readonly primaryKey?: string | readonly string[] | undefined;
  readonly indexes?:
    | readonly (string | readonly string[] | { readonly columns: string | readonly string[]; readonly unique?: boolean | undefined })[]
    | undefined;
  readonly types?: Readonly<Record<string, string>> | undefined;
}

/** The options with those of the named connection below them. */
export function withConnection<Options extends { readonly connection?: string | undefined }>(
  options: Options,
  connections: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): Options {
  const { connection } = options;
  return connection === undefined ? options : { ...connections[connection], ...options };
}

/** What is to be read. @throws MR4853. */
export type Selection = { readonly kind: "table"; readonly table: string } | { readonly kind: "query"; readonly query: string };

export function selectionOf(connector: string, { table, tables, query }: DatabaseOptions): Selection {
  if (tables === undefined && (table === undefined) !== (query === undefined)) {
    return table === undefined ? { kind: "query", query: query!.trim().replace(/;\s*$/, "") } : { kind: "table", table };
  }
  throw new MillraceError({
    code: "MR4853",
    message: `${connector}: exactly one of table, tables and query says what to read`,
    hint: tables === undefined ? "add table: NAME" : "tables: stands alone; it becomes one asset per table",
  });
}

/** Indexes to be made, besides the primary key. */
export function indexesOf({ indexes = [] }: DatabaseOptions): readonly { readonly columns: readonly string[]; readonly unique: boolean }[] {
  return indexes.map((index) => {
    if (typeof index === "string") return { columns: [index], unique: false };
    if ("columns" in index) return { columns: [index.columns].flat(), unique: index.unique === true };
    return { columns: index, unique: false };
  });
}
