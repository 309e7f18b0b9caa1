// Error codes of queries through the API, connections and `millrace dev`: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const consoleCodes = {
  MR8140: {
    title: "A query reads something outside of the warehouse",
    why: "A query that comes over the API reads what the project's assets hold. Files, other databases and what only running would tell are not for everybody who has a token.",
    fix: "Make a source of the file, and read its asset; `millrace query` on the command line may read files.",
  },
  MR8141: {
    title: "A query took too long",
    why: "It was not done when its time was over, and was canceled; a query without end would keep the engine from its work.",
    fix: "Narrow it down (where, limit, sample), ask for more time, or make a model of it.",
  },
  MR8142: {
    title: "Too many queries run at once",
    why: "Each query takes a thread and memory that runs need, too.",
    fix: "Cancel one, or try again when one has ended.",
  },
  MR8143: {
    title: "A query took too much memory or disk",
    why: "While it ran, the engine grew by more than a query may take, and the query was canceled so that runs go on.",
    fix: "Read fewer columns or rows, group before joining, or make a model of it, which is built with all memory there is.",
  },
  MR8144: {
    title: "A query was canceled",
    why: "Somebody asked for that.",
    fix: "Run it again.",
  },
  MR8145: {
    title: "No such query runs",
    why: "It has ended, or never began here.",
    fix: "Nothing is to be done.",
  },
  MR8146: {
    title: "An exported file is gone or too large",
    why: "Exports of queries are kept for some minutes and up to a size.",
    fix: "Export again; what is larger belongs into exports/NAME.yaml.",
  },
  MR8147: {
    title: "There is no such connection",
    why: "millrace.yaml names none like this.",
    fix: "Look at the connections of the settings, or at `connections:` in millrace.yaml.",
  },
  MR8148: {
    title: "A connection cannot be tested",
    why: "Its connector has nothing to try without a table, a path or a question.",
    fix: "Run a source that uses it.",
  },
  MR8185: {
    title: "A value of a query is too large",
    why: "While the engine makes one value it can be neither canceled nor bounded in memory, so that a text or list of any size is refused before it is made.",
    fix: "Make rows instead of one value (`from range(n)`), or shorten it; a model may make larger values.",
  },
} as const satisfies Readonly<Record<`MR${string}`, CodeEntry>>;
