// `millrace add CONNECTOR`: a source from what is there. On a terminal it asks for what was not said; a script gives everything as flags.
import type { App } from "../../app.ts";
import type { AddAnswer } from "../../model/add-answers.ts";
import { MillraceError } from "../../model/errors.ts";
import { type Command, type CommandContext, text, texts } from "../command.ts";
import type { Output } from "../output.ts";
import { askFor, chooseSome } from "../prompt.ts";
import { printable, renderTable } from "../table.ts";

type Request = Parameters<App["add"]>[0];

export const add: Command = {
  name: "add",
  summary: "Tries a connection, lists what is there, writes sources for what you choose",
  arguments: "<connector>",
  examples: [
    "millrace add postgres --set url=postgres://reader:secret@db:5432/county --list",
    "millrace add postgres --connection county --table 'public.*'",
    "millrace add files --set 'path=data/*.csv' --name sales",
    "millrace add http --set url=https://api.example.com/items --set auth.bearer='${secret:TOKEN}' --name items",
  ],
  options: [
    ["--set <key=value>", "a setting, dotted where it is nested; secrets go to secrets.env; may be repeated", "many"],
    ["--connection <name>", "use this connection of millrace.yaml, or make it of the settings"],
    ["--table <name>", "what to load, or a pattern; may be repeated", "many"],
    ["--name <name>", "name of the source: raw.NAME"],
    ["--list", "only try the connection and list what is there"],
    ["--dry-run", "show the files that would be written"],
  ],
  async run(context, [connector], options) {
    const app = await context.app();
    const [connection, name] = [text(options["connection"]), text(options["name"])];
    const base: Request = {
      connector: connector!,
      settings: settingsOf(texts(options["set"])),
      tables: texts(options["table"]),
      list: options["list"] === true,
      dryRun: options["dryRun"] === true,
      ...(connection === undefined ? {} : { connection }),
      ...(name === undefined ? {} : { name }),
    };
    const answer = await app.add(await withAnswers(context, app, base));
    const { output } = context;
    if (output.mode === "json") return output.json(answer);
    show(output, answer, base);
  },
};

function settingsOf(given: readonly string[]): Readonly<Record<string, string>> {
  const settings = given.map((each): readonly [string, string] => {
    const at = each.indexOf("=");
    if (at < 1) throw new MillraceError({ code: "MR7001", message: `--set ${each} is not of the form key=value` });
    return [each.slice(0, at).trim(), each.slice(at + 1)];
  });
  return Object.fromEntries(settings); // a key may be __proto__
}

/** On a terminal: asks for what is required and not said, then which tables. */
async function withAnswers({ output, signal, global }: CommandContext, app: App, base: Request): Promise<Request> {
  if (output.mode !== "tty" || !process.stdin.isTTY || global.yes === true) return base;
  const form = await app.addForm(base.connector);
  const isKnown = base.connection !== undefined && form.connections.includes(base.connection);
  const missing = isKnown || Object.keys(base.settings).length > 0 ? [] : form.questions;
  const answers = await askFor(missing, signal);
  const request = { ...base, settings: { ...base.settings, ...answers } };
  if (request.list || request.tables.length > 0) return request;
  const { found } = await app.add({ ...request, list: true });
  if (found === null || found.length < 2) return request;
  return {
    ...request,
    tables: await chooseSome(
      "What should be loaded?",
      found.map((one) => one.name),
    ),
  };
}

function show(output: Output, { tested, found, files, secrets, dryRun }: AddAnswer, { list }: Request): void {
  if (tested !== null) output.note(`${output.symbol("ok")} ${printable(tested)}`);
  if (list) {
    if (found === null) return output.note("this connector cannot list what is there");
    output.data(
      renderTable(
        ["name", "rows", "columns", "primary key", "cursor"],
        found.map((one) => [one.name, one.rows, one.columns, one.primaryKey.join(", "), one.cursor]),
      ),
    );
    return;
  }
  for (const { file, asset, text: written } of files) {
    if (dryRun) output.data(`# ${file}\n${written}`);
    else output.data(`${output.symbol("ok")} ${asset}  ${file}`);
  }
  if (secrets.length > 0 && !dryRun) output.note(`secrets.env holds ${secrets.join(", ")}; git leaves it out`);
  if (!dryRun) output.note(`load it: millrace run --select '${files.map(({ asset }) => asset).join(" ")}'`);
}
