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
  MR3309: {
    title: "A store cannot do that",
    why: "A pattern for a store that has no list (HTTP), a way of writing that it does not have, or a path that names no file in it.",
    fix: "Name the files one by one, or see the message.",
  },
  MR3400: {
    title: "An archive is damaged, or is none",
    why: "Its directory or a header cannot be read, it was cut off, or something follows its end. Nothing of it is loaded.",
    fix: "Get the file again; `unzip -t FILE` or `tar -tf FILE` tests it.",
  },
  MR3402: {
    title: "A member of an archive is encrypted",
    why: "Millrace has no passwords for archives. A member that is wanted is never left out in silence.",
    fix: "Deliver the archive without encryption, or leave the member out by the pattern behind the `!`.",
  },
  MR3403: {
    title: "An archive is packed in a way that cannot be read",
    why: "Zip is read with stored, deflate, bzip2, zstd and xz; tar plain or compressed by gzip, zstd, bzip2 or xz. 7z and rar are not read.",
    fix: "Pack it again as one of these.",
  },
  MR3404: {
    title: "A member of an archive has an unsafe name",
    why: "A name that is absolute or has `..` or a backslash in it would lead out of the archive: a known way to attack whoever unpacks it.",
    fix: "If the archive is yours, pack it again with relative names.",
  },
  MR3405: {
    title: "An archive holds too much",
    why: "Too many members, archives within archives too deep, members that overlap or expand out of all proportion: a bomb, or a mistake.",
    fix: "If the archive is sound, raise `expandedMax`, or split it.",
  },
  MR3406: {
    title: "Two members of an archive have one name",
    why: "It cannot be told which of them is meant.",
    fix: "Pack the archive again with one member of each name.",
  },
  MR3407: {
    title: "A member of an archive is no plain file",
    why: "The pattern names a link, a device or a sparse file; only plain files have contents to load.",
    fix: "Leave it out by the pattern behind the `!`, or pack what the link leads to (`tar -h`).",
  },
  MR3408: {
    title: "A pattern names no member of an archive",
    why: "What stands behind the `!` matches nothing in it. An empty match is an error, so that a changed archive does not empty a table in silence.",
    fix: "Correct the pattern (`a.zip!**/*.csv` looks into all folders), or write `optional: true`.",
  },
} as const satisfies Record<string, CodeEntry>;
