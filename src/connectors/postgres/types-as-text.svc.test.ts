// PostgreSQL's types on the slower way, on a real server: as with a build of DuckDB that lacks one of the functions that give vectors as bytes.
import { expect, it, vi } from "vitest";
import { startPostgres } from "../../../test/postgres.ts";
import { vectorBindings } from "../../databases/vectors.ts";
import { testTypes } from "./types.suite.ts";

vi.mock("@duckdb/node-bindings", async (original) => {
  const { default: bindings } = await original<{ readonly default: object }>();
  return { default: { ...bindings, get_data_from_pointer: undefined } };
});

it("goes the slower way", async () => {
  expect(await vectorBindings()).toBeNull();
});

testTypes(startPostgres);
