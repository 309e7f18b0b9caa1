// Error codes of this area: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const databasesCodes = {
  MR4850: {
    title: "A database cannot be reached",
    why: "The server did not answer, refused the connection or the credentials, or the file of the database is missing or in use.",
    fix: "Check the address, user and password of the connection and that the server runs; `millrace add` tests a connection.",
  },
  MR4851: {
    title: "A database refused a statement",
    why: "The server answered with an error of its own: a table or column that is not there, a missing right, a query that is wrong.",
    fix: "Read the server's message; correct the table, the query or the user's rights there.",
  },
  MR4852: {
    title: "The connection to a database was lost",
    why: "The server or the network ended the connection in the middle of the work. Nothing of it was published.",
    fix: "The next try begins again; nothing is loaded or written twice. See the server's log when it happens often.",
  },
  MR4853: {
    title: "A source does not say what to read from the database",
    why: "It needs exactly one of `table:`, `tables:` and `query:`; an export needs `table:`.",
    fix: "Name one of them.",
  },
  MR4854: {
    title: "A table or column is not there",
    why: "What is named in the source or export does not exist in the database, or the user may not see it.",
    fix: "Correct the name; names may be qualified by their schema.",
  },
  MR4855: {
    title: "An export has the same key twice",
    why: "A merge or delete by key needs rows that differ in their key; two rows of the query have the same one.",
    fix: "Make the query unique by its key, or add columns to `key:`.",
  },
  MR4856: {
    title: "A file of DuckDB or SQLite is in use",
    why: "Another process holds the file open for writing, or it is the warehouse of this project, which is not read as a foreign file.",
    fix: "Wait until the other process has ended, or copy the file; assets of this project are read by name.",
  },
  MR4857: {
    title: "Rows were lost on the way from a database",
    why: "The number of rows that arrived is not the number that the server sent.",
    fix: "This is a bug of Millrace or of the driver; report it with the version of the server. Nothing was published.",
  },
  MR4858: {
    title: "A value does not fit into the destination",
    why: "The table that is already there has a column that cannot hold a value of the export, or lacks the column.",
    fix: "Change the table, or let Millrace make it: rename the old one away, or use `load: replace`.",
  },
  MR4859: {
    title: "A table of a `tables:` pattern has vanished",
    why: "The pattern matched it when the catalogue was read last; it is not in the database any more.",
    fix: "Its asset keeps its last rows and is no longer loaded; drop it from the warehouse when it is not needed.",
  },
  MR4860: {
    title: "The tables of a database could not be listed",
    why: "`tables:` becomes one asset per table. The list is kept in .millrace/catalogue.json and asked from the server when it is missing; the server did not answer.",
    fix: "Make the database reachable once; after that the kept list serves.",
  },
  MR4861: {
    title: "No table matches",
    why: "`tables:` of a source matches no table of the database as it was listed last.",
    fix: "Correct the pattern; the hint says what is there. `millrace plan` asks the database again.",
  },
} as const satisfies Record<string, CodeEntry>;
