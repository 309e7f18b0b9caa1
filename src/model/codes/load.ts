// Error codes of this area: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const loadCodes = {
  MR4001: {
    title: "A load does not reconcile",
    why: "Rows read are not rows loaded + quarantined + filtered. The load was rolled back; this is a bug of Millrace or of a reader.",
    fix: "Report it with the file and the source's YAML. The earlier version of the asset is untouched.",
  },
  MR4002: {
    title: "A column appeared that the contract forbids",
    why: "`contract: { newColumn: fail }` and the delivery has a column that the last load did not have.",
    fix: "Declare the column under `columns:`, or set `newColumn` to add, ignore or quarantine.",
  },
  MR4003: {
    title: "A column is missing",
    why: "A column that is declared, or that the last load had, is not in the delivery, and the contract says `missingColumn: fail`; or a `from:` matches no header.",
    fix: "Correct `from:` to a header of the file (see `millrace inspect`), or set `missingColumn: null` to load NULLs.",
  },
  MR4004: {
    title: "A column changed its type",
    why: "`contract: { typeChange: fail }` and the values no longer have the type of the last load.",
    fix: "Declare the new `type` under `columns:`, or set `typeChange` to widen, variant or quarantine.",
  },
  MR4005: {
    title: "A value does not fit its column",
    why: "`contract: { badValue: fail }` and at least one value cannot be read as the column's type, or a required one is empty.",
    fix: "Correct the data, the `type` or the `parse`, or set `badValue` to quarantine or null.",
  },
  MR4006: {
    title: "Too many rows would be quarantined",
    why: "More rows broke the contract than `contract: { maxQuarantined }` allows. Nothing was loaded.",
    fix: "Look at the sample in the message. Correct the data or the contract, or raise `maxQuarantined`.",
  },
  MR4007: {
    title: "An empty delivery would replace a full asset",
    why: "The source delivered no row that could be loaded, and the asset has rows. An empty answer is more often a fault than a fact.",
    fix: "If the asset is really empty now, set `contract: { emptyDelivery: accept }`.",
  },
  MR4009: {
    title: "A file changed after it was loaded",
    why: "`changedFile: fail` and a file that was taken earlier has other contents now.",
    fix: "Set `changedFile` to replace (its rows are replaced), append or ignore.",
  },
  MR4010: {
    title: "A key or cursor names no column",
    why: "`primaryKey` or `cursor` names a column that the rows do not have.",
    fix: "Use the names after cleaning (snake_case); `millrace inspect` and `millrace describe` list them.",
  },
  MR4011: {
    title: "A name cannot be used",
    why: "The name of an asset is empty, too long, or has characters that could lead out of its place.",
    fix: "Use `schema.name` with letters, digits and `_`.",
  },
  MR4012: {
    title: "A merge needs a key",
    why: "`load: merge` and `load: snapshot` find rows by `primaryKey`, and there is none.",
    fix: "Name the columns that identify a row: `primaryKey: [id]`.",
  },
  MR4013: {
    title: "The asset's stored columns do not fit this way of loading",
    why: "The table on disk was made by another mode of loading that cannot be carried over.",
    fix: "Run once with `--full-refresh`.",
  },
  MR4014: {
    title: "A type is not known",
    why: "`type:` is not a type of DuckDB.",
    fix: "Use one of bigint, integer, double, decimal(18,2), text, boolean, date, time, timestamp, timestamptz, json, blob, uuid.",
  },
  MR4015: {
    title: "Two deliveries have one name",
    why: "The same file was delivered twice in one load, or two files have the same name: their rows could not be told apart.",
    fix: "Narrow the `path`, so that every file is matched once.",
  },
  MR4016: {
    title: "A file could not be loaded",
    why: "A file was matched but could not be read. Nothing of this load was taken.",
    fix: "Look at the cause. Correct or remove the file, then run again.",
  },
  MR4018: {
    title: "Code in pipelines/ yielded something else than rows",
    why: "`extract` must yield batches: arrays of objects whose keys are the columns. `read` of a connector must yield deliveries, whose rows are such a list.",
    fix: 'Yield plain objects: `yield page.rows` in `extract`, `yield { kind: "rows", name: "page 1", rows: page.rows }` in a connector.',
  },
  MR4019: {
    title: "A task's output is no JSON",
    why: "What a task returns is stored with the run; functions, circular objects and bigints cannot be.",
    fix: "Return plain values, or nothing.",
  },
} as const satisfies Record<string, CodeEntry>;
