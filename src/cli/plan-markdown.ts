// A plan as a comment of a pull request: a table of what changes, the details folded, never longer than what GitHub takes.
import type { PlanAnswer } from "../model/answers.ts";
import type { AssetChangeAnswer, ReasonAnswer } from "../model/change-answers.ts";
import { againstWord, changeWord, costWords, planSummary } from "./plan-text.ts";
import { rowsText } from "./diff-text.ts";
import { printable } from "./table.ts";
import { count, plural } from "./words.ts";

/** GitHub takes 65,536 characters in a comment. */
export const MARKDOWN_BYTES_MAX = 60_000;
const ROWS_MAX = 200;
const REASON_CHARACTERS_MAX = 300;

const ORDER: readonly AssetChangeAnswer["change"][] = ["removed", "breaking", "renamed", "nonBreaking", "added", "indirect", "metadata"];

/** Begins with a mark by which a tool finds its own comment again. */
export function planMarkdown(answer: PlanAnswer): string {
  const parts = [
    "<!-- millrace plan -->",
    `### Millrace plan${answer.changes === undefined ? "" : ` against \`${code(againstWord(answer.changes))}\``}`,
    `${cell(planSummary(answer))}.`,
    ...changeTable(answer),
    ...touchedList(answer),
    ...dataDetails(answer),
    ...reasonDetails(answer),
    ...nodeDetails(answer),
    ...notesOf(answer),
  ];
  return fitted(parts);
}

/** Parts as long as there is room; what is left out is said. */
function fitted(parts: readonly string[]): string {
  const kept: string[] = [];
  const note = "_More was left out: this comment would be longer than 60 kB. `millrace plan` shows all of it._";
  let bytes = Buffer.byteLength(note) + 2;
  for (const part of parts) {
    bytes += Buffer.byteLength(part) + 2;
    if (bytes > MARKDOWN_BYTES_MAX) return [...kept, note].join("\n\n");
    kept.push(part);
  }
  return kept.join("\n\n");
}

function changeTable({ changes, cost }: PlanAnswer): readonly string[] {
  if (changes === undefined || changes.assets.length === 0) return ["No definition differs."];
  const costs = new Map((cost?.nodes ?? []).map((each) => [each.asset, each]));
  const sorted = changes.assets.toSorted((a, b) => ORDER.indexOf(a.change) - ORDER.indexOf(b.change));
  const rows = sorted.slice(0, ROWS_MAX).map((change) => {
    const [first] = change.reasons;
    const why = first === undefined ? "" : reasonWords(first);
    const more = change.reasons.length > 1 ? ` (and ${count(change.reasons.length - 1)} more)` : "";
    return `| \`${code(change.asset)}\` | ${mark(change.change)} ${changeWord(change)} | ${why}${more} | ${costWords(costs.get(change.asset))} |`;
  });
  const rest = sorted.length - rows.length;
  return [
    ["| asset | change | why | builds about |", "|---|---|---|---|", ...rows].join("\n"),
    ...(rest > 0 ? [`… and ${plural(rest, "asset")} more.`] : []),
  ];
}

function mark(change: AssetChangeAnswer["change"]): string {
  return change === "breaking" || change === "removed" ? "🔴" : change === "metadata" || change === "indirect" ? "⚪" : "🟢";
}

function reasonWords({ text, place }: ReasonAnswer): string {
  const where = place === null || place.file === "" ? "" : ` (\`${code(place.file)}:${place.line}\`)`;
  return cell(text.slice(0, REASON_CHARACTERS_MAX)) + where;
}

function touchedList({ changes }: PlanAnswer): readonly string[] {
  const touched = changes?.touched ?? [];
  if (touched.length === 0) return [];
  const lines = touched
    .slice(0, ROWS_MAX)
    .map(({ kind, name, breaks, why }) => `- ${breaks ? "**breaks** " : ""}${kind} \`${code(name)}\`: ${cell(why)}`);
  return [
    details(
      `${plural(touched.length, "reader")} touched, ${count(touched.filter(({ breaks }) => breaks).length)} broken`,
      lines.join("\n"),
    ),
  ];
}

/** Counts alone: rows may be nobody's business in a comment. */
function dataDetails({ data = [] }: PlanAnswer): readonly string[] {
  return data.map(({ asset, before, after, rows, columns }) => {
    const cells = columns.slice(0, ROWS_MAX).map(({ column, changed }) => `| \`${code(column)}\` | ${count(changed)} |`);
    const table = cells.length === 0 ? [] : [["| column | changed cells |", "|---|---|", ...cells].join("\n")];
    const head = `${count(before.rows)} → ${plural(after.rows, "row")}: ${rowsText(rows)}`;
    return details(
      `data of <code>${html(asset)}</code>: ${html(head)}`,
      table.length === 0 ? "No cell of a row that both have differs." : table.join("\n"),
    );
  });
}

function reasonDetails({ changes }: PlanAnswer): readonly string[] {
  return (changes?.assets ?? [])
    .filter(({ reasons }) => reasons.length > 1 || reasons.some(({ place }) => place?.text !== undefined))
    .slice(0, ROWS_MAX)
    .map((change) => {
      const lines = change.reasons.flatMap((reason) => [`- ${reasonWords(reason)}`, ...frame(reason)]);
      return details(`<code>${html(change.asset)}</code>: ${html(changeWord(change))}`, lines.join("\n"));
    });
}

/** The line in a block of code; a fence inside of it cannot end it. */
function frame({ place }: ReasonAnswer): readonly string[] {
  if (place?.text === undefined) return [];
  const text = printable(place.text).slice(0, REASON_CHARACTERS_MAX).replaceAll("\n", " ");
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return [`  ${fence}sql`, `  ${text}`, `  ${fence}`];
}

function nodeDetails({ nodes }: PlanAnswer): readonly string[] {
  const builds = nodes.filter(({ action }) => action === "build");
  if (builds.length === 0) return [];
  const rows = builds.slice(0, ROWS_MAX).map(({ asset, reason }) => `| \`${code(asset)}\` | ${cell(reason)} |`);
  const rest = builds.length - rows.length;
  const table = ["| built | because |", "|---|---|", ...rows].join("\n");
  return [details(plural(builds.length, "node") + " built", rest > 0 ? `${table}\n\n… and ${count(rest)} more.` : table)];
}

function notesOf({ changes, notes = [] }: PlanAnswer): readonly string[] {
  const all = [...(changes?.notes ?? []), ...notes];
  return all.length === 0 ? [] : [all.map((note) => `- ${cell(note)}`).join("\n")];
}

function details(summary: string, body: string): string {
  return `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;
}

/** Text that neither ends a cell nor means anything to Markdown or HTML. */
function cell(text: string): string {
  return html(printable(text).replaceAll(/\s+/g, " "))
    .replaceAll(/[\\|`*_[\]]/g, (character) => `\\${character}`)
    .replaceAll("@", "@\u200b");
}

function html(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function code(text: string): string {
  return printable(text).replaceAll(/[`|\n]/g, "");
}
