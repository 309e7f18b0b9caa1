// `millrace plan`: what a run would do and why; nothing is done.
import { type Command, texts } from "../command.ts";
import { EXIT } from "../exit.ts";
import type { PlanAnswer } from "../../model/answers.ts";
import { printable } from "../table.ts";
import { plural } from "../words.ts";
import { parametersOf } from "./run.ts";

/** What would become of columns, and what that breaks. */
function schemaLines(schema: NonNullable<PlanAnswer["schema"]>): readonly string[] {
  return schema.flatMap(({ asset, changes, ddl, warnings, fails, breaks }) => [
    "",
    `schema of ${asset}`,
    ...(fails === null ? [] : [`  ! the load would fail: ${fails.code} ${printable(fails.message)}`]),
    ...changes.map(({ column, change, detail, policy }) => `  ${change.padEnd(7)} ${printable(column)}  ${printable(detail)}  (${policy})`),
    ...ddl.map((statement) => `  ddl     ${printable(statement)}`),
    ...warnings.map((warning) => `  ?       ${printable(warning)}`),
    ...breaks.map(
      ({ file, line, column, message }) => `  breaks  ${file === null ? "" : `${file}:${line}:${column}  `}${printable(message)}`,
    ),
  ]);
}

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
      for (const line of schemaLines(answer.schema ?? [])) output.data(line);
      output.note(
        changes.length === 0
          ? `nothing to do: ${plural(answer.nodes.length, "node")} unchanged`
          : `${plural(changes.length, "node")} of ${answer.nodes.length} to do    next: millrace run${global.select === undefined ? "" : ` --select '${global.select}'`}`,
      );
    }
    return options["exitCode"] === true && changes.length > 0 ? EXIT.planHasChanges : EXIT.ok;
  },
};
