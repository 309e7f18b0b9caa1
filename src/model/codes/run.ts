// Error codes of this area: title, why it happens, what to do. `millrace explain CODE` prints them.
// 600x runs and attempts, 602x the state store, 604x logs, 61xx names that are not there.
import type { CodeEntry } from "./entry.ts";

export const runCodes = {
  MR6001: {
    title: "A run failed",
    why: "At least one node failed after all its tries; what depends on it was skipped.",
    fix: "`millrace run show RUN` names the node and its error; repair the cause, then `millrace run --from-failure RUN` does only what is missing.",
  },
  MR6002: {
    title: "The run took longer than its timeout",
    why: "The job's `timeout` was over before every node had ended; what was running was stopped.",
    fix: "Look at the slowest nodes in `millrace run show RUN`, raise `timeout` in the job, or go on with `millrace run --from-failure RUN`.",
  },
  MR6003: {
    title: "An attempt took longer than its timeout",
    why: "The node's `timeout` was over. The attempt was told to stop; its work was not published.",
    fix: "Raise `timeout` of the node (or `defaults.timeout`), or find out what it waits for in `millrace logs RUN`.",
  },
  MR6004: {
    title: "The worker of an attempt died",
    why: "The thread that carried out the attempt ended without an answer: out of memory, `process.exit` or a native crash.",
    fix: "Millrace tries again as `retry` says. If it dies each time, look for `process.exit` in the task and for batches that are too large.",
  },
  MR6005: {
    title: "An attempt was interrupted",
    why: "The engine stopped or died while the attempt was running (Ctrl-C, kill, power). Nothing half-done was published.",
    fix: "`millrace run` goes on where it stopped. A node that is interrupted again and again is given up: it may be what kills the process.",
  },
  MR6006: {
    title: "The output of a task is too large or is no JSON",
    why: "A task's returned value is kept with the run's facts, which are small; tables belong in assets.",
    fix: "Return a few numbers or names (at most 16 kB of JSON), and write rows with an asset.",
  },
  MR6007: {
    title: "The attempt was canceled",
    why: "Its run was canceled while it was running.",
    fix: "Nothing to repair: what had not been published stays as it was. `millrace run` starts anew.",
  },
  MR6008: {
    title: "A task sent a value that cannot be handed over",
    why: "Tasks run in a worker thread; functions, class instances and open handles cannot cross its border.",
    fix: "Return plain objects, arrays, strings, numbers, dates and buffers.",
  },
  MR6010: {
    title: "An approval was rejected",
    why: "Whoever was asked said no; what stands on the approval was skipped.",
    fix: "`millrace run show RUN` names who and why. `millrace retry RUN` asks again.",
  },
  MR6011: {
    title: "Items of a mapped task failed",
    why: "The task was carried out once per item, and for some of them it failed after all tries. The others are done.",
    fix: "`millrace run show RUN` lists the items with their errors; `millrace retry RUN` does the task again.",
  },
  MR6012: {
    title: "The list to map over is too long",
    why: "Each item becomes a node of the run, and its value is kept with the run's facts, which are small.",
    fix: "Map over keys or batches instead of rows; what is done with many rows belongs in SQL.",
  },
  MR6013: {
    title: "A node found no place in time",
    why: "It was ready for longer than its `queueTimeout`: its pool or the run had no free place, or a breaker was open.",
    fix: "`millrace why RUN` says who held the places. Give the pool more slots, or the node more time.",
  },
  MR6014: {
    title: "An attempt gave no sign of life",
    why: "It wrote no log line and called no `beat()` for longer than its `silence`; it was told to stop.",
    fix: "Look at the last lines in `millrace logs RUN`; raise `silence`, or log while the work goes on.",
  },
  MR6020: {
    title: "The state file cannot be opened",
    why: "The folder is missing or read-only, or the path is no file.",
    fix: "Check the folder and its rights, or set `state: { sqlite: { path } }` in millrace.yaml.",
  },
  MR6021: {
    title: "The state is of a newer Millrace",
    why: "A newer version has written the state file, or changed the tables in PostgreSQL; this one would misread them.",
    fix: "Use the newer version, or another path or schema in `state:`.",
  },
  MR6022: {
    title: "The state cannot be written",
    why: "The disk is full, or the file or its folder is read-only.",
    fix: "Free space or give rights, then `millrace run` goes on where it stopped.",
  },
  MR6023: {
    title: "The state file is damaged",
    why: "It is no SQLite database, or its contents do not fit together.",
    fix: "Put it aside and start with an empty one: the warehouse and its ledger are not touched by this; only the history of runs is lost.",
  },
  MR6024: {
    title: "The state file is locked",
    why: "Another process has been writing it for longer than Millrace waits.",
    fix: "End the other process, then try again; nothing is lost.",
  },
  MR6025: {
    title: "The state is contended",
    why: "Other engines wrote to the same run each time before this one could.",
    fix: "Try again. If it goes on, two engines may be working on one state file.",
  },
  MR6026: {
    title: "A run was written by a newer Millrace",
    why: "Its events are of a kind that this version does not know. An engine of a newer version works on the same state.",
    fix: "Nothing is lost: the newer engine goes on with the run. Bring this one up to the same version.",
  },
  MR6030: {
    title: "The state database cannot be reached",
    why: "PostgreSQL does not answer: it is stopped, starting, out of connections or the network is down. Engines wait for it as long as `state: { postgres: { patience } }` says.",
    fix: "Look at the server and at `url` in `state:`; `millrace doctor` tries the connection. Runs go on where they stopped.",
  },
  MR6031: {
    title: "The state database refuses us",
    why: "User, password or database are wrong, or the user may not create the schema.",
    fix: "Check `url` in `state:`; the user needs the right to create a schema in the database, or to own the one that `schema` names.",
  },
  MR6032: {
    title: "The state's connection is not there",
    why: "`state: { postgres: { connection } }` names a connection that `connections:` does not have, or that has no `url`.",
    fix: "Write the connection, or `url` in place of `connection`.",
  },
  MR6040: {
    title: "A log cannot be written",
    why: "The disk is full or the folder of the logs is read-only. The run goes on without its log.",
    fix: "Free space or give rights to `.millrace/logs`.",
  },
  MR6050: {
    title: "An attempt took more memory than it may",
    why: "`isolation:` of the asset or task (or `defaults.isolation`) sets the most that its worker may take, Node itself (about 90 MB) included. The worker was ended; nothing of the attempt was published.",
    fix: "Yield smaller batches and keep no rows back, or raise `memory`. Trying again would take as much, so it is not done.",
  },
  MR6051: {
    title: "An attempt took more processor time than it may",
    why: "`isolation:` of the asset or task sets the most processor time of one attempt. The worker was ended; nothing of the attempt was published.",
    fix: "Look for a loop that does not end, or raise `cpu`. Time spent waiting (network, files) does not count; `timeout` limits that.",
  },
  MR6101: {
    title: "There is no such run",
    why: "No run of this state file has the id.",
    fix: "`millrace runs` lists them.",
  },
  MR6102: {
    title: "There is no such asset",
    why: "No file of the project defines the name.",
    fix: "`millrace ls` lists the assets.",
  },
  MR6103: {
    title: "There is no such job",
    why: "No file in jobs/ defines the name.",
    fix: "Look into jobs/, or leave the name away to run everything.",
  },
} as const satisfies Record<string, CodeEntry>;
