// Error codes of the client and of agents' tools. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const agentCodes = {
  MR8130: {
    title: "A client does not know where to ask",
    why: "`connect` was given a server and a folder at once, an address that is none, or a token without a server.",
    fix: "connect({ url, token }) asks a server; connect({ dir }), or connect() in the project's folder, the project there.",
  },
  MR8131: {
    title: "An agent may only read",
    why: "The tools of `millrace mcp` change nothing unless a person allows it, so that a mistaken agent costs nothing.",
    fix: "Start it as `millrace mcp --allow-write`; over HTTP, give the agent a token of scope operate (`millrace token create --scope operate`).",
  },
  MR8132: {
    title: "A person has not confirmed it",
    why: "Decisions over records and approvals are a person's. The confirmation is missing, was used already, is too old, or was given for something else.",
    fix: "Run the command that the tool named, in the project's folder; it shows what would be done and prints the token for the agent.",
  },
} as const satisfies Record<string, CodeEntry>;
