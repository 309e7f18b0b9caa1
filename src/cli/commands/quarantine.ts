// `millrace quarantine list|show`: what was not understood, why, and where it came from.
import { MillraceError } from "../../model/errors.ts";
import { type Command, text } from "../command.ts";
import { printable, renderTable } from "../table.ts";
import { count } from "../words.ts";

const LIST_ROWS_DEFAULT = 100;

export const quarantineList: Command = {
  name: "quarantine list",
  summary: "Lists the records that were set aside",
  arguments: "[asset]",
  examples: ["millrace quarantine list", "millrace quarantine list raw.sales --limit 20", "millrace quarantine list --json"],
  options: [["--limit <n>", `at most so many (default: ${LIST_ROWS_DEFAULT}; with --json all)`]],
  async run({ app, output }, [asset], options) {
    const asked = text(options["limit"]);
    const limit = asked === undefined ? (output.mode === "json" ? Number.MAX_SAFE_INTEGER : LIST_ROWS_DEFAULT) : Number(asked);
    if (!Number.isInteger(limit) || limit < 1)
      throw new MillraceError({ code: "MR7001", message: `--limit ${asked} is no number of rows` });
    const answer = await (await app()).quarantineList({ ...(asset === undefined ? {} : { asset }), limit });
    if (output.mode === "json") return output.json(answer);
    if (answer.items.length > 0) {
      output.data(
        renderTable(
          ["id", "asset", "rule", "reason", "file", "line", "raw"],
          answer.items.map((item) => [item.id, item.asset, item.rule, item.reason, item.file, item.line, item.raw]),
        ),
      );
    }
    const more = answer.total - answer.items.length;
    output.note(
      answer.total === 0
        ? "nothing is in quarantine"
        : `${count(answer.total)} in quarantine${more > 0 ? `, ${count(more)} not shown` : ""}    look closer: millrace quarantine show ID`,
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
