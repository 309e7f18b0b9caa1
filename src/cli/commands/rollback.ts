// `millrace rollback`: shows an earlier version of an asset again.
import { MillraceError } from "../../model/errors.ts";
import { type Command, text } from "../command.ts";
import { printable } from "../table.ts";
import { plural } from "../words.ts";

export const rollback: Command = {
  name: "rollback",
  summary: "Shows a kept version of an asset again, in one transaction",
  arguments: "<asset>",
  examples: [
    "millrace history clean.sales",
    "millrace rollback clean.sales --to v_3f2a --why 'prices are wrong'",
    "millrace rollback clean.sales --before r_01JD --dry-run",
    "millrace rollback raw.events --release",
  ],
  options: [
    ["--to <version>", "the version to show; `millrace history ASSET` lists what is kept"],
    ["--before <run>", "the version that readers saw before that run"],
    ["--dry-run", "only say what would happen"],
    ["--why <text>", "stands in the history"],
    ["--release", "let it be built again from the version that is shown"],
  ],
  async run(context, [asset], options) {
    const { output } = context;
    const [to, before, why] = [text(options["to"]), text(options["before"]), text(options["why"])];
    if ([to, before, options["release"]].filter((each) => each !== undefined).length !== 1)
      throw new MillraceError({ code: "MR7001", message: "rollback takes one of --to VERSION, --before RUN, --release" });
    const app = await context.app();
    if (options["release"] === true) {
      const answer = await app.rollbackRelease(asset!);
      if (output.mode === "json") return output.json(answer);
      output.data(`${output.symbol("ok")} ${answer.asset} goes on from version ${answer.version} with the next run`);
      return;
    }
    const answer = await app.rollback({
      asset: asset!,
      ...(to === undefined ? {} : { to }),
      ...(before === undefined ? {} : { before }),
      ...(why === undefined ? {} : { why }),
      dryRun: options["dryRun"] === true,
    });
    if (output.mode === "json") return output.json(answer);
    const rows = answer.rows === null ? "" : ` (${plural(answer.rows, "row")})`;
    const verb = answer.dryRun ? "would show" : "shows";
    output.data(`${output.symbol("ok")} ${answer.asset} ${verb} version ${answer.to}${rows} in place of ${answer.from}`);
    if (answer.loadsUndone.length > 0)
      output.data(
        `  ${plural(answer.loadsUndone.length, "load")} taken back with its files and cursor; a later load may bring the rows again`,
      );
    for (const { asset: below, reason } of answer.stale) output.data(`  stale: ${below}  ${printable(reason)}`);
    if (answer.stale.length > 0) output.note(`\nbuild them again: millrace run --select '${answer.asset}+'`);
  },
};
