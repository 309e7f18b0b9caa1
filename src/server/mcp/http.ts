// Agents over HTTP: POST /mcp, each request for itself, so that nothing is held for an agent and a restart of the server is not noticed.
//   H1. Who may is who may speak to the server. A tool asks the API of this very server with what the agent showed, so that scopes, limits and the audit
//       log hold for it as for everybody; it acts with a token of scope operate alone.
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import type { Context, Hono } from "hono";
import { createAsk } from "../../client/ask.ts";
import { type Holder, includes } from "../../model/access.ts";
import { createAgentServer } from "./server.ts";

const MCP_PATH = "/mcp";
const BODY_BYTES_MAX = 1_000_000;
/** Of the agent's request, what shows who it is. */
const SHOWN = ["authorization", "host", "origin"] as const;

/** `holderOf`: who speaks, as the guard of the server has found. */
export function addAgents(app: Hono, holderOf: (context: Context) => Holder): void {
  app.all(MCP_PATH, async (context) => {
    if (context.req.method !== "POST") return context.json(notAllowed, 405, { allow: "POST" });
    const { raw } = context.req;
    const shown = SHOWN.flatMap((name) => {
      const value = raw.headers.get(name);
      return value === null ? [] : [[name, value] as const];
    });
    const ask = createAsk({
      url: new URL(raw.url).origin,
      headers: { ...Object.fromEntries(shown), "millrace-agent": "mcp" },
      fetch: async (url, init) => app.fetch(new Request(url, init), context.env),
    });
    const holder = holderOf(context);
    const server = createAgentServer({ ask, mayWrite: holder.kind !== "machine" && includes(holder.scope, "operate") });
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true, maxRequestBodySize: BODY_BYTES_MAX });
    try {
      await server.connect(transport);
      return await transport.handleRequest(raw);
    } finally {
      await server.close();
    }
  });
}

const notAllowed = {
  jsonrpc: "2.0",
  error: { code: -32_000, message: "send a request with POST; this server opens no streams" },
  id: null,
};
