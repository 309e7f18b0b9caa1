// An agent at standard input and output, on the project in a folder: through its engine where one runs, else in this process.
import type { Readable, Writable } from "node:stream";
import { serveAgent } from "../server/mcp/stdio.ts";
import { type FolderPlace, placeIn } from "./folder-place.ts";

export interface AgentLines {
  readonly mayWrite: boolean;
  readonly input: Readable;
  readonly output: Writable;
  readonly signal: AbortSignal;
}

/** Resolves when the agent has gone. */
export async function serveFolder(folder: FolderPlace, { mayWrite, ...lines }: AgentLines): Promise<void> {
  const place = placeIn({ ...folder, headers: { "millrace-agent": "mcp" } });
  try {
    await serveAgent({ ask: place.ask, mayWrite }, lines);
  } finally {
    await place.close();
  }
}
