// Error codes of definitions in TypeScript: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const defineCodes = {
  MR1901: {
    title: "A definition in pipelines/ is wrong",
    why: "What was given to defineAsset, defineTask, defineJob, defineCheck or defineConnector lacks a key, has one that nobody knows, or a value of the wrong type.",
    fix: "Correct the key that the message names; in an editor with TypeScript it is underlined.",
  },
  MR1902: {
    title: "A value cannot stand in SQL",
    why: "Something was put into an sql`…` text that is no text, number, date, list of these, or other sql`…` text.",
    fix: "Put names with sql.ident(…), values as they are, and parts of queries with sql`…` of their own.",
  },
} as const satisfies Record<string, CodeEntry>;
