// `logs`: what attempts logged.
import { z } from "zod";
import { maskText } from "../masking.ts";
import { cell, lines } from "../text.ts";
import { tool } from "../tool.ts";

export const logs = tool({
  name: "logs",
  title: "What a run logged",
  description:
    "The last lines that a run's nodes logged, filtered by node, level and text (`grep`, or /a regular expression/). Secrets are redacted, personal values masked.",
  input: z.object({
    run: z.string().min(1),
    node: z.string().min(1).exactOptional().describe("an asset or a task"),
    level: z.enum(["debug", "info", "warn", "error"]).exactOptional().describe("this and worse"),
    grep: z.string().min(1).max(500).exactOptional(),
    tail: z.number().int().min(1).max(500).default(100),
  }),
  does: "reads",
  run: async ({ tail, ...filter }, { ask, signal }) => {
    const { lines: found } = await ask("runs.logs", { ...filter, limit: tail }, { signal });
    const text = lines(
      found.length === 0 ? "nothing was logged that fits" : "",
      found.map(({ at, level, node, message }) => `${at} ${level} ${node}: ${cell(maskText(message))}`),
    );
    return { text, data: { lines: found.map((line) => ({ ...line, message: maskText(line.message) })) } };
  },
});
