// Unit tests of models as users write them (PROJECT §7): `tests/NAME.yaml` holds one test, or under `tests:` several with what they share around them.
import * as z from "zod";
import { isDay } from "../parameter-types.ts";

const row = z.record(z.string(), z.unknown());

const rowsFrom = z
  .strictObject({
    rows: z.array(row).optional(),
    csv: z.string().optional().describe("the rows as CSV with a header; an empty cell is NULL, a quoted one an empty text"),
    file: z.string().optional().describe("a CSV, JSON, NDJSON or Parquet file, relative to the project"),
    sql: z.string().optional().describe("a query that reads nothing of the project"),
    types: z.record(z.string(), z.string()).optional().describe("DuckDB types of columns, where the project does not tell them"),
  })
  .refine((from) => [from.rows, from.csv, from.file, from.sql].filter((each) => each !== undefined).length === 1, {
    error: "is exactly one of rows, csv, file and sql",
  });

/** Rows written out, or where they stand. */
export const testRows = z.union([z.array(row), rowsFrom]);
export type TestRows = z.infer<typeof testRows>;

const moment = z.string().refine((text) => isDay(text) && !Number.isNaN(Date.parse(text)), {
  error: "is no moment; write 2026-01-31 or 2026-01-31T06:00:00Z",
});

const keys = {
  description: z.string().optional(),
  tags: z.array(z.string()).optional(),
  now: moment.optional().describe("what now(), current_date and $now are"),
  params: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  start: moment.optional().describe("$start: where the interval of an incremental model begins"),
  end: moment.optional().describe("$end: where it ends"),
  partition: z.string().optional().describe("the partition that is built, $partition"),
  given: z.record(z.string(), testRows).optional().describe("rows of the assets that are read; a column that is left out is NULL"),
  existing: testRows.optional().describe("rows that an incremental or snapshot model holds before it is built"),
  expect: testRows.optional().describe("columns that are left out of a row are not compared"),
  cte: z.record(z.string(), testRows).optional().describe("expected rows of the model's own `with` queries"),
  ordered: z.boolean().optional().describe("the order of the rows counts"),
  tolerance: z
    .union([z.number().min(0), z.record(z.string(), z.number().min(0))])
    .optional()
    .describe("how far numbers may lie apart: of all columns, or per column"),
  checks: z
    .strictObject({ failing: z.array(z.string()) })
    .optional()
    .describe("names of the model's checks that fail on these rows; [] when none does"),
  expectError: z
    .string()
    .refine((text) => text.trim() !== "", { error: "says nothing; write a code (MR4604), or words of the message" })
    .optional()
    .describe("a code (MR4604), or words of the message"),
} as const;

const one = z.strictObject({ name: z.string(), model: z.string().optional(), ...keys });

/** A file of tests. */
export const testFileSpec = z.strictObject({
  name: z.string().optional(),
  model: z.string().optional(),
  ...keys,
  tests: z.array(one).min(1).optional().describe("several tests; what stands beside is shared by all of them"),
});
export type TestFileSpec = z.infer<typeof testFileSpec>;

/** One test with all that it has from around it. */
export type TestSpec = Omit<TestFileSpec, "tests" | "model"> & { readonly name: string; readonly model: string };
