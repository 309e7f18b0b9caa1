// `millrace check`: runs the checks on what is there, changes nothing.
import type { Command } from "../command.ts";
import { EXIT } from "../exit.ts";
import { cellText } from "../table.ts";
import { count, plural } from "../words.ts";

export const check: Command = {
  name: "check",
  summary: "Runs the checks on the data as it is; nothing is built or moved",
  examples: ["millrace check", "millrace check --select clean.sales", "millrace check --json"],
  async run({ app, global, output }) {
    const answer = await (await app()).check(global.select === undefined ? {} : { select: global.select });
    const failed = answer.checks.filter((each) => each.status === "failed");
    if (output.mode === "json") output.json(answer);
    else {
      let asset = "";
      for (const each of answer.checks) {
        if (each.asset !== asset) output.data(output.colors.bold((asset = each.asset)));
        const symbol = output.symbol(each.status === "passed" ? "ok" : each.status === "warned" ? "warn" : "failed");
        output.data(` ${symbol} ${each.check}${each.failing > 0 ? `  ${plural(each.failing, "row")}` : ""}`);
        for (const row of each.sample.slice(0, 3)) output.data(`     ${cellText(row, 120)}`);
      }
      if (answer.passedOver.length > 0) output.note(`passed over, never built: ${answer.passedOver.join(", ")}`);
      output.note(`${count(answer.checks.length - failed.length)} passed, ${count(failed.length)} failed`);
    }
    return failed.length > 0 ? EXIT.failed : EXIT.ok;
  },
};
