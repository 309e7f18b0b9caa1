// `millrace mcp`: the project's tools for an agent, over standard input and output. stdout is the protocol's alone.
import type { Command } from "../command.ts";

export const mcp: Command = {
  name: "mcp",
  environment: "any",
  summary: "Tools for agents (Model Context Protocol) over standard input and output; they only read unless allowed",
  examples: ["millrace mcp", "millrace mcp --project shop --allow-write"],
  options: [["--allow-write", "the agent may run, backfill, and propose decisions, which a person confirms"]],
  stopsBySignal: true,
  async run({ global, signal, output }, _args, options) {
    const { serveFolder } = await import("../../client/agent.ts");
    const mayWrite = options["allowWrite"] === true;
    output.note(`tools for agents on standard input and output; they ${mayWrite ? "may act" : "only read"}`);
    await serveFolder(
      { dir: global.project ?? process.cwd(), ...(typeof global.env === "string" ? { environment: global.env } : {}) },
      { mayWrite, input: process.stdin, output: process.stdout, signal },
    );
  },
};
