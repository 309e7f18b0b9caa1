// `millrace serve`: the engine that keeps running, with triggers and webhooks.
import { type Command, text } from "../command.ts";
import { LEAVE_MS, PORT_DEFAULT, portOf, tellServe } from "./serving.ts";

export const serve: Command = {
  name: "serve",
  environment: "made",
  summary: "Keeps running: starts jobs by their triggers, takes webhooks, goes on with what was interrupted",
  examples: ["millrace serve", "millrace serve --port 4500", "MILLRACE_TOKEN=… millrace serve --host 0.0.0.0"],
  options: [
    ["--port <port>", `port to listen on; 0 for any (default: ${PORT_DEFAULT})`],
    ["--host <host>", "address to listen on; any but loopback wants a token in MILLRACE_TOKEN (default: 127.0.0.1)"],
  ],
  stopsBySignal: true,
  async run({ app, output }, _args, options) {
    const token = process.env["MILLRACE_TOKEN"];
    const request = {
      host: text(options["host"]) ?? "127.0.0.1",
      port: portOf(options["port"]),
      token: token === undefined || token === "" ? null : token,
    };
    await (
      await app()
    ).serve(request, (progress) =>
      output.mode === "json" && progress.type !== "page" ? output.json(progress) : tellServe(progress, output),
    );
    setTimeout(() => process.exit(), LEAVE_MS).unref();
  },
};
