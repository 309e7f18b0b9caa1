// Error codes of unit tests of models (MR89xx): title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const testsCodes = {
  MR8901: {
    title: "The project has no tests",
    why: "`millrace test` found no test: no YAML file stands in tests/.",
    fix: "Write tests/NAME.yaml with `model`, `given` and `expect`, or let `millrace test --record MODEL` write one from real rows.",
  },
  MR8902: {
    title: "No test is selected",
    why: "The selection or the names match assets or tests, but no test is of them.",
    fix: "`millrace test` without a selection runs all tests; `millrace test --record MODEL` writes one.",
  },
  MR8903: {
    title: "A test names a column that is not there",
    why: "A row of `given`, `existing` or `expect` has a column that the asset does not have, so that the test would not mean what it says.",
    fix: "Correct the name. Columns are those of the compiled project: of the model's SQL, of the source as declared, as loaded last, or as its file begins.",
  },
  MR8904: {
    title: "A value of a test does not fit its column",
    why: "A value in `given` or `existing` is none of the column's type.",
    fix: "Write a value of that type: dates as 2026-01-31, blobs as base64, decimals in quotes when they have many digits.",
  },
  MR8905: {
    title: "What is given is not read",
    why: "`given` has rows for an asset that neither the model nor its checks read, so that they could change nothing.",
    fix: "Remove it, or correct the name.",
  },
  MR8906: {
    title: "Only models have unit tests",
    why: "`model:` names a source or an export. Tests are of what is made from other assets: models, and assets that TypeScript transforms.",
    fix: "Test the model that reads it.",
  },
  MR8907: {
    title: "Rows of a test cannot be read",
    why: "`csv:`, `file:` or `sql:` of a test does not give rows: the file is not there, or the query fails.",
    fix: "Look at the message. Files are relative to the project; a query of a test reads nothing of the project.",
  },
  MR8908: {
    title: "A key of a test does not fit its model",
    why: "The test uses something that this model does not have: rows in `existing` of a view, a `with` query that is not in its SQL, a check of another name, a partition of a model without partitions.",
    fix: "Look at the hint; remove the key or correct the name.",
  },
  MR8909: {
    title: "The model cannot be tested",
    why: "The model, or something that it is made of, has errors. They are shown with it; tests of other models ran.",
    fix: "Correct the places that are shown.",
  },
  MR8910: {
    title: "The test is there already",
    why: "`millrace test --record` never overwrites a test.",
    fix: "Give the new one another name with --name, or remove the old file.",
  },
  MR8911: {
    title: "No test can be recorded",
    why: "There is nothing to record from: the model or what it reads was never built, no row fits --where, or the rows that were sampled do not make the model's rows again.",
    fix: "Run the model first. A model whose rows depend on all rows of what it reads (ranks, shares of a total) is tested with rows written by hand.",
  },
} as const satisfies Record<string, CodeEntry>;
