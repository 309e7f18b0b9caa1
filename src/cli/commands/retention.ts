// `millrace retention`: removes runs that are older than the setting, after their statistics are kept.
import type { Command } from "../command.ts";
import { count, plural } from "../words.ts";

export const retention: Command = {
  name: "retention",
  summary: "Folds old runs into daily statistics and removes them (retention: in millrace.yaml)",
  examples: ["millrace retention --dry-run", "millrace retention --json"],
  options: [["--dry-run", "only say how much would go"]],
  async run({ app, output }, _args, options) {
    const answer = await (await app()).retention({ dryRun: options["dryRun"] === true });
    if (output.mode === "json") return output.json(answer);
    const { loads, bytes, compressed } = answer.raw;
    if (loads + compressed > 0) {
      const verb = answer.dryRun ? "would be removed from" : "removed from";
      output.data(
        `${plural(loads, "load")} (${Math.round(bytes / 1e6)} MB) ${verb} the raw zone, ${plural(compressed, "file")} compressed`,
      );
    }
    if (answer.before === null) return output.data("runs are kept for ever; `retention: { runs: 90d }` in millrace.yaml sets a limit");
    const verb = answer.dryRun ? "would be removed" : "removed";
    output.data(
      `${plural(answer.runs, "run")} before ${answer.before} ${verb}, ${plural(answer.logs, "log folder")}, ${plural(answer.commits, "commit row")}`,
    );
    const { unfinished, stoodOn, lastSuccess } = answer.kept;
    if (unfinished + stoodOn + lastSuccess > 0)
      output.note(
        `kept though older: ${count(unfinished)} not ended, ${count(stoodOn)} that others stand on, ${count(lastSuccess)} last successes`,
      );
  },
};
