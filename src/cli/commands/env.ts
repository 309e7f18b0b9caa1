// `millrace env …`: environments, promotion and back.
import type { EnvironmentAnswer, PromotionAnswer } from "../../model/environment-answers.ts";
import { type Command, type CommandContext, text } from "../command.ts";
import { printable } from "../table.ts";
import { count, plural, shortCommit } from "../words.ts";

export const envList: Command = {
  name: "env list",
  environment: "any",
  summary: "Environments, what they have of their own, and promotions",
  examples: ["millrace env list", "millrace env list --json"],
  async run({ app, output }) {
    const answer = await (await app()).envList();
    if (output.mode === "json") return output.json(answer);
    const { current, environments, promotions } = answer;
    output.data(`here: ${current.environment} (${current.kind}; ${current.reason})`);
    for (const each of environments) {
      const own = each.own === 0 ? "as prod" : `${plural(each.own, "asset")}${each.environment === "prod" ? "" : " of its own"}`;
      const held = each.held === 0 ? "" : `, ${count(each.held)} held as before a promotion`;
      const expires = each.expiresAt === null ? "" : `, expires ${each.expiresAt}`;
      output.data(`  ${each.environment}  ${each.kind}  ${own}${held}${deployedWords(each.deployed)}${expires}`);
    }
    for (const each of promotions) {
      const back = each.canBeTakenBack ? `  millrace env rollback ${each.id}` : "";
      output.data(`  ${each.id}  ${each.at}  ${each.act} of ${each.environment}: ${plural(each.assets, "asset")} by ${each.by}${back}`);
    }
  },
};

function deployedWords(deployed: EnvironmentAnswer["deployed"]): string {
  if (deployed === null) return "";
  const since = deployed.isCurrent ? "" : ", something else since";
  return `, deployed ${printable(deployed.ref)} ${shortCommit(deployed.commit)} by ${printable(deployed.author)} ${deployed.at}${since}`;
}

export const envCreate: Command = {
  name: "env create",
  environment: "any",
  summary: "Makes an environment; the first run on a git branch does so too",
  arguments: "<name>",
  examples: ["millrace env create staging"],
  async run({ app, output }, [name]) {
    const answer = await (await app()).envCreate(name!);
    if (output.mode === "json") return output.json(answer);
    output.data(`${output.symbol("ok")} ${name!} is there and shows what prod shows; millrace run --env ${name!} builds what differs`);
  },
};

export const envDiff: Command = {
  name: "env diff",
  environment: "any",
  summary: "What an environment has of its own, beside prod",
  arguments: "<name>",
  examples: ["millrace env diff new_prices", "millrace env diff new_prices --json"],
  async run({ app, output }, [name]) {
    const answer = await (await app()).envDiff(name!);
    if (output.mode === "json") return output.json(answer);
    if (answer.assets.length === 0) return output.data(`${answer.environment} shows what ${answer.to} shows`);
    for (const { asset, change, rows, columns } of answer.assets) {
      const counts = rows.to === null ? "" : `  ${rows.from === null ? "" : `${count(rows.from)} → `}${plural(rows.to, "row")}`;
      const shape = [
        ...columns.added.map((column) => `+${column}`),
        ...columns.removed.map((column) => `-${column}`),
        ...columns.changed.map((column) => `~${column}`),
      ].join(" ");
      output.data(`  ${change.padEnd(7)}  ${asset}${counts}${shape === "" ? "" : `  ${printable(shape)}`}`);
    }
    for (const { asset, reason } of answer.moved) output.data(`  moved    ${asset}: ${printable(reason)}`);
    if (answer.moved.length > 0) output.note(`\nbuild it on what prod is now: check its branch out, then millrace run`);
  },
};

export const envPromote: Command = {
  name: "env promote",
  environment: "any",
  summary: "Puts what an environment has of its own in prod's place, in one transaction",
  arguments: "<name>",
  examples: [
    "millrace env promote new_prices",
    "millrace env promote new_prices --dry-run --json",
    "millrace env promote staging --why 'release 12'",
  ],
  options: [
    ["--to <environment>", "where to (prod)"],
    ["--why <text>", "stands in the history"],
    ["--dry-run", "only say what would happen"],
  ],
  async run(context, [name], options) {
    const [to, why] = [text(options["to"]), text(options["why"])];
    const answer = await (
      await context.app()
    ).envPromote({
      environment: name!,
      ...(to === undefined ? {} : { to }),
      ...(why === undefined ? {} : { why }),
      dryRun: options["dryRun"] === true,
    });
    tell(context, answer, answer.dryRun ? "would be promoted to" : "promoted to");
    if (!answer.dryRun) context.output.note(`\ntake it back: millrace env rollback ${answer.promotion}`);
  },
};

export const envRollback: Command = {
  name: "env rollback",
  environment: "any",
  summary: "Takes a promotion back, in one transaction; without an id the newest",
  arguments: "[promotion]",
  examples: ["millrace env rollback", "millrace env rollback 01KAJ8 --why 'prices are wrong'"],
  options: [["--why <text>", "stands in the history"]],
  async run(context, [of], options) {
    const why = text(options["why"]);
    const answer = await (await context.app()).envRollback({ ...(of === undefined ? {} : { of }), ...(why === undefined ? {} : { why }) });
    tell(context, answer, "taken back in");
  },
};

export const envDrop: Command = {
  name: "env drop",
  environment: "any",
  summary: "Ends an environment: its views go now, its tables after a grace time",
  arguments: "<name>",
  examples: ["millrace env drop new_prices"],
  async run({ app, output }, [name]) {
    const answer = await (await app()).envDrop(name!);
    if (output.mode === "json") return output.json(answer);
    output.data(`${output.symbol("ok")} ${answer.environment} is gone, with ${plural(answer.assets, "asset")} of its own`);
  },
};

export const envCollect: Command = {
  name: "env collect",
  environment: "any",
  summary: "Removes expired environments, and what promotions and drops put aside a week ago; `retention` does so too",
  examples: ["millrace env collect --dry-run"],
  options: [["--dry-run", "only say how much would go"]],
  async run({ app, output }, _args, options) {
    const answer = await (await app()).envCollect({ dryRun: options["dryRun"] === true });
    if (output.mode === "json") return output.json(answer);
    const verb = answer.dryRun ? "would go" : "gone";
    output.data(
      `${plural(answer.expired.length, "expired environment")}, ${plural(answer.acts, "act")}, ${plural(answer.tables, "table")} ${verb}`,
    );
  },
};

function tell({ output }: CommandContext, answer: PromotionAnswer, verb: string): void {
  if (output.mode === "json") return output.json(answer);
  output.data(
    `${output.symbol("ok")} ${answer.environment}: ${plural(answer.assets.length, "asset")} ${verb} ${answer.to} (${answer.promotion})`,
  );
  for (const { asset, from, to } of answer.assets) output.data(`  ${asset}  ${from ?? "new"} → ${to ?? "gone"}`);
}
