// `millrace plan`: what a run would do and why; nothing is done.
import { type Command, texts } from "../command.ts";
import { EXIT } from "../exit.ts";
import { plural } from "../words.ts";
import { parametersOf } from "./run.ts";

const MARK = { build: "~", reuse: " ", remove: "-" } as const;

export const plan: Command = {
  name: "plan",
  summary: "Says what a run would do, in which order and why; does nothing",
  arguments: "[job]",
  examples: [
    "millrace plan",
    "millrace plan --select +final.listings",
    "millrace plan --exit-code   # exit 4 when something would be done",
  ],
  options: [
    ["--exit-code", "exit with 4 when something would be done"],
    ["--partition <keys>", "a partition or a range of them, as `run` takes it"],
    ["--full-refresh", "as if everything selected had changed"],
    ["--param <key=value>", "a parameter of the job; may be repeated", "many"],
  ],
  async run({ app, global, output }, [job], options) {
    const answer = await (
      await app()
    ).plan({
      ...(job === undefined ? {} : { job }),
      ...(global.select === undefined ? {} : { select: global.select }),
      ...(typeof options["partition"] === "string" ? { partition: options["partition"] } : {}),
      fullRefresh: options["fullRefresh"] === true,
      params: parametersOf(texts(options["param"])),
    });
    // What was removed from the project stays in the warehouse: it is told, and there is nothing to do.
    const changes = answer.nodes.filter((node) => node.action === "build");
    if (output.mode === "json") output.json(answer);
    else {
      const width = Math.max(0, ...answer.nodes.map((node) => node.asset.length));
      for (const node of answer.nodes) {
        const line = `${MARK[node.action]} ${node.asset.padEnd(width)}  ${node.action.padEnd(6)}  ${node.reason}`;
        output.data(node.action === "reuse" ? output.colors.dim(line) : line);
      }
      output.note(
        changes.length === 0
          ? `nothing to do: ${plural(answer.nodes.length, "node")} unchanged`
          : `${plural(changes.length, "node")} of ${answer.nodes.length} to do    next: millrace run${global.select === undefined ? "" : ` --select '${global.select}'`}`,
      );
    }
    return options["exitCode"] === true && changes.length > 0 ? EXIT.planHasChanges : EXIT.ok;
  },
};
