// `millrace diff`: how the rows of an asset differ between environments or versions.
import { MillraceError } from "../../model/errors.ts";
import { type Command, text, texts } from "../command.ts";
import { diffLines } from "../diff-text.ts";
import { EXIT } from "../exit.ts";

const SAMPLES_DEFAULT = 5;

export const diff: Command = {
  name: "diff",
  summary: "How the rows of an asset differ between two environments, or from an earlier version",
  arguments: "<asset>",
  examples: [
    "millrace diff clean.sales --env prod --env my_branch",
    "millrace diff clean.sales                     # in prod: against the version before",
    "millrace diff clean.sales --against v_3f2a --key id",
    "millrace diff clean.sales --env my_branch --exit-code --json",
  ],
  options: [
    ["--env <name>", "an environment; twice: before and after; once: it against prod", "many"],
    ["--against <version>", "an earlier version; `millrace history ASSET` lists them"],
    ["--key <columns>", "columns that name a row, with commas between (default: the declared key)"],
    ["--samples <n>", `rows of each kind that are shown (default: ${SAMPLES_DEFAULT})`],
    ["--exit-code", "exit with 4 when they differ"],
  ],
  async run({ app, output }, [asset], options) {
    const [against, key] = [text(options["against"]), text(options["key"])];
    const answer = await (
      await app()
    ).diff({
      asset: asset!,
      environments: texts(options["env"]),
      ...(against === undefined ? {} : { against }),
      ...(key === undefined ? {} : { key: key.split(",").map((name) => name.trim()) }),
      samples: samplesOf(text(options["samples"])),
    });
    if (output.mode === "json") output.json(answer);
    else for (const line of diffLines(answer, output.colors)) output.data(line);
    return options["exitCode"] === true && !answer.isSame ? EXIT.planHasChanges : EXIT.ok;
  },
};

function samplesOf(asked: string | undefined): number {
  if (asked === undefined) return SAMPLES_DEFAULT;
  const samples = Number(asked);
  if (!Number.isInteger(samples) || samples < 0)
    throw new MillraceError({ code: "MR7001", message: `--samples ${asked} is no number of rows`, hint: "--samples 20, or 0" });
  return samples;
}
