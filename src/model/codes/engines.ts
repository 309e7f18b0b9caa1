// Error codes of SQL engines besides DuckDB: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const enginesCodes = {
  MR4660: {
    title: "The engine or its connection cannot be told",
    why: "`engine:` names no engine of this version, or there is no connection of its kind, or there are several.",
    fix: "Write `engine: { postgres: { connection: NAME } }` with a name of `connections:` in millrace.yaml.",
  },
  MR4661: {
    title: "The server refuses the SQL of a model",
    why: "A model with `engine:` runs on the server as it is written; the message is the server's own.",
    fix: "Correct the SQL at the place that is shown. It is the server's dialect that counts, not DuckDB's.",
  },
  MR4662: {
    title: "A model reads what does not lie on its server",
    why: "A model with `engine:` runs on a server. Rows of the warehouse are copied there when a table is built; a view, a check, and what stands on another server cannot have that.",
    fix: "Write `materialize: table`, or leave `engine:` out, so that it runs in the warehouse and what it reads is copied there; or build what it reads with the same engine; or export it to a table there and declare that as a source with `engine:`.",
  },
  MR4663: {
    title: "A source that stays where it lies says how it is to be loaded",
    why: "A source with `engine:` is not loaded: contracts, cursors, modes, types and what is done with personal data have no effect on it.",
    fix: "Leave these keys out, or leave `engine:` out so that it is loaded.",
  },
  MR4664: {
    title: "The engine does not build models in this way",
    why: "What an engine can do is declared in its capabilities; this is not among it.",
    fix: "Use a way that the message names, or leave `engine:` out.",
  },
  MR4665: {
    title: "The engine does not carry out this check",
    why: "Rows are not set aside on a server, and some checks are written in DuckDB's SQL.",
    fix: "Let the check stop or warn, or write it as a query that the server understands.",
  },
  MR4666: {
    title: "What is to be shown is there already, and is somebody else's",
    why: "On the server a relation has the name of the asset, and Millrace has not made it. It is never replaced.",
    fix: "Give the model another name or schema, or move what is there.",
  },
  MR4667: {
    title: "A view on the server cannot be replaced",
    why: "Its columns change, so it has to be made anew, and something that reads it would break or is not Millrace's to drop.",
    fix: "Drop or change what the message names, or keep the columns.",
  },
  MR4668: {
    title: "What stands on a server cannot be read here",
    why: "The rows of an asset with `engine:` are on its server; the warehouse has a copy only where something there reads it.",
    fix: "Read it on the server, or with a model in the warehouse, for which it is copied.",
  },
  MR4669: {
    title: "The query of a model by key gives a key twice",
    why: "An incremental model by key has one row per key. The server does not say which of two rows is the later one.",
    fix: "Let the query give one row per key: `select distinct on (id) … order by id, updated_at desc`, or add a column to `key:`.",
  },
} as const satisfies Readonly<Record<string, CodeEntry>>;
