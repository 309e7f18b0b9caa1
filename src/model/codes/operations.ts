// Error codes of what commands ask for: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const operationsCodes = {
  MR8001: {
    title: "A query failed",
    why: "DuckDB could not run the SELECT that was given.",
    fix: "Correct the query; `millrace ls` lists the assets, `millrace describe ASSET` their columns.",
  },
  MR8002: {
    title: "A query would write",
    why: "`millrace query` reads. The statement changes the warehouse, its settings, or writes files.",
    fix: "Put what is to be kept into a model (`models/…/NAME.sql`) or an export (`exports/NAME.yaml`).",
  },
  MR8003: {
    title: "A destination cannot be written this way",
    why: "The connector of the export does not have the way of loading that `load:` asks for.",
    fix: "Use one of the ways that the hint names.",
  },
  MR8004: {
    title: "The rows of an export could not be computed",
    why: "The asset is a view, or the export has a query of its own; a value met on the way makes it fail. The old output is as it was.",
    fix: "Correct the model or the query: `try_cast` gives NULL in place of an error; `materialize: table` makes a model fail before it is shared.",
  },
  MR8005: {
    title: "There is no such record in quarantine",
    why: "No record that was set aside has this id.",
    fix: "`millrace quarantine list` shows the ids.",
  },
  MR8007: {
    title: "A parameter of the job is not right",
    why: "`--param` names a parameter that the job does not have, or a value that its type or `enum` does not allow.",
    fix: "Look at `params:` in the job's file.",
  },
  MR8008: {
    title: "The project changed while a run waited to go on",
    why: "An interrupted run was about to be resumed, but the project no longer has all of its nodes as they were.",
    fix: "Nothing: the old run is closed as canceled and a new one starts; what was committed is kept and reused.",
  },
  MR8009: {
    title: "An asset that is needed was never built",
    why: "The selection leaves out an asset that a selected one reads, and it has no data yet.",
    fix: "Put a `+` in front of the name: `--select '+clean.sales'` selects what it reads too.",
  },
} as const satisfies Record<string, CodeEntry>;
