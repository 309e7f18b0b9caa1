// Millrace's own schemas: the columns of a table. When the rows of one can be read as the rows of another.
//   T1. backward: a row that lacks a new column has NULL or its default there; a required column without a default refuses it.
//   T2. forward: what reads by name finds every column that it knew.
//   T3. A value is read where its type fits along the lattice, whatever the value is.
import type { Obstacle, SchemaKind } from "./compatibility.ts";
import { fitsInto } from "./lattice.ts";

export interface TableColumn {
  readonly name: string;
  /** As DuckDB writes it. */
  readonly type: string;
  readonly required: boolean;
  readonly hasDefault: boolean;
}

export type TableSchema = readonly TableColumn[];

export const tableSchemas: SchemaKind<TableSchema> = {
  obstacles(reader, writer, direction) {
    const written = new Map(writer.map((column) => [column.name.toLowerCase(), column]));
    return reader.flatMap((column): Obstacle[] => {
      const path = `/${column.name}`;
      const source = written.get(column.name.toLowerCase());
      if (source === undefined) {
        if (direction === "forward") return [{ path, problem: "the column is gone, and what reads it by name fails" }];
        return column.required && !column.hasDefault ? [{ path, problem: "it is required, has no default, and earlier rows lack it" }] : [];
      }
      const found: Obstacle[] = [];
      if (fitsInto(source.type, column.type) !== "exact")
        found.push({ path, problem: `a value of ${source.type} may not fit into ${column.type}` });
      if (column.required && !source.required && !column.hasDefault) found.push({ path, problem: "it is required, and may have no value" });
      return found;
    });
  },
};
