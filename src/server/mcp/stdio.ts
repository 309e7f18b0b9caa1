// An agent at this process's standard input and output: what `millrace mcp` is.
import type { Readable, Writable } from "node:stream";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { type AgentOptions, createAgentServer } from "./server.ts";

interface Lines {
  readonly input: Readable;
  readonly output: Writable;
  readonly signal: AbortSignal;
}

/** Resolves when the agent has gone, or the signal was aborted. */
export async function serveAgent(options: AgentOptions, { input, output, signal }: Lines): Promise<void> {
  const server = createAgentServer(options);
  const gone = new Promise<void>((resolve) => {
    input.once("end", () => resolve());
    input.once("close", () => resolve());
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await server.connect(new StdioServerTransport(input, output));
  await gone;
  await server.close();
}
