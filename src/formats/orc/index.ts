// ORC: known, so that a file of it gives a clear answer. There is no kept library for it in JavaScript, and DuckDB has no reader of it.
import * as z from "zod";
import { MillraceError } from "../../model/errors.ts";
import type { Format } from "../format.ts";

export const orc: Format = {
  name: "orc",
  summary: "ORC files: told apart, not read",
  extensions: [".orc"],
  options: z.strictObject({}),
  stage: ({ name }) => Promise.reject(unreadable(name)),
  peek: ({ name }) => Promise.reject(unreadable(name)),
};

function unreadable(name: string): MillraceError {
  return new MillraceError({
    code: "MR3266",
    message: `${name} is an ORC file, which cannot be read yet`,
    hint: "write it as Parquet where it is made (Spark: df.write.parquet; Hive: stored as parquet), or turn it with pyarrow: pyarrow.orc.read_table → pyarrow.parquet.write_table",
  });
}
