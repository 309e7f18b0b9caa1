// `millrace test`: the unit tests of models, in memory; or one written from real rows.
import { combineErrors } from "../../model/errors.ts";
import type { TestAnswer } from "../../model/test-answers.ts";
import type { Command } from "../command.ts";
import { EXIT } from "../exit.ts";
import type { Output } from "../output.ts";
import { printable } from "../table.ts";
import { renderDifference } from "../test-diff.ts";
import { count, plural, seconds } from "../words.ts";

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
  async run({ app, global, output }, names) {
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
