// `millrace docs build`: the catalogue of the project as a folder of files.
import { resolve } from "node:path";
import { type Command, text } from "../command.ts";
import { printable } from "../table.ts";
import { count, plural } from "../words.ts";

export const docsBuild: Command = {
  name: "docs build",
  summary: "Writes a catalogue of the project that works from the file system, without network",
  examples: ["millrace docs build", "millrace docs build --out public/catalogue"],
  options: [["--out <dir>", "the folder; a catalogue that stands there is replaced (default: .millrace/docs)"]],
  async run({ app, output }, _words, options) {
    const out = text(options["out"]);
    const answer = await (await app()).docsBuild({ now: Date.now(), ...(out === undefined ? {} : { out: resolve(out) }) });
    if (output.mode === "json") return output.json(answer);
    output.data(printable(answer.page));
    output.note(
      `${output.symbol("ok")} ${plural(answer.assets, "asset")}, ${plural(answer.columns, "column")} in ${count(answer.files)} files, ${count(Math.ceil(answer.bytes / 1_000))} kB`,
    );
  },
};
