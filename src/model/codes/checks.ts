// Error codes of checks and materializations: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const checksCodes = {
  MR4501: {
    title: "A check failed",
    why: "Rows of the new version break a check with `onFail: stop`. The version was not published: readers still see the one before.",
    fix: "Look at the sample rows in the message. Correct the data, the model or the check; `where`, `tolerate`, `onFail: quarantine` and `severity: warn` soften a check.",
  },
  MR4502: {
    title: "There is no check of this kind",
    why: "An entry under `checks:` must have one key that names a kind of check; this one has none or more than one.",
    fix: "Use one of notNull, unique, acceptedValues, range, length, matches, references, rowCount, rule, query.",
  },
  MR4503: {
    title: "The options of a check are wrong",
    why: "An option is missing, unknown or of the wrong type.",
    fix: "Correct it as the message says; `millrace schema check` prints every option, for your editor too.",
  },
  MR4504: {
    title: "A check names a column that is not there",
    why: "The asset has no column of this name. Names are compared without regard to upper and lower case.",
    fix: "Use one of the columns that `millrace describe ASSET` lists.",
  },
  MR4505: {
    title: "A check could not be carried out",
    why: "The SQL of the check, or the comparison that it makes, is an error for the rows it met: a wrong name, a text where a number is expected.",
    fix: "Correct the check. Use `try_cast(column as integer)` for values that may not convert, or `where:` to look only at those that do.",
  },
  MR4506: {
    title: "This check cannot set rows aside",
    why: "`onFail: quarantine` moves the failing rows out of the asset. A view holds no rows, and `rowCount`, `query` and aggregates name no rows of the asset.",
    fix: "Use `onFail: stop` or `warn`; write a `rule` in place of a `query`; give the model `materialize: table`.",
  },
  MR4507: {
    title: "Two checks have one name",
    why: "Results, history and quarantine tell checks of an asset apart by name.",
    fix: "Give one of them another `name:`.",
  },
  MR4601: {
    title: "This materialization is not supported yet",
    why: "The model asks for a way of building that this version does not know how to do.",
    fix: "Use `materialize: view` or `materialize: table`.",
  },
  MR4604: {
    title: "A model failed while it ran",
    why: "The SQL is understood, but a value met on the way makes it fail: a conversion, an overflow, a subquery with more than one row.",
    fix: "Look at the place in the message. `try_cast` gives NULL in place of an error; `where` keeps such rows out.",
  },
  MR4605: {
    title: "A view cannot have parameters",
    why: "A view is evaluated when it is read; `$now`, `$param.name` and the like have a value only while a run builds the asset.",
    fix: "Give the model `materialize: table`.",
  },
  MR4606: {
    title: "A transform did not yield rows",
    why: "`transform` must yield batches: arrays of plain objects with at least one key.",
    fix: "`yield batch.map((row) => ({ ... }))`; `yield [row]` for a single one.",
  },
  MR4607: {
    title: "A parameter of a model has no value",
    why: "The SQL has a `$name` that the run does not give a value.",
    fix: "Parameters are `$now`, `$start`, `$end`, `$partition` and `$param.NAME`; give the last with `millrace run --param NAME=value`.",
  },
  MR4608: {
    title: "A transform asks for an asset it did not declare",
    why: "`read` may only ask for assets that stand in `needs`, so that the order of a run is known before it starts.",
    fix: "Add the asset to `needs`.",
  },
  MR4602: {
    title: "A value of a transform does not have the declared type",
    why: "`columns:` of the asset declares a type, and a value that was yielded cannot be read as it, or a required one is missing.",
    fix: "Correct the value in `transform`, or the declared type.",
  },
  MR4609: {
    title: "A transform failed",
    why: "The code of the user threw an error.",
    fix: "Look at the cause and its place in the file under pipelines/.",
  },
  MR4610: {
    title: "An incremental model says things that do not go together",
    why: "Its mode lacks what it goes by (a column of time, a key, columns of partitions), or has a setting that means nothing to it.",
    fix: "By time: `incremental: { by: sale_date }`; by key: `key: [id]`; by partition: `incremental: { mode: partition, by: region }`; only added to: `incremental: { mode: append, cursor: updated_at }`.",
  },
  MR4611: {
    title: "A parameter of an incremental model has no value",
    why: "`$start` and `$end` are bounds of an interval, or how far a cursor came; a model by key or partition without a cursor has neither. `$partition` belongs to tables with partitions.",
    fix: "Say what tells how far the model came: `incremental: { cursor: updated_at }`, or `by:` a column of time.",
  },
  MR4612: {
    title: "It is not known where the intervals of a model begin",
    why: "They begin with the data's first moment. No column of what the model reads was found that tells it: its filter on `$start` and `$end` does not reach the tables.",
    fix: "Write `start:` in `incremental:`, or filter a column of what is read: where sale_date >= $start and sale_date < $end.",
  },
  MR4613: {
    title: "A column cannot tell the interval of its rows",
    why: "The column of `by:` is not among the model's columns, is no date or timestamp, or is coarser than the intervals (a DATE with unit: hour, a month with unit: day).",
    fix: "Name a column that the SELECT gives, cast it to DATE or TIMESTAMP, or take a larger `unit:`.",
  },
  MR4614: {
    title: "A column cannot tell how far a model came",
    why: "The cursor of an incremental model is not among its columns, or is no date or timestamp, while its SQL asks for $start.",
    fix: "Name a column of the SELECT that is a DATE or TIMESTAMP in `cursor:`.",
  },
  MR4615: {
    title: "Rows that stand cannot take the new columns of an incremental model",
    why: "With `forwardOnly`, or in an interval alone, a column came out with another type than the rows that are there have, and these cannot be converted.",
    fix: "Keep the type, give the column another name, or build all of it: millrace run --select ASSET --full-refresh.",
  },
  MR4616: {
    title: "A column of an incremental model has a name that Millrace needs",
    why: "`_load`, `_file` and `_line` tell where rows came from, and `deleted_at` tells when a row was closed under `deletes: close`.",
    fix: "Give the column another name.",
  },
} as const satisfies Record<string, CodeEntry>;
