// Error codes of `millrace add`: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const addCodes = {
  MR8501: {
    title: "There is no such connector to read from",
    why: "`millrace add` takes the name of a connector that reads: one of Millrace's, or one that pipelines/ defines.",
    fix: "The hint lists the names; `millrace schema connectors` shows what each takes.",
  },
  MR8502: {
    title: "The connection cannot be used for this",
    why: "A connection of this name belongs to another connector, or the project's configuration is code that is not rewritten.",
    fix: "Choose another name with --connection, or write the connection by hand.",
  },
  MR8503: {
    title: "It is not clear what to load",
    why: "The server or folder holds several tables, none, or none of the name that was given.",
    fix: "List them with `millrace add CONNECTOR --list`, then name them with --table (patterns such as 'public.*' are fine).",
  },
  MR8504: {
    title: "A setting does not fit the connector",
    why: "The connector's options do not know the key, or want a value of another kind.",
    fix: "`millrace schema source` shows the keys of all connectors.",
  },
  MR8505: {
    title: "The source is there already",
    why: "`millrace add` never overwrites a file.",
    fix: "Give the new source another name with --name, or remove the file.",
  },
} as const satisfies Record<string, CodeEntry>;
