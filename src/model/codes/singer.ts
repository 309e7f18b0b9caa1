// Error codes of Singer taps and targets: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const singerCodes = {
  MR4701: {
    title: "A Singer program cannot be started",
    why: "`command` names no program that this machine can run: it is not installed, not in PATH, or may not be executed.",
    fix: "Install it in an environment of its own (`python3 -m venv .venv && .venv/bin/pip install TAP`) and write its path: `command: .venv/bin/TAP`.",
  },
  MR4702: {
    title: "A Singer program failed",
    why: "It ended with another exit code than 0, was killed, or said nothing for longer than `silence`. What it had sent is not loaded, and its state stays as it was: the next try begins there again.",
    fix: "Read the last lines of its log in the message. Most often a key of `config` is missing or wrong; run the same command with `--discover` by hand.",
  },
  MR4703: {
    title: "A Singer tap said something that is no Singer message",
    why: "A line of its output is not a JSON object with a `type`, or a message lacks a part. It may be half of a record, so nothing of the run is loaded.",
    fix: "Logs belong on stderr. If the tap prints words on stdout that can be left out, write `otherOutput: log`; lines that begin with { are never left out.",
  },
  MR4704: {
    title: "A Singer tap does not have this stream",
    why: "`stream:` is neither in the tap's catalog nor among the messages it sent.",
    fix: "Choose one of the streams that the message lists, or ask for them with `millrace add singer`.",
  },
  MR4705: {
    title: "A Singer tap sends files in place of records",
    why: "BATCH messages name files that the tap wrote elsewhere. They are read by no one here, so their rows would be lost.",
    fix: "Take `batch_config` out of `config`, so that the tap sends RECORD messages.",
  },
  MR4706: {
    title: "A Singer tap sent the whole table anew",
    why: "ACTIVATE_VERSION names another version than that of the rows that are there. Rows that the source no longer has would stay.",
    fix: "Use `load: replace` for a stream that is sent whole every time; run once with `--full-refresh` when the tap was reset.",
  },
  MR4707: {
    title: "A Singer message is larger than the limit",
    why: "One message must fit into memory; the limit (256 MB) protects the process.",
    fix: "Leave the large column out by `metadata` in the catalog, or fetch it as a file.",
  },
  MR4708: {
    title: "A Singer target did not acknowledge the rows",
    why: "It ended well but did not give back the state that was sent after the last row, which is how a target says that all rows are safe.",
    fix: "Look at what it wrote. If this target never gives states back, write `acknowledge: exit` to trust its exit code.",
  },
  MR4709: {
    title: "Rows cannot be sent to a Singer target",
    why: "The protocol has no form for what is asked: deleting rows, replacing rows in a target that is not known to keep versions, a merge without a key, NaN or infinite numbers.",
    fix: "Use `load: append`, or `load: merge` with `key:`; with a target that honours ACTIVATE_VERSION write `activateVersion: true` for `load: replace`.",
  },
  MR4710: {
    title: "The settings of a Singer program are wrong",
    why: "`command` or `stream` is missing, or the named connection does not exist.",
    fix: "Write `singer: { command: .venv/bin/tap-x, config: { … }, stream: orders }`.",
  },
} as const satisfies Record<string, CodeEntry>;
