// `millrace types`: TypeScript types of the rows of all assets.
import { resolve } from "node:path";
import { MillraceError } from "../../model/errors.ts";
import { type Command, text } from "../command.ts";
import { EXIT } from "../exit.ts";
import { printable } from "../table.ts";
import { plural } from "../words.ts";

const LISTED_MAX = 10;

export const types: Command = {
  name: "types",
  summary: "Writes TypeScript types of the rows of all assets",
  examples: ["millrace types", "millrace types --check   # in CI: is the file current?", "millrace types --out - > rows.ts"],
  options: [
    ["--out <file>", "where to write them; - prints them (default: millrace.types.ts)"],
    ["--check", "writes nothing; exit 1 when the file is not current"],
  ],
  async run({ app, output }, _words, options) {
    const out = text(options["out"]);
    const check = options["check"] === true;
    if (check && out === "-") throw new MillraceError({ code: "MR7001", message: "--check needs a file to look at", hint: "--out FILE" });
    const answer = await (await app()).types({ check, ...(out === undefined ? {} : { out: out === "-" ? null : resolve(out) }) });
    const code = check && answer.changed ? EXIT.failed : EXIT.ok;
    if (output.mode === "json") {
      const { text: written, ...told } = answer;
      output.json(answer.file === null ? { ...told, text: written } : told);
      return code;
    }
    if (answer.file === null) output.data(answer.text.trimEnd());
    else if (!check) output.data(printable(answer.file));
    if (answer.unknown.length > 0) output.note(printable(`${output.symbol("warn")} not known before a run: ${some(answer.unknown)}`));
    if (check && answer.changed) {
      const differs = answer.differs.length === 0 ? "" : `: ${some(answer.differs)}`;
      output.warn(printable(`${output.symbol("failed")} ${answer.file} is not current${differs}\n  fix: millrace types`));
    } else if (answer.file !== null)
      output.note(`${output.symbol("ok")} ${plural(answer.assets, "asset")}${answer.changed ? "" : ", nothing changed"}`);
    return code;
  },
};

function some(names: readonly string[]): string {
  const more = names.length - LISTED_MAX;
  return `${names.slice(0, LISTED_MAX).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
