// What the SQL compiler is given and what it answers, as values.
import type { NodeId } from "../../model/graph.ts";
import type { QueryFingerprint } from "../../model/fingerprint.ts";
import type { AssetLineage } from "../../model/lineage.ts";
import type { MillraceError } from "../../model/errors.ts";
import type { SqlUnit } from "./errors.ts";
import type { ExternalRead } from "../syntax/references.ts";
import type { QueryShape } from "../syntax/shape.ts";
import type { CompileCache } from "./cache.ts";
import type { Macro } from "../functions/macros.ts";

export interface CompiledColumn {
  readonly name: string;
  /** DuckDB's spelling: `DECIMAL(18,2)`, `STRUCT(a INTEGER)`. */
  readonly type: string;
}

/** Columns of an asset that is not made of SQL. `certain: false`: guessed from the beginning of a file, so that types prove nothing. */
export interface KnownSchema {
  readonly columns: readonly CompiledColumn[];
  readonly certain: boolean;
  /** Declared, not seen: there may be more columns. */
  readonly isOpen?: boolean;
}

export interface CompileInput {
  readonly models: readonly SqlUnit[];
  /** Queries that make no asset but read some: checks in files of their own, exports with `sql:`. Their ids must differ from every asset's. */
  readonly queries?: readonly SqlUnit[];
  /** Per source, extract and transform asset. Assets without an entry have unknown columns. */
  readonly schemas: ReadonlyMap<NodeId, KnownSchema>;
  /** Every asset of the project besides the models; those of `schemas` need not be repeated. */
  readonly assets?: Iterable<NodeId>;
  /** Column lineage costs a second pass over every query; default `tables`. */
  readonly lineage?: "columns" | "tables";
  /** DuckDB types of `$param.x`, by name; others are texts. */
  readonly paramTypes?: Readonly<Record<string, string>>;
  /** Folder that relative paths inside SQL are relative to. */
  readonly projectDir?: string;
  /** Macros of the project, and what stands for its TypeScript functions. */
  readonly macros?: readonly Macro[];
  readonly cache?: CompileCache;
}

export interface CompiledQuery {
  readonly id: string;
  /** Hash of the syntax tree: comments and formatting do not change it. Empty when the SQL cannot be read. */
  readonly syntaxHash: string;
  readonly shape: QueryShape | null;
  /** Assets it reads, sorted. */
  readonly dependencies: readonly NodeId[];
  /** Files and functions outside the project that the SQL reads itself. */
  readonly externals: readonly ExternalRead[];
  /** Without `$`: `start`, `param.region`. */
  readonly parameters: readonly string[];
  /** Functions whose value changes although nothing that is read does; a model that has any is never reused. */
  readonly volatile: readonly string[];
  /** Reads that only running the query would tell. */
  readonly opaque: readonly string[];
  /** Asks for days of the project's calendars. */
  readonly calendars: boolean;
  /** null: could not be bound; `unbound` says why. */
  readonly columns: readonly CompiledColumn[] | null;
  readonly unbound: string | null;
  /** Do the columns rest on certain schemas only? */
  readonly certain: boolean;
  /** Only when asked for (`lineage: "columns"`); null where only tables are known. */
  readonly lineage: AssetLineage | null;
  /** Of models that could be bound; null where their plan is not understood. */
  readonly fingerprint: QueryFingerprint | null;
}

export interface Compilation {
  readonly models: ReadonlyMap<NodeId, CompiledQuery>;
  readonly queries: ReadonlyMap<string, CompiledQuery>;
  /** Every error of every query, in the order of files and places. */
  readonly errors: readonly MillraceError[];
  /** Sentences a person may want to know: external reads, models that could only be parsed. */
  readonly notes: readonly string[];
}
