// `millrace quarantine fix|accept|discard|replay`: what becomes of records that were set aside.
import { resolve } from "node:path";
import type { QuarantineDecisionAnswer } from "../../model/answers.ts";
import { MillraceError } from "../../model/errors.ts";
import { type Command, type CommandContext, type OptionValues, text, texts } from "../command.ts";
import type { Output } from "../output.ts";
import { printable, renderTable } from "../table.ts";
import { commandLine, optionWords, plural } from "../words.ts";
import { carry } from "./carry.ts";

type Act = "fix" | "accept" | "replay";

const NARROWING = [
  ["--rule <rule>", "only those set aside by this rule: badValue(price)"],
  ["--where <condition>", "SQL over the records' cells, and _rule, _reason, _file, _line, _raw"],
  ["--why <text>", "stands in the history"],
] as const;
const NAMED = "<asset-or-id...>";

export const quarantineFix: Command = {
  name: "quarantine fix",
  summary: "Corrects records by SQL or an edited file and loads them; shows what would happen until --yes",
  arguments: NAMED,
  examples: [
    `millrace quarantine fix raw.sales --set "price = replace(price, ' USD', '')" --where "price like '% USD'"`,
    `millrace quarantine fix q_3f2a --set "zip = '00501'" --yes --why 'called the county'`,
    "millrace quarantine fix raw.sales --from broken.csv --yes",
  ],
  options: [
    ["--set <column=sql>", "the column's new value; cells are text as received, typed where all of them fit; may be repeated", "many"],
    ["--from <file>", "records as `quarantine export` wrote them, with cells corrected"],
    ...NARROWING,
  ],
  async run(context, named, options) {
    const set = assignments(texts(options["set"]));
    const file = text(options["from"]);
    if ((set === undefined) === (file === undefined))
      throw new MillraceError({ code: "MR7001", message: 'quarantine fix takes --set "column = SQL" or --from FILE' });
    const correction = file === undefined ? { set: set! } : { file: resolve(file) };
    return decide(context, options, { act: "fix", named, dryRun: context.global.yes !== true, ...correction });
  },
};

export const quarantineAccept: Command = {
  name: "quarantine accept",
  summary: "Loads records as they are: what cannot be read as nothing, what a check set aside as right",
  arguments: NAMED,
  examples: ["millrace quarantine accept q_3f2a --why 'a real price'", "millrace quarantine accept clean.sales --rule price_is_sane"],
  options: [...NARROWING, ["--dry-run", "only say what would happen"]],
  run: (context, named, options) => decide(context, options, { act: "accept", named, dryRun: options["dryRun"] === true }),
};

export const quarantineReplay: Command = {
  name: "quarantine replay",
  summary: "Tries records again under the contract and checks of today",
  arguments: NAMED,
  examples: ["millrace quarantine replay raw.sales", "millrace quarantine replay raw.sales --rule 'badValue(price)' --dry-run"],
  options: [...NARROWING, ["--dry-run", "only say what would happen"]],
  run: (context, named, options) => decide(context, options, { act: "replay", named, dryRun: options["dryRun"] === true }),
};

export const quarantineDiscard: Command = {
  name: "quarantine discard",
  summary: "Notes that records are not wanted; they stay in the ledger, and stay discarded when they come again",
  arguments: NAMED,
  examples: [
    "millrace quarantine discard q_3f2a --reason 'test data'",
    "millrace quarantine discard raw.sales --rule 'badValue(price)' --reason junk",
  ],
  options: [
    ["--reason <text>", "stands in the history"],
    ["--rule <rule>", "only those set aside by this rule"],
  ],
  async run({ app, output }, named, options) {
    const [why, rule] = [text(options["reason"]), text(options["rule"])];
    const answer = await (
      await app()
    ).quarantineDiscard({ named, ...(why === undefined ? {} : { why }), ...(rule === undefined ? {} : { rule }) });
    if (output.mode === "json") return output.json(answer);
    output.data(`${output.symbol("ok")} ${plural(answer.records, "record")} of ${answer.asset} discarded`);
  },
};

interface Asked {
  readonly act: Act;
  readonly named: readonly string[];
  readonly dryRun: boolean;
  readonly set?: Readonly<Record<string, string>>;
  readonly file?: string;
}

async function decide({ app, global, output }: CommandContext, options: OptionValues, asked: Asked): Promise<number> {
  const [rule, where, why] = [text(options["rule"]), text(options["where"]), text(options["why"])];
  const request = {
    ...asked,
    ...(rule === undefined ? {} : { rule }),
    ...(where === undefined ? {} : { where }),
    ...(why === undefined ? {} : { why }),
  };
  const opened = await app();
  let isDecided = false;
  const tell = (answer: QuarantineDecisionAnswer): void => {
    isDecided = true;
    if (output.mode === "json") output.json(answer);
    else show(output, answer);
  };
  // What was decided is not decided again: then only what is built on it is left to do.
  const same = (): string | undefined =>
    isDecided ? undefined : repeated(asked, { rule, where, why, project: global.project, env: global.env });
  if (!asked.dryRun) return carry(output, async (observe) => (await opened.quarantineDecide(request, observe, tell))!, same);
  await opened.quarantineDecide(request, () => {}, tell);
  return 0;
}

function repeated({ act, named, set, file }: Asked, options: Readonly<Record<string, string | undefined>>): string {
  const cells = Object.entries(set ?? {}).flatMap(([column, sql]) => [
    "--set",
    `${/[=\s"]/.test(column) ? `"${column.replaceAll('"', '""')}"` : column} = ${sql}`,
  ]);
  return commandLine([
    "millrace",
    "quarantine",
    act,
    ...named,
    ...cells,
    ...optionWords({ from: file, ...options }),
    act === "fix" ? "--yes" : undefined,
  ]);
}

function show(output: Output, answer: QuarantineDecisionAnswer): void {
  const { changes, stillBroken, dryRun, asset } = answer;
  if (changes.length > 0) {
    output.data(
      renderTable(
        ["id", "column", "before", "after"],
        changes.map((change) => [change.id, change.column, change.before, change.after]),
      ),
    );
  }
  const would = dryRun ? "would be " : "";
  const parts = [
    `${plural(answer.loaded, "row")} ${would}loaded into ${asset}`,
    ...(answer.superseded > 0 ? [`${plural(answer.superseded, "record")} ${would}left out: a later row has its key`] : []),
    ...(answer.asideAgain > 0 ? [`${plural(answer.asideAgain, "record")} ${would}set aside again by a check`] : []),
    ...(stillBroken.rows > 0
      ? [
          `${plural(stillBroken.rows, "record")} still ${stillBroken.rows === 1 ? "breaks" : "break"} the contract and ${stillBroken.rows === 1 ? "stays" : "stay"}`,
        ]
      : []),
  ];
  for (const part of parts) output.data(part);
  for (const { id, reason } of stillBroken.first.slice(0, 5)) output.data(`  ${id}  ${printable(reason)}`);
  if (dryRun) output.note(answer.act === "fix" ? "nothing was changed; the same with --yes does it" : "nothing was changed");
  else output.note(`build what stands on it: millrace run --select '${asset}+'`);
}

/** `column = SQL` → column and SQL. */
function assignments(given: readonly string[]): Readonly<Record<string, string>> | undefined {
  if (given.length === 0) return undefined;
  const set = new Map<string, string>();
  for (const each of given) {
    const [, quoted, plain, sql] = /^\s*(?:"((?:[^"]|"")+)"|([^=\s"]+))\s*=\s*([\s\S]+)$/.exec(each) ?? [];
    const column = quoted?.replaceAll('""', '"') ?? plain;
    if (column === undefined || sql === undefined)
      throw new MillraceError({ code: "MR7001", message: `--set ${each} is not of the form column = SQL` });
    if (set.has(column)) throw new MillraceError({ code: "MR7001", message: `--set names ${column} twice` });
    set.set(column, sql);
  }
  return Object.fromEntries(set);
}
