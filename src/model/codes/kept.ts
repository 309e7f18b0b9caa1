// Error codes of models that are kept as history, as files or by their changes.
import type { CodeEntry } from "./entry.ts";

export const keptCodes = {
  MR4640: {
    title: "A model names a column that its query does not give",
    why: "`columns`, `key`, `incremental`, `snapshot`, `layout` and `external` name columns of the query's result.",
    fix: "Correct the name, or add the column to the query.",
  },
  MR4641: {
    title: "A column has a name that a snapshot adds itself",
    why: "A snapshot adds `valid_from` and `valid_to`, and, unseen, `_load`, `_file` and `_line`.",
    fix: "Give the column of the query another name.",
  },
  MR4642: {
    title: "The timestamp of a snapshot is no date and no timestamp",
    why: "`snapshot: { by: timestamp, updatedAt: … }` orders the versions of a key by that column.",
    fix: "Cast the column in the query, or use `snapshot: { by: columns }`.",
  },
  MR4643: {
    title: "Rows of a snapshot have no timestamp",
    why: "Without a value in `updatedAt` nothing tells where in its key's history a row belongs.",
    fix: "Fill it in the query (`coalesce(updated_at, created_at)`), leave such rows out, or use `snapshot: { by: columns }`.",
  },
  MR4644: {
    title: "A history cannot take the new type of a column",
    why: "The query gives a column another type than before, and values of the history would be lost in it.",
    fix: "Keep the type in the query, or give the column another name: the old one is kept beside it.",
  },
  MR4645: {
    title: "The path of an external model is taken",
    why: "Something stands there that the model did not write, and it is never replaced.",
    fix: "Give `external: { path: … }` another path, or move away what is there.",
  },
  MR4646: {
    title: "A format cannot hold the rows of a model",
    why: "What was written is read again before it is published, and it was not what the query gave.",
    fix: "Cast the columns that the format cannot hold, or use `format: parquet`.",
  },
  MR4647: {
    title: "A history cannot be made again",
    why: "What a snapshot read at each of its builds is known only where it reads one source, whose loads the raw zone keeps.",
    fix: "Leave it as it is: `--full-refresh` goes on with the history. A model in between can be written into the snapshot's query.",
  },
  MR4648: {
    title: "A model declares a type that its query does not give",
    why: "`columns: { a: { type: … } }` of a model is a promise to its readers; values are never cast to it unseen.",
    fix: "Cast the column in the query, or declare the type that it gives.",
  },
} as const satisfies Record<string, CodeEntry>;
