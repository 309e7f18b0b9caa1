// `millrace lineage`: where an asset or a column comes from and where it goes.
import { MillraceError } from "../../model/errors.ts";
import { type Command, text } from "../command.ts";

export const lineage: Command = {
  name: "lineage",
  summary: "Where an asset or a column comes from and where it goes",
  arguments: "<asset>",
  examples: [
    "millrace lineage clean.sales",
    "millrace lineage clean.sales.sale_price --up all",
    "millrace lineage raw.sales --down 2 --json",
  ],
  options: [
    ["--up <n>", "hops upstream, or all (default: 1)"],
    ["--down <n>", "hops downstream, or all (default: 1)"],
  ],
  async run({ app, output }, [target], options) {
    const answer = await (
      await app()
    ).lineage(target!, { up: hops("--up", text(options["up"])), down: hops("--down", text(options["down"])) });
    if (output.mode === "json") return output.json(answer);
    output.data(output.colors.bold(answer.asset));
    output.data(`  upstream    ${answer.upstream.join(", ") || "nothing"}`);
    output.data(`  downstream  ${answer.downstream.join(", ") || "nothing"}`);
    for (const [column, { upstream, downstream, influences }] of Object.entries(answer.columns)) {
      output.data(`  ${column}`);
      if (upstream.length > 0) output.data(`    <- ${upstream.join(", ")}`);
      if (influences.length > 0) output.data(`    ~  ${influences.join(", ")}`);
      if (downstream.length > 0) output.data(`    -> ${downstream.join(", ")}`);
    }
  },
};

function hops(flag: string, asked: string | undefined): number {
  if (asked === undefined) return 1;
  if (asked === "all") return Number.POSITIVE_INFINITY;
  const number = Number(asked);
  if (!Number.isInteger(number) || number < 0)
    throw new MillraceError({ code: "MR7001", message: `${flag} ${asked} is no number of hops`, hint: `${flag} 2, or ${flag} all` });
  return number;
}
