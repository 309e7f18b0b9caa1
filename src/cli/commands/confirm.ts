// `millrace confirm`: a person looks at what an agent proposes and says yes; what is printed is the token that the agent needs.
import { MillraceError } from "../../model/errors.ts";
import type { Command } from "../command.ts";
import { printable } from "../table.ts";

export const confirm: Command = {
  name: "confirm",
  summary: "Shows what an agent proposes and, when you say yes, prints the token for it",
  arguments: "<confirmation>",
  examples: ["millrace confirm c_3fa81b20"],
  environment: "any",
  async run(context, [confirmation], _options) {
    const { output, global } = context;
    const app = await context.app();
    const shown = await app.confirmationShow(confirmation!);
    output.note(`an agent proposes, until ${shown.until}:`);
    for (const line of shown.what) output.note(`  ${printable(line)}`);
    if (global.yes !== true && !(await askYes(context.signal))) {
      output.note("nothing was confirmed");
      return;
    }
    const granted = await app.confirmationGrant(confirmation!);
    if (output.mode === "json") return output.json(granted);
    output.data(granted.token);
  },
};

async function askYes(signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new MillraceError({
      code: "MR7001",
      message: "a person confirms, on a terminal",
      hint: "or --yes, when you have read what is proposed",
    });
  const { createInterface } = await import("node:readline/promises");
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question("confirm? [y/N] ", { signal })).trim());
  } finally {
    lines.close();
  }
}
