// Error codes of decisions over records in quarantine: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const quarantineCodes = {
  MR8401: {
    title: "No open record fits",
    why: "The asset has nothing in quarantine that waits for a decision and fits the ids, the rule or the condition.",
    fix: "`millrace quarantine list ASSET` shows what is open.",
  },
  MR8402: {
    title: "A correction names a column that is not there",
    why: "Only columns of the asset can be corrected.",
    fix: "`millrace describe ASSET` lists them.",
  },
  MR8403: {
    title: "A correction is not valid SQL",
    why: "The expression after `=`, or the condition, does not work on these records. Every column is text, as it was received; a column has the asset's type where all cells fit it.",
    fix: "Try it without --yes until the preview is right: --set \"price = replace(price, ',', '')\".",
  },
  MR8404: {
    title: "A file of corrections does not fit the records",
    why: "Each of its rows must name an open record by `_id`, once.",
    fix: "Write the file anew with `millrace quarantine export ASSET --to FILE`, and change only cells.",
  },
  MR8405: {
    title: "An asset with records in quarantine was never published",
    why: "Records join the version that readers see; there is none yet.",
    fix: "Run it first: `millrace run --select ASSET`.",
  },
  MR8406: {
    title: "No record can be loaded",
    why: "All of them still break the contract, so nothing would change.",
    fix: "Correct what the message names with --set or in a file; or change `columns:` or `contract:` of the source and replay.",
  },
  MR8407: {
    title: "A record of this asset cannot be corrected here",
    why: "A model is made again from other assets at every build, so a correction would be lost; a partitioned asset is loaded by partition.",
    fix: "Correct the model or what it reads; `accept` remembers that a row is right, `replay` builds it again.",
  },
} as const satisfies Record<string, CodeEntry>;
