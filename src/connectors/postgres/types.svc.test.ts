// PostgreSQL's types by binary COPY and DuckDB's vectors as bytes, on a real server.
import { expect, it } from "vitest";
import { startPostgres } from "../../../test/postgres.ts";
import { vectorBindings } from "../../databases/vectors.ts";
import { testTypes } from "./types.suite.ts";

it("goes the faster way", async () => {
  expect(await vectorBindings()).not.toBeNull();
});

testTypes(startPostgres);
