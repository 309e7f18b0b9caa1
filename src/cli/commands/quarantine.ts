// `millrace quarantine list|show|export|trend`: what was not understood, why, and where it came from.
import { resolve } from "node:path";
import { MillraceError } from "../../model/errors.ts";
import { type Command, text } from "../command.ts";
import { printable, renderTable } from "../table.ts";
import { count, plural } from "../words.ts";

const LIST_ROWS_DEFAULT = 100;
const TREND_DAYS_DEFAULT = 30;

export const quarantineList: Command = {
  name: "quarantine list",
  summary: "Lists the records that were set aside, by reason; those of an asset one by one",
  arguments: "[asset]",
  examples: ["millrace quarantine list", "millrace quarantine list raw.sales --limit 20", "millrace quarantine list --json"],
  options: [
    ["--limit <n>", `at most so many (default: ${LIST_ROWS_DEFAULT}; with --json all)`],
    ["--rule <rule>", "only those set aside by this rule: badValue(price)"],
    ["--load <load>", "only those of this load"],
    ["--all", "also those that were decided, repaired or came again since"],
  ],
  async run({ app, global, output }, [asset], options) {
    const asked = text(options["limit"]);
    const limit = asked === undefined ? (output.mode === "json" ? Number.MAX_SAFE_INTEGER : LIST_ROWS_DEFAULT) : Number(asked);
    if (!Number.isInteger(limit) || limit < 1)
      throw new MillraceError({ code: "MR7001", message: `--limit ${asked} is no number of rows` });
    const [rule, load] = [text(options["rule"]), text(options["load"])];
    const answer = await (
      await app()
    ).quarantineList({
      ...(asset === undefined ? {} : { asset }),
      ...(global.select === undefined ? {} : { select: global.select }),
      ...(rule === undefined ? {} : { rule }),
      ...(load === undefined ? {} : { load }),
      ...(options["all"] === true ? { status: "all" as const } : {}),
      limit,
    });
    if (output.mode === "json") return output.json(answer);
    const { items, groups, total } = answer;
    if (asset === undefined && asked === undefined && groups.length > 0) {
      output.data(
        renderTable(
          ["asset", "rule", "value", "rows", "since", "for example"],
          groups.map((group) => [group.asset, group.rule, group.pattern, group.rows, group.since, printable(group.example.reason)]),
        ),
      );
    } else if (items.length > 0) {
      output.data(
        renderTable(
          ["id", "asset", "rule", "reason", "file", "line", "raw"],
          items.map((item) => [item.id, item.asset, item.rule, item.reason, item.file, item.line, item.raw]),
        ),
      );
    }
    if (total === 0) return output.note("nothing is in quarantine");
    if (asset === undefined && asked === undefined)
      return output.note(`${count(total)} in quarantine    one by one: millrace quarantine list ASSET`);
    const more = total - items.length;
    output.note(`${count(total)} in quarantine${more > 0 ? `, ${count(more)} not shown` : ""}    look closer: millrace quarantine show ID`);
  },
};

export const quarantineExport: Command = {
  name: "quarantine export",
  summary: "Writes open records to a CSV or NDJSON file, for `quarantine fix ASSET --from FILE`",
  arguments: "<asset>",
  examples: [
    "millrace quarantine export raw.sales --to broken.csv",
    "millrace quarantine export raw.sales --to broken.ndjson --rule 'badValue(price)'",
  ],
  options: [
    ["--to <file>", "a file ending in .csv or .ndjson"],
    ["--rule <rule>", "only those set aside by this rule"],
  ],
  async run({ app, output }, [asset], options) {
    const [to, rule] = [text(options["to"]), text(options["rule"])];
    if (to === undefined) throw new MillraceError({ code: "MR7001", message: "quarantine export needs --to FILE" });
    const written = await (await app()).quarantineExport({ named: [asset!], file: resolve(to), ...(rule === undefined ? {} : { rule }) });
    if (output.mode === "json") return output.json(written);
    output.data(`${output.symbol("ok")} ${plural(written.records, "record")} in ${to}`);
    output.note(`correct cells, leave _id; then: millrace quarantine fix ${asset} --from ${to}`);
  },
};

export const quarantineTrend: Command = {
  name: "quarantine trend",
  summary: "Counts what was set aside by day and rule",
  arguments: "[asset]",
  examples: ["millrace quarantine trend", "millrace quarantine trend raw.sales --days 90"],
  options: [["--days <n>", `so many days back (default: ${TREND_DAYS_DEFAULT})`]],
  async run({ app, output }, [asset], options) {
    const days = Number(text(options["days"]) ?? TREND_DAYS_DEFAULT);
    if (!Number.isInteger(days) || days < 1) throw new MillraceError({ code: "MR7001", message: "--days takes a whole number from 1" });
    const answer = await (await app()).quarantineTrend({ ...(asset === undefined ? {} : { asset }), days });
    if (output.mode === "json") return output.json(answer);
    if (answer.days.length === 0) return output.note(`nothing was set aside in ${plural(days, "day")}`);
    output.data(
      renderTable(
        ["day", "asset", "rule", "rows"],
        answer.days.map((row) => [row.day, row.asset, row.rule, row.rows]),
      ),
    );
  },
};

export const quarantineShow: Command = {
  name: "quarantine show",
  summary: "Shows one record: reason, origin, and the raw form as received",
  arguments: "<id>",
  examples: ["millrace quarantine show q_01JD-17"],
  async run({ app, output }, [id]) {
    const item = await (await app()).quarantineShow(id!);
    if (output.mode === "json") return output.json({ item });
    output.data(`${output.colors.bold(item.id)}  ${item.asset}  ${item.at}`);
    output.data(`rule    ${item.rule}\nreason  ${printable(item.reason)}`);
    if (item.file !== null) output.data(`origin  ${item.file}${item.line === null ? "" : `:${item.line}`}`);
    if (item.raw !== null) output.data(`raw     ${printable(item.raw)}`);
    if (item.row !== null && item.row !== undefined) output.data(`row     ${printable(JSON.stringify(item.row))}`);
  },
};
