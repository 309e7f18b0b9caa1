// `millrace test`: the unit tests of models, in memory; or one written from real rows.
import { combineErrors, MillraceError } from "../../model/errors.ts";
import type { TestAnswer } from "../../model/test-answers.ts";
import { type Command, type CommandContext, type OptionValues, text } from "../command.ts";
import { EXIT } from "../exit.ts";
import type { Output } from "../output.ts";
import { printable } from "../table.ts";
import { renderDifference } from "../test-diff.ts";
import { count, plural, seconds } from "../words.ts";

const ROWS_DEFAULT = 3;
const ROWS_MAX = 100;

export const test: Command = {
  name: "test",
  summary: "Runs the unit tests of models in memory; nothing is built",
  arguments: "[tests...]",
  examples: [
    "millrace test",
    "millrace test clean.sales",
    "millrace test --select tag:finance --json",
    "millrace test --record clean.sales --rows 5",
  ],
  options: [
    ["--record <model>", "write a test from rows that the model has"],
    ["--rows <n>", "with --record: how many rows of the model to begin with (default: 3)"],
    ["--where <sql>", "with --record: which rows, a condition on its columns"],
    ["--name <name>", "with --record: name of the test and its file"],
  ],
  async run(context, names, options) {
    const { app, global, output } = context;
    const model = text(options["record"]);
    if (model !== undefined) return record(context, model, options);
    const stray = ["rows", "where", "name"].find((name) => options[name] !== undefined);
    if (stray !== undefined)
      throw new MillraceError({ code: "MR7001", message: `--${stray} is for --record`, hint: "millrace test --record MODEL" });

    const request = { names, ...(global.select === undefined ? {} : { select: global.select }) };
    const isJson = output.mode === "json";
    const { answer, errors } = await (
      await app()
    ).test(request, (ended) => {
      if (!isJson) tell(output, ended);
    });
    if (isJson) output.json(answer);
    else {
      const { passed, failed, error } = answer.counts;
      const parts = [
        `${count(passed)} passed`,
        ...(failed > 0 ? [`${count(failed)} failed`] : []),
        ...(error > 0 ? [`${count(error)} with errors`] : []),
      ];
      if (errors.length > 0) output.error(combineErrors("MR1001", errors));
      output.note(`${plural(answer.tests.length, "test")}: ${parts.join(", ")} in ${seconds(answer.seconds)}`);
    }
    return errors.length > 0 ? EXIT.project : answer.counts.failed > 0 ? EXIT.failed : EXIT.ok;
  },
};

async function record({ app, output }: CommandContext, model: string, options: OptionValues): Promise<number> {
  const rows = Number(text(options["rows"]) ?? ROWS_DEFAULT);
  if (!Number.isInteger(rows) || rows < 1 || rows > ROWS_MAX)
    throw new MillraceError({ code: "MR7001", message: `--rows ${text(options["rows"])} is no number of rows`, hint: `1 to ${ROWS_MAX}` });
  const [where, name] = [text(options["where"]), text(options["name"])];
  const request = { model, rows, ...(where === undefined ? {} : { where }), ...(name === undefined ? {} : { name }) };
  const answer = await (await app()).recordTest(request);
  if (output.mode === "json") output.json(answer);
  else {
    const given = Object.entries(answer.given).map(([asset, n]) => `${plural(n, "row")} of ${asset}`);
    output.data(`${output.symbol("ok")} ${answer.file}`);
    output.note(`${given.join(", ") || "nothing given"} → ${plural(answer.expected, "row")} expected`);
    if (answer.masked.length > 0) output.note(`masked: ${answer.masked.join(", ")}`);
    for (const note of answer.notes) output.note(note);
  }
  return EXIT.ok;
}

function tell(output: Output, { name, model, status, reasons, differences, notes, file, line }: TestAnswer): void {
  const symbol = output.symbol(status === "passed" ? "ok" : status === "failed" ? "failed" : "warn");
  output.data(`${symbol} ${printable(name)}  ${output.colors.dim(model)}`);
  if (status === "passed") return;
  if (status === "error") return output.data("    it could not run; the errors stand below");
  output.data(`    ${output.colors.dim(`${file}:${line}`)}`);
  const lines = [
    ...reasons.map(printable),
    ...differences.flatMap((each) => ["", ...renderDifference(each, output.colors)]),
    ...(notes.length > 0 ? ["", ...notes] : []),
  ];
  for (const each of lines.flatMap((part) => part.split("\n"))) output.data(each === "" ? "" : `    ${each}`);
  output.data("");
}
