// `millrace run`: carries out what is to be done and ends with the one-line truth.
import { MillraceError } from "../../model/errors.ts";
import { type Command, text, texts } from "../command.ts";
import { EXIT } from "../exit.ts";
import { createProgress } from "../progress.ts";
import { askForParameters } from "../prompt.ts";
import { RESTATE_OPTIONS, restatingOf } from "../restate.ts";

export const run: Command = {
  name: "run",
  environment: "made",
  summary: "Builds what is new or changed: pull, check, transform, share",
  arguments: "[job]",
  examples: [
    "millrace run",
    "millrace run nightly --param region=north",
    "millrace run --select +out.listings",
    "millrace run --select raw.sales --partition 2026-01-01",
    "millrace run --from-failure r_01JD",
    "millrace run --full-refresh --select raw.sales",
  ],
  options: [
    ["--param <key=value>", "a parameter of the job; may be repeated", "many"],
    ["--full-refresh", "build anew what is selected, whether it changed or not"],
    ["--partition <keys>", "a partition or a range of them, its last one included: 2026-01-01..2026-01-31"],
    ...RESTATE_OPTIONS,
    ["--from-failure <run>", "take over what succeeded in that run, do the rest"],
  ],
  async run(context, [job], options) {
    const { output } = context;
    const app = await context.app();
    const select = context.global.select;
    const fromFailure = text(options["fromFailure"]);
    const partition = text(options["partition"]);
    const given = parametersOf(texts(options["param"]));
    const specs = job === undefined || output.mode !== "tty" ? {} : await app.parameters(job);
    const params = await askForParameters({ specs, given, output, signal: context.signal });
    const progress = createProgress(output);
    try {
      const summary = await app.run(
        {
          ...(job === undefined ? {} : { job }),
          ...(select === undefined ? {} : { select }),
          ...(fromFailure === undefined ? {} : { fromFailure }),
          ...(partition === undefined ? {} : { partition }),
          fullRefresh: options["fullRefresh"] === true,
          params,
          ...restatingOf(options),
        },
        (event) => progress.observe(event),
      );
      // Another request than the interrupted one would take its place.
      const same = [job, select === undefined ? undefined : `--select '${select}'`, ...Object.entries(given).map(paramText)];
      progress.finish(summary, { again: ["millrace run", ...same.filter((word) => word !== undefined)].join(" ") });
      if (summary.error?.code === "MR6002") return EXIT.timedOut;
      return summary.status === "succeeded" || summary.status === "skipped" ? EXIT.ok : EXIT.failed;
    } finally {
      progress.close();
    }
  },
};

/** As a shell takes it. */
function paramText([name, value]: readonly [string, string]): string {
  return `--param ${/^[\w.:-]*$/.test(value) ? `${name}=${value}` : `'${name}=${value.replaceAll("'", "'\\''")}'`}`;
}

/** `key=value` pairs. @throws MR7001 */
export function parametersOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1)
        throw new MillraceError({ code: "MR7001", message: `--param ${pair} is no key=value`, hint: "write --param region=north" });
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}
