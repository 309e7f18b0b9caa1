// `plan`: what a run would do and why; nothing is done.
import { z } from "zod";
import { cell, firstOf, lines, plural } from "../text.ts";
import { tool } from "../tool.ts";

const SHOWN = 100;

export const plan = tool({
  name: "plan",
  title: "What a run would do",
  description:
    "What `run` would build, reuse or remove, and why; what changed in the definitions and what that breaks; what it costs. Nothing is done. Use it after you changed a file and before you run. `against` compares with an environment or a git ref.",
  input: z.object({
    select: z.string().min(1).exactOptional().describe("in the selection grammar: +clean.sales, tag:finance, status:failed"),
    job: z.string().min(1).exactOptional(),
    against: z.string().min(1).exactOptional(),
  }),
  does: "reads",
  run: async (input, { ask, signal }) => {
    const answer = await ask("plan.show", input, { signal });
    const built = answer.nodes.filter(({ action }) => action !== "reuse");
    const text = lines(
      `${plural(answer.nodes.length, "asset")}: ${built.length} to build or remove, ${answer.nodes.length - built.length} reused`,
      firstOf(
        built,
        SHOWN,
        ({ asset, action, change, reason, partitions }) =>
          `- ${action} ${asset}${change === "none" ? "" : ` (${change})`}: ${cell(reason)}${partitions.length === 0 ? "" : `; ${plural(partitions.length, "partition")}`}`,
        "assets",
      ),
      answer.changes === undefined || answer.changes.assets.length === 0 ? "" : "changed definitions:",
      firstOf(
        answer.changes?.assets ?? [],
        SHOWN,
        ({ asset, change, reasons }) =>
          `- ${asset}: ${change}${reasons.length === 0 ? "" : `, ${reasons.map(({ text: why }) => cell(why)).join("; ")}`}`,
        "changes",
      ),
      (answer.changes?.touched ?? [])
        .filter(({ breaks }) => breaks)
        .map(({ kind, name, why, file }) => `breaks ${kind} ${name}: ${cell(why)} · ${file}`),
      answer.cost === undefined ? "" : `took before: ${answer.cost.total.seconds ?? "?"} s, ${answer.cost.total.rows ?? "?"} rows`,
      (answer.notes ?? []).map(cell),
    );
    return { text, data: { ...answer } };
  },
});
