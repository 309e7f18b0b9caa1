// The readable form of the API: one page made of the table of routes, without scripts.
import { methodOf } from "../model/api-paths.ts";
import { anyRoutes } from "./api.ts";
import { type AnswerSchemas, type Field, fieldsOf, groupOf, pathOf, type Schema } from "./openapi.ts";
import type { Route } from "./route.ts";

export const REFERENCE_STYLE = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent); --soft: color-mix(in srgb, currentColor 65%, transparent); }
* { box-sizing: border-box; }
body { margin: 0; font: 14px/22px system-ui, sans-serif; }
main, header { max-width: 68rem; margin: 0 auto; padding: 1rem 1.25rem; }
nav { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; padding: 0.75rem 0; border-block: 1px solid var(--line); }
a { color: LinkText; }
h1 { font-size: 28px; line-height: 36px; margin: 0.5rem 0; }
h2 { font-size: 20px; margin: 2.5rem 0 0.5rem; }
h3 { font: 600 14px/22px ui-monospace, monospace; margin: 0; overflow-wrap: anywhere; }
section, article { border-top: 1px solid var(--line); padding: 0.75rem 0; }
h2 + article { border-top: 0; }
p { margin: 0.25rem 0; max-width: 48rem; }
table { border-collapse: collapse; margin: 0.5rem 0; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.2rem 0.75rem 0.2rem 0; border-top: 1px solid var(--line); font-size: 13px; }
th { font-weight: 500; color: var(--soft); border-top: 0; }
code { font: 12.5px/20px ui-monospace, monospace; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
`;

export function referencePage(version: string, { answers, schemas }: AnswerSchemas): string {
  const names = [...new Set(anyRoutes.map(({ id }) => groupOf(id)))];
  const used = Object.entries(schemas);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Millrace API</title>
<link rel="stylesheet" href="/api/reference.css">
</head>
<body>
<header>
<h1>Millrace API</h1>
<p>Version ${escape(version)}. Every read and act of the command line, below <code>/api/v1</code>. Reads are GET, acts are POST with a JSON object.
Answers are what <code>--json</code> of the command prints, with <code>"v": 1</code>. An error is <code>{ "v": 1, "error": { "code", "message", "hint" } }</code>;
<code>millrace explain CODE</code> tells more. For programs: <a href="/api/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
<p>On this machine reads need nothing. Acts and other machines need a token: <code>Authorization: Bearer …</code> (<code>millrace token create</code>).
<code>millrace-environment</code> names another environment than the server's. An act with an <code>Idempotency-Key</code> is done once.
An act that carries out a run is answered with 202 as soon as the run is durable, with <code>?wait=true</code> when it has ended.</p>
<nav aria-label="Subjects">${[...names, "schemas"].map((name) => `<a href="#${name}">${name}</a>`).join(" ")}</nav>
</header>
<main>
${names.map((name) => groupText(name, answers)).join("\n")}
<h2 id="schemas">schemas</h2>
${used.map(([name, schema]) => schemaText(name, schema)).join("\n")}
</main>
</body>
</html>
`;
}

function groupText(name: string, answers: AnswerSchemas["answers"]): string {
  const texts = anyRoutes.filter(({ id }) => groupOf(id) === name).map((route) => routeText(route, answers[route.id]));
  return `<h2 id="${name}">${name}</h2>\n${texts.join("\n")}`;
}

function routeText(route: Route, answer: Schema | undefined): string {
  const fields = fieldsOf(route);
  return `<article id="${route.id}">
<h3>${methodOf(route.id)} ${escape(pathOf(route))}</h3>
<p>${escape(route.summary)}.</p>
<p class="soft">${route.id} · scope ${route.scope}${answer === undefined ? "" : ` · answers ${typeText(answer)}`}</p>
${fields.length === 0 ? "" : fieldTable(fields)}
</article>`;
}

function fieldTable(fields: readonly Field[]): string {
  const rows = fields.map(
    ({ name, in: where, required, schema }) =>
      `<tr><td><code>${escape(name)}</code></td><td class="soft">${where}${required ? ", required" : ""}</td><td>${typeText(schema)}</td><td>${tell(schema)}</td></tr>`,
  );
  return `<table><thead><tr><th scope="col">field</th><th scope="col">where</th><th scope="col">type</th><th scope="col"></th></tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

function schemaText(name: string, schema: Schema): string {
  const properties = Object.entries((schema["properties"] ?? {}) as Readonly<Record<string, Schema>>);
  const required = new Set((schema["required"] ?? []) as readonly string[]);
  const rows = properties.map(
    ([key, each]) =>
      `<tr><td><code>${escape(key)}${required.has(key) ? "" : "?"}</code></td><td>${typeText(each)}</td><td>${tell(each)}</td></tr>`,
  );
  const body = rows.length === 0 ? `<p>${typeText(schema)}</p>` : `<table><tbody>${rows.join("")}</tbody></table>`;
  return `<section id="schema-${escape(name)}"><h3>${escape(name)}</h3><p>${tell(schema)}</p>${body}</section>`;
}

function tell(schema: Schema): string {
  const { description, default: standard } = schema;
  const words = typeof description === "string" ? escape(description) : "";
  return standard === undefined ? words : `${words}${words === "" ? "" : "; "}default <code>${escape(JSON.stringify(standard))}</code>`;
}

/** A schema in a line: `string`, `array of RunAnswer`. */
function typeText(schema: Schema): string {
  const { $ref: reference, type, items, const: constant, properties, additionalProperties: others } = schema;
  const choices = (schema["anyOf"] ?? schema["oneOf"] ?? schema["allOf"]) as readonly Schema[] | undefined;
  const values = schema["enum"] as readonly unknown[] | undefined;
  if (typeof reference === "string") {
    const name = escape(reference.slice(reference.lastIndexOf("/") + 1));
    return `<a href="#schema-${name}">${name}</a>`;
  }
  if (constant !== undefined) return `<code>${escape(JSON.stringify(constant))}</code>`;
  if (values !== undefined) return values.map((each) => `<code>${escape(JSON.stringify(each))}</code>`).join(" or ");
  if (choices !== undefined) return choices.map(typeText).join(" or ");
  if (type === "array") return items === undefined ? "array" : `array of ${typeText(items as Schema)}`;
  if (properties !== undefined) {
    const keys = Object.entries(properties as Readonly<Record<string, Schema>>).map(([key, each]) => `${escape(key)}: ${typeText(each)}`);
    return `{ ${keys.join(", ")} }`;
  }
  if (type === "object") return typeof others === "object" ? `object of ${typeText(others as Schema)}` : "object";
  return Array.isArray(type) ? type.map(String).join(" or ") : typeof type === "string" ? type : "anything";
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
