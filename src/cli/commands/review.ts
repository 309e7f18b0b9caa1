// `millrace review list|match|distinct`: what a person says over pairs that a match leaves open.
import { type Command, type CommandContext, type OptionValues, text } from "../command.ts";
import { CURSOR, pageOf } from "../page.ts";
import { renderTable } from "../table.ts";
import { count } from "../words.ts";

const LIST_ROWS_DEFAULT = 50;
const WHY = [["--why <text>", "stands beside the decision"]] as const;

export const reviewList: Command = {
  name: "review list",
  summary: "Lists the pairs that a match leaves to a person, the likeliest first",
  arguments: "<asset>",
  examples: ["millrace review list clean.same_people", "millrace review list clean.same_people --json"],
  options: [["--limit <n>", `at most so many (default: ${LIST_ROWS_DEFAULT})`], CURSOR],
  async run({ app, output }, [asset], options) {
    const answer = await (await app()).reviewList({ asset: asset!, ...pageOf(options, LIST_ROWS_DEFAULT) });
    if (output.mode === "json") return output.json(answer);
    if (answer.items.length === 0) return output.note("nothing waits for a decision");
    output.data(
      renderTable(
        ["left", "right", "score", "similarities"],
        answer.items.map((item) => [item.left, item.right, item.score, JSON.stringify(item.similarities)]),
      ),
    );
    output.note(`${count(answer.total)} wait    decide: millrace review match ${answer.asset} LEFT RIGHT, or distinct`);
  },
};

export const reviewMatch: Command = {
  name: "review match",
  summary: "Says that two records are the same; written to reviews/ASSET.csv",
  arguments: "<asset> <left> <right>",
  examples: ["millrace review match clean.same_people p1 p7 --why 'same passport'"],
  options: WHY,
  run: (context, named, options) => decide(context, named, options, "match"),
};

export const reviewDistinct: Command = {
  name: "review distinct",
  summary: "Says that two records are not the same; written to reviews/ASSET.csv",
  arguments: "<asset> <left> <right>",
  examples: ["millrace review distinct clean.same_people p1 p9 --why 'father and son'"],
  options: WHY,
  run: (context, named, options) => decide(context, named, options, "distinct"),
};

async function decide(
  { app, output }: CommandContext,
  [asset, left, right]: readonly string[],
  options: OptionValues,
  decision: "match" | "distinct",
): Promise<void> {
  const why = text(options["why"]);
  const answer = await (
    await app()
  ).reviewDecide({ asset: asset!, left: left!, right: right!, decision, ...(why === undefined ? {} : { why }) });
  if (output.mode === "json") return output.json(answer);
  output.data(
    `${output.symbol("ok")} ${answer.left} and ${answer.right} are ${decision === "match" ? "the same" : "not the same"}  ${answer.file}`,
  );
  output.note(`it holds from the next build: millrace run --select '${answer.asset}+'`);
}
