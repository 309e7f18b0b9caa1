// `millrace why`: why something is as it is, in sentences.
import type { Command } from "../command.ts";
import { printable } from "../table.ts";

export const why: Command = {
  name: "why",
  summary: "Why it runs or does not, what it waits for, what failed first, what it holds up",
  arguments: "<run|asset|job>",
  examples: ["millrace why r_01JD", "millrace why clean.sales", "millrace why nightly --json"],
  async run({ app, output }, [name]) {
    const answer = await (await app()).why(name!);
    if (output.mode === "json") return output.json(answer);
    for (const text of answer.sentences) output.data(printable(text));
  },
};
