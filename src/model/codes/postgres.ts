// Error codes of this area: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const postgresCodes = {
  MR4800: {
    title: "PostgreSQL cannot be reached",
    why: "The server did not answer, is starting or shutting down, or has no connection left.",
    fix: "Look at address and network of the connection; the next try connects again.",
  },
  MR4801: {
    title: "PostgreSQL refuses us",
    why: "User, password or database are wrong, or the server's pg_hba.conf does not let this user in from here.",
    fix: "Correct the connection in millrace.yaml.",
  },
  MR4803: {
    title: "The connection to PostgreSQL was lost",
    why: "The network or the server ended it in the middle of the work, or nothing passed any more although the server had something to say. Nothing of it was published.",
    fix: "The next try begins again; nothing is loaded or written twice. See the server's log when it happens often.",
  },
  MR4804: {
    title: "A table or column is not in PostgreSQL",
    why: "What is named in the source or export does not exist in this database, or stands in a schema that is not searched.",
    fix: "Correct the name, or write it with its schema: `public.sales`.",
  },
  MR4805: {
    title: "PostgreSQL does not permit this",
    why: "The user of the connection lacks a right to the table, the schema or the database.",
    fix: "Give the user the right that the message names.",
  },
  MR4806: {
    title: "The settings for PostgreSQL are incomplete or wrong",
    why: "The address, the table or the key do not say what is to be done.",
    fix: "Add or correct what the message names, in the connection or in the source or export.",
  },
  MR4807: {
    title: "PostgreSQL refused a statement",
    why: "A query or condition of the source is wrong, or the server met an error of its own.",
    fix: "Read the server's message; try the query in psql.",
  },
  MR4808: {
    title: "A value cannot be carried between PostgreSQL and DuckDB",
    why: "One of both cannot hold it: a NUL in a text, a text that is not UTF-8, a row beyond 1 GB.",
    fix: "Convert the column in the query, as the message says.",
  },
  MR4809: {
    title: "Rows were lost on the way from or to PostgreSQL",
    why: "The number of rows that arrived is not the number that was sent.",
    fix: "This is a bug of Millrace; report it with the version of the server. Nothing was published.",
  },
  MR4810: {
    title: "The export does not fit the table that is there",
    why: "A column of the destination has a type that cannot take the export's values without changing them.",
    fix: "Cast the column in the export's query, alter the table, or use `load: replace`, which makes the table anew when nothing hangs on it.",
  },
  MR4811: {
    title: "Rows of an export break a rule of the table",
    why: "A unique key, a required column, a foreign key or a check of the destination refuses them. Nothing was written.",
    fix: "Correct the rows in the export's query, or use `load: merge` with the key when rows may be there already.",
  },
  MR4812: {
    title: "PostgreSQL has no room left",
    why: "Its disk or a limit of it is full. Nothing was written.",
    fix: "Make room on the server; the next try writes everything again.",
  },
  MR4813: {
    title: "Somebody else held the table too long",
    why: "A lock could not be had in time, or two transactions were in each other's way. Nothing was written.",
    fix: "The next try waits again. Look in pg_stat_activity for who holds the table, or raise `lockTimeout`.",
  },
  MR4814: {
    title: "An export has the same key twice",
    why: "Two rows of the query have the same key, so which of them counts is not known.",
    fix: "Make the query unique by its key, or add columns to `key:`.",
  },
} as const satisfies Record<string, CodeEntry>;
