// `millrace retry`, `fork`, `replay`, `cancel`: acts on runs and on what was loaded.
import { MillraceError } from "../../model/errors.ts";
import { type Command, text, texts } from "../command.ts";
import { commandLine, optionWords, plural } from "../words.ts";
import { carry } from "./carry.ts";
import { parametersOf } from "./run.ts";

export const retry: Command = {
  name: "retry",
  summary: "Does the rest of a run that ended, or one node of it again with what stands on it",
  arguments: "<run> [node]",
  examples: ["millrace retry r_01JD", "millrace retry r_01JD clean.sales"],
  async run({ app, output }, [run, node]) {
    const opened = await app();
    return carry(output, (observe) => opened.retry({ run: run!, ...(node === undefined ? {} : { node }) }, observe));
  },
};

export const fork: Command = {
  name: "fork",
  summary: "Asks for a past run again, with today's code or other parameters",
  arguments: "<run>",
  examples: ["millrace fork r_01JD", "millrace fork r_01JD --param region=north", "millrace fork r_01JD --select +out.listings"],
  options: [["--param <key=value>", "a parameter that is to be another one; may be repeated", "many"]],
  async run({ app, global, output }, [run], options) {
    const opened = await app();
    const select = global.select === undefined ? {} : { select: global.select };
    const params = parametersOf(texts(options["param"]));
    return carry(output, (observe) =>
      opened.fork({ run: run!, params, ...select }, observe, (fork) => {
        if (output.mode === "json") return output.json(fork);
        if (fork.codeChanged.length === 0) output.note(`the code is what it was in ${fork.from}`);
        for (const { asset, change } of fork.codeChanged) output.note(`${output.symbol("warn")} ${asset}: ${change} since ${fork.from}`);
      }),
    );
  },
};

export const replay: Command = {
  name: "replay",
  summary: "Builds an asset again from what its loads received (the raw zone), by the definition of today; its source is not asked",
  arguments: "<asset>",
  examples: [
    "millrace replay raw.sales",
    "millrace replay raw.sales --loads l_mwq5",
    "millrace replay raw.sales --where 'price > 1000'",
    "millrace replay raw.days --from 2026-01-01 --to 2026-01-07",
  ],
  options: [
    ["--loads <load>", "what this load received; may be repeated", "many"],
    ["--where <condition>", "the loads that hold rows of this condition"],
    ["--from <partition>", "partitions from this one"],
    ["--to <partition>", "to this one, included"],
  ],
  async run({ app, global, output }, [asset], options) {
    const loads = texts(options["loads"]).flatMap((each) => each.split(/[,;\s]+/).filter((load) => load !== ""));
    const [where, from, to] = [text(options["where"]), text(options["from"]), text(options["to"])];
    const range = from === undefined || to === undefined ? undefined : { from, to };
    if (
      (from === undefined) !== (to === undefined) ||
      [loads.length > 0, where !== undefined, range !== undefined].filter(Boolean).length > 1
    )
      throw new MillraceError({
        code: "MR7001",
        message: "replay takes nothing, or one of --loads LOAD, --where CONDITION, --from PARTITION --to PARTITION",
      });
    const opened = await app();
    const what = where !== undefined ? { where } : range !== undefined ? { partitions: range } : loads.length > 0 ? { loads } : {};
    const repeated = commandLine([
      "millrace",
      "replay",
      asset,
      ...loads.flatMap((load) => ["--loads", load]),
      ...optionWords({ where, from, to, project: global.project, env: global.env }),
    ]);
    const act: Parameters<typeof carry>[1] = (observe) =>
      opened.replay({ asset: asset!, ...what }, observe, (told) => {
        if (output.mode === "json") return output.json(told);
        if (told.partitions !== undefined && told.loads === undefined)
          return output.note(`partitions ${told.partitions.from} to ${told.partitions.to} of ${told.asset} are built again`);
        output.note(
          `${plural(told.loads?.length ?? 0, "load")} with ${plural(told.rows, "row")} of ${told.asset} are carried out again on what they received`,
        );
      });
    return carry(output, act, () => repeated);
  },
};

export const cancel: Command = {
  name: "cancel",
  summary: "Ends a run, one node of it, or all that fit",
  arguments: "[run] [node]",
  examples: [
    "millrace cancel r_01JD --why 'wrong file'",
    "millrace cancel r_01JD clean.sales",
    "millrace cancel --job nightly",
    "millrace cancel --where trigger=backfill,asset=raw.sales",
    "millrace cancel --all",
  ],
  options: [
    ["--job <job>", "runs of this job"],
    ["--all", "every run that goes on"],
    ["--where <filter>", "job=…, trigger=…, asset=…, run=…; several set apart by commas"],
    ["--why <text>", "stands in the run"],
  ],
  async run(context, [run, node], options) {
    const { output } = context;
    const [job, where, why] = [text(options["job"]), text(options["where"]), text(options["why"])];
    const all = options["all"] === true;
    if (run !== undefined && (job !== undefined || where !== undefined || all))
      throw new MillraceError({ code: "MR7001", message: "cancel takes a RUN, or --job, --where, --all" });
    const app = await context.app();
    const answer = await app.cancel({
      ...(run === undefined ? {} : { run }),
      ...(node === undefined ? {} : { node }),
      ...(job === undefined ? {} : { job }),
      ...(where === undefined ? {} : { where }),
      ...(why === undefined ? {} : { why }),
      all,
    });
    if (output.mode === "json") return output.json(answer);
    for (const each of answer.canceled) {
      const name = each.node === null ? each.run : `${each.node} of ${each.run}`;
      output.data(`${output.symbol("ok")} ${name} ${each.ended ? "is canceled" : "will end: its engine has not answered yet"}`);
    }
    if (answer.canceled.length === 0) output.note("nothing goes on");
  },
};
