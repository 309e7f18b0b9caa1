// Error codes of this area: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const storesCodes = {
  MR3300: {
    title: "A store of files cannot be reached",
    why: "The server does not answer, or the connection broke and stayed broken after every further try.",
    fix: "Look at address and network; the next run tries again. What was loaded before is as it was.",
  },
  MR3301: {
    title: "A store of files refuses us",
    why: "User, password, key or token are wrong, or have no right to do this.",
    fix: "Correct the connection in millrace.yaml, or give its user the right that the message names.",
  },
  MR3302: {
    title: "A file disappeared from its store",
    why: "It was in the list a moment ago and is gone now. Nothing of it is loaded.",
    fix: "Run again; if files are moved away by others, let them do so after the run.",
  },
  MR3303: {
    title: "A file changed while it was fetched",
    why: "The store has another version of it than the one that was begun. Two versions are never mixed, so nothing of it is loaded.",
    fix: "Run again when its writer is done.",
  },
  MR3304: {
    title: "A file arrived incomplete",
    why: "Fewer or more bytes arrived than the store had announced, or their checksum is another, after every further try.",
    fix: "Run again; if it stays so, the store or something on the way to it is broken.",
  },
  MR3305: {
    title: "The settings of a store are incomplete or wrong",
    why: "What says where the store is and who asks stands partly in the connection, partly in the source; together they lack something.",
    fix: "Add what the message names, to the connection or the source.",
  },
  MR3306: {
    title: "A bucket, container or folder does not exist",
    why: "The store answers, but has nothing of this name (or does not show it to this user).",
    fix: "Correct the name, or create it: Millrace makes files, not buckets.",
  },
  MR3307: {
    title: "A file could not be written to its store",
    why: "The store refused it or broke off. What was there before is as it was.",
    fix: "See the message; the next run writes it again.",
  },
  MR3308: {
    title: "A store asks us to slow down",
    why: "Too many requests in a short time, and waiting did not help.",
    fix: "Run again later, or with fewer sources at once.",
  },
} as const satisfies Record<string, CodeEntry>;
