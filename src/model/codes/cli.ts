// Error codes of the command line: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const cliCodes = {
  MR7001: {
    title: "The command line is not understood",
    why: "An option or a word has a value that the command does not take.",
    fix: "Look at `millrace COMMAND --help`; it leads with examples.",
  },
  MR7002: {
    title: "There is no error with this code",
    why: "The code that was asked for is not in this version's table.",
    fix: "`millrace explain` without a code lists all of them.",
  },
  MR7090: {
    title: "Interrupted",
    why: "Ctrl-C or SIGTERM ended the work. What was committed stays; what was in flight was rolled back.",
    fix: "`millrace run` goes on where it stopped.",
  },
} as const satisfies Record<string, CodeEntry>;
