// `millrace token`: who else may speak to the server of this project, for how long and with which scope; links to its page.
import { type Scope, SCOPES, type TokenAnswer } from "../../model/access.ts";
import { MillraceError } from "../../model/errors.ts";
import { type Command, text } from "../command.ts";
import { printable, renderTable } from "../table.ts";

const SCOPE_DEFAULT: Scope = "read";

export const tokenCreate: Command = {
  name: "token create",
  summary: "Makes a token for the API and prints it once",
  arguments: "<name>",
  examples: [
    "millrace token create dashboard                     # reads",
    "millrace token create ci --scope operate --expires 30d",
    "TOKEN=$(millrace token create ci --scope operate --quiet)",
  ],
  options: [
    ["--scope <scope>", `read looks, operate acts on runs and data, admin gives access (default: ${SCOPE_DEFAULT})`],
    ["--expires <duration>", "12h, 30d, at most 366d (default: 90d)"],
  ],
  async run({ app, output }, [name], options) {
    const expires = text(options["expires"]);
    const request = { name: name!, scope: scopeOf(text(options["scope"])), ...(expires === undefined ? {} : { expires }) };
    const answer = await (await app()).tokenCreate(request);
    if (output.mode === "json") return output.json(answer);
    output.data(answer.token);
    output.note(`${answer.name}: ${answer.scope}, until ${answer.expiresAt}. It is not shown again; send it as Authorization: Bearer …`);
  },
};

export const tokenList: Command = {
  name: "token list",
  summary: "Lists the tokens of the API: scope, expiry, last use",
  examples: ["millrace token list", "millrace token list --json"],
  async run({ app, output }) {
    const answer = await (await app()).tokenList();
    if (output.mode === "json") return output.json(answer);
    if (answer.tokens.length === 0) return output.note("there are no tokens: millrace token create NAME");
    const rows = answer.tokens.map((token) => [
      token.id,
      token.name,
      token.scope,
      token.status,
      token.expiresAt,
      token.lastUsedAt ?? "never",
      token.by,
    ]);
    output.data(renderTable(["id", "name", "scope", "status", "expires", "last used", "made by"], rows));
  },
};

export const tokenRevoke: Command = {
  name: "token revoke",
  summary: "Takes a token back; sessions and streams that it opened end",
  arguments: "<token>",
  examples: ["millrace token revoke ci", "millrace token revoke t_1a2B3c4D"],
  async run({ app, output }, [token]) {
    const answer: TokenAnswer = await (await app()).tokenRevoke(token!);
    if (output.mode === "json") return output.json(answer);
    output.data(`${output.symbol("ok")} ${printable(answer.name)} (${answer.id}) is ${answer.status}`);
  },
};

export const tokenLink: Command = {
  name: "token link",
  summary: "Prints a link to the page of the running engine; it opens one session",
  examples: ["millrace token link"],
  async run({ app, output }) {
    const answer = await (await app()).pageLink();
    if (output.mode === "json") return output.json(answer);
    output.data(answer.link);
  },
};

function scopeOf(given: string | undefined): Scope {
  const scope = SCOPES.find((each) => each === (given ?? SCOPE_DEFAULT));
  if (scope !== undefined) return scope;
  throw new MillraceError({ code: "MR7001", message: `--scope ${given} is none`, hint: `write ${SCOPES.join(", ")}` });
}
