// `millrace init`, `doctor`, `explain`, `schema`, `completion`: starting and getting help.
import { codes } from "../../model/codes/index.ts";
import { MillraceError } from "../../model/errors.ts";
import { type Command, text } from "../command.ts";
import { completionScript } from "../completion.ts";
import { EXIT } from "../exit.ts";
import { renderTable } from "../table.ts";

export const init: Command = {
  name: "init",
  summary: "Makes a small project that runs at once",
  arguments: "[dir]",
  examples: [
    "millrace init my-data",
    "millrace init . --template empty",
    "millrace init my-data --from dbt ../shop",
    'millrace init . --from csv "data/*.csv"',
  ],
  options: [
    ["--template <name>", "starter (default) or empty"],
    ["--from <what...>", "dbt DIR, sqlmesh DIR: moves a project of that tool; csv GLOB: a source for each file"],
  ],
  async run({ output, global }, [named], options) {
    const { openTools } = await import("../../app.ts");
    // `--from dbt DIR my-data`: what follows the two words is the folder.
    const [kind, what, after] = (options["from"] ?? []) as readonly string[];
    const dir = named ?? after ?? ".";
    const from = kind === undefined ? undefined : what === undefined ? kind : `${kind}:${what}`;
    const made = await (
      await openTools()
    ).initialize(dir, {
      template: text(options["template"]) ?? "starter",
      force: global.yes === true,
      ...(from === undefined ? {} : { from }),
    });
    if (output.mode === "json") return output.json(made);
    for (const file of made.files) output.data(`  ${file}`);
    for (const { file, line, message } of made.notes) output.note(`${output.symbol("warn")} ${file}:${line}  ${message}`);
    output.note(`${output.symbol("ok")} ${made.files.length} files    next: ${dir === "." ? "" : `cd ${dir} && `}npx millrace run`);
  },
};

export const doctor: Command = {
  name: "doctor",
  summary: "Checks this machine and this project",
  examples: ["millrace doctor", "millrace doctor --json"],
  async run({ output, global }) {
    const { openTools } = await import("../../app.ts");
    const answer = await (await openTools()).doctor(global.project ?? process.cwd());
    if (output.mode === "json") output.json(answer);
    else {
      for (const check of answer.checks) {
        output.data(
          `${output.symbol(check.status === "ok" ? "ok" : check.status === "warn" ? "warn" : "failed")} ${check.name}  ${check.detail}${check.fix === null || check.status === "ok" ? "" : `\n    fix: ${check.fix}`}`,
        );
      }
    }
    return answer.checks.some((check) => check.status === "failed") ? EXIT.failed : EXIT.ok;
  },
};

export const explain: Command = {
  name: "explain",
  summary: "Explains an error code",
  arguments: "[code]",
  examples: ["millrace explain MR1001", "millrace explain   # all codes"],
  async run({ output }, [code]) {
    const all = Object.entries(codes).toSorted(([a], [b]) => a.localeCompare(b));
    if (code === undefined) {
      if (output.mode === "json") return output.json({ codes: all.map(([each, entry]) => ({ code: each, ...entry })) });
      return output.data(
        renderTable(
          ["code", "title"],
          all.map(([each, { title }]) => [each, title]),
        ),
      );
    }
    const found = all.find(([each]) => each === code.toUpperCase());
    if (found === undefined)
      throw new MillraceError({ code: "MR7002", message: `there is no error ${code}`, hint: "millrace explain lists all codes" });
    const [name, entry] = found;
    if (output.mode === "json") return output.json({ code: name, ...entry });
    output.data(`${output.colors.bold(`${name}  ${entry.title}`)}\n\nwhy  ${entry.why}\nfix  ${entry.fix}`);
  },
};

export const schema: Command = {
  name: "schema",
  summary: "Prints the JSON Schema of a file format, for editors",
  arguments: "[kind]",
  examples: ["millrace schema", "millrace schema source > source.schema.json"],
  async run({ output, global }, [kind]) {
    const { openTools } = await import("../../app.ts");
    const found = await (await openTools()).jsonSchema(kind, global.project ?? process.cwd());
    output.data(JSON.stringify(found, null, output.mode === "json" ? 0 : 2));
  },
};

export const completion: Command = {
  name: "completion",
  summary: "Prints a completion script for bash, zsh or fish",
  arguments: "[shell]",
  examples: ['eval "$(millrace completion bash)"', "millrace completion zsh > ~/.zsh/_millrace"],
  async run({ output, commands }, [shell]) {
    output.data(completionScript(shell ?? (process.env["SHELL"] ?? "bash").split("/").at(-1)!, commands));
  },
};
