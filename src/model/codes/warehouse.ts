// Error codes of this area: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const warehouseCodes = {
  MR5001: {
    title: "The warehouse is held by another process",
    why: "A DuckDB file has one owner at a time; another process has this one open.",
    fix: "Let the named process finish or stop it. If it is `millrace dev` or `millrace serve` of this project, commands go through it by themselves.",
  },
  MR5002: {
    title: "The warehouse was written by a newer Millrace",
    why: "Its ledger has a layout that this version does not know and could damage.",
    fix: "Update millrace to the version named in the message, or use another warehouse path.",
  },
  MR5003: {
    title: "The warehouse file cannot be read",
    why: "The file is not a DuckDB database, or it is damaged, or DuckDB could not replay its write-ahead log.",
    fix: "Check that `warehouse:` names the right file. Keep the file and its .wal for inspection, and restore both from a backup, or move them away to start anew.",
  },
  MR5004: {
    title: "The warehouse cannot be written",
    why: "The folder or the file is read-only for this user, or the path does not lead to a file.",
    fix: "Give the user of this process the right to write to the folder of the warehouse, or set `warehouse: { duckdb: { path } }` to another place.",
  },
  MR5005: {
    title: "The disk is full",
    why: "DuckDB could not write the warehouse or its temporary files. The transaction was rolled back: nothing of it is visible.",
    fix: "Free some space on the disk of the warehouse and of the temporary folder, then run again.",
  },
  MR5006: {
    title: "A stale attempt was refused",
    why: "A newer attempt of this node has started since; only the newest may commit, so that nothing is done twice.",
    fix: "Nothing: the newer attempt does the work. `millrace run show RUN` lists the attempts.",
  },
  MR5007: {
    title: "Two writers kept changing the same thing",
    why: "The transaction met a write of another transaction each time it was tried.",
    fix: "Run again. If it comes back, let fewer nodes write the same asset at once.",
  },
  MR5008: {
    title: "The memory limit was reached",
    why: "DuckDB needed more memory than it may use and could not put the rest on disk.",
    fix: "Raise `warehouse: { duckdb: { memoryLimit } }`, or give the temporary folder more disk.",
  },
  MR5009: {
    title: "The warehouse is closed",
    why: "It was closed, or DuckDB gave it up after a fatal error such as a full disk.",
    fix: "Start the command again. What was committed is there; what was not is rolled back.",
  },
} as const satisfies Record<string, CodeEntry>;
