// A plan as a person reads it: what is done first, then what changed and why, with the line where it was changed, then what that touches.
import type { PlanAnswer } from "../model/answers.ts";
import type { AssetChangeAnswer, ChangesAnswer, CostAnswer, PlaceAnswer, ReasonAnswer } from "../model/change-answers.ts";
import { diffLines } from "./diff-text.ts";
import type { Output } from "./output.ts";
import { printable } from "./table.ts";
import { count, plural, seconds } from "./words.ts";

/** Unchanged nodes that are listed one by one. */
const REUSED_SHOWN_MAX = 12;
const REASONS_SHOWN_MAX = 6;
const FRAME_CHARACTERS_MAX = 120;

const MARK = { build: "~", reuse: " ", remove: "-" } as const;
const CHANGE_MARK: Readonly<Record<AssetChangeAnswer["change"], string>> = {
  added: "+",
  removed: "-",
  renamed: ">",
  breaking: "!",
  nonBreaking: "~",
  metadata: ".",
  indirect: "^",
};
const CHANGE_WORD: Readonly<Record<AssetChangeAnswer["change"], string>> = {
  added: "added",
  removed: "removed",
  renamed: "renamed",
  breaking: "breaking",
  nonBreaking: "non-breaking",
  metadata: "metadata only",
  indirect: "indirect",
};

export function planLines(answer: PlanAnswer, colors: Output["colors"]): readonly string[] {
  return [
    ...nodeLines(answer, colors),
    ...schemaLines(answer.schema ?? []),
    ...(answer.changes === undefined ? [] : changeLines(answer.changes, colors)),
    ...(answer.data ?? []).flatMap((data) => ["", ...diffLines(data, colors)]),
    ...(answer.notes ?? []).map((note) => `  ? ${printable(note)}`),
  ];
}

/** `3 of 6 nodes to do, about 1,200 rows, 3.4 MB, 1.2s`. */
export function planSummary({ nodes, cost }: PlanAnswer): string {
  const builds = nodes.filter(({ action }) => action === "build").length;
  if (builds === 0) return `nothing to do: ${plural(nodes.length, "node")} unchanged`;
  const about = costWords(cost?.total);
  return `${plural(builds, "node")} of ${nodes.length} to do${about === "" ? "" : `, about ${about}`}`;
}

function nodeLines({ nodes, cost, intervals }: PlanAnswer, colors: Output["colors"]): readonly string[] {
  const width = Math.max(0, ...nodes.map(({ asset }) => asset.length));
  const costs = new Map((cost?.nodes ?? []).map((each) => [each.asset, each]));
  const spans = new Map((intervals ?? []).map((each) => [each.asset, each]));
  const reused = nodes.filter(({ action }) => action === "reuse").length;
  const lines: string[] = [];
  for (const { asset, action, reason } of nodes) {
    if (action === "reuse" && reused > REUSED_SHOWN_MAX) continue;
    const line = `${MARK[action]} ${asset.padEnd(width)}  ${action.padEnd(6)}  ${printable(reason)}`;
    const span = action === "build" ? spans.get(asset) : undefined;
    const about = action === "build" ? costWords(costs.get(asset)) : "";
    const details = [span === undefined || span.count < 2 ? "" : `${span.from} … ${span.to}`, about === "" ? "" : `~${about}`].filter(
      (word) => word !== "",
    );
    const shown = details.length === 0 ? line : `${line}  ${colors.dim(`(${details.join("; ")})`)}`;
    lines.push(action === "reuse" ? colors.dim(line) : shown);
  }
  if (reused > REUSED_SHOWN_MAX) lines.push(colors.dim(`  ${plural(reused, "node")} unchanged`));
  return lines;
}

export function costWords(cost: Omit<CostAnswer, "asset"> | undefined): string {
  if (cost === undefined) return "";
  const words = [
    cost.rows === null ? "" : plural(cost.rows, "row"),
    cost.bytes === null || cost.bytes === 0 ? "" : bytesWord(cost.bytes),
    cost.seconds === null ? "" : seconds(cost.seconds),
  ];
  return words.filter((word) => word !== "").join(", ");
}

function bytesWord(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"] as const;
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 || value >= 100 ? count(Math.round(value)) : value.toFixed(1)} ${units[unit]!}`;
}

/** What would become of columns, and what that breaks. */
function schemaLines(schema: NonNullable<PlanAnswer["schema"]>): readonly string[] {
  return schema.flatMap(({ asset, changes, ddl, warnings, fails, breaks }) => [
    "",
    `schema of ${asset}`,
    ...(fails === null ? [] : [`  ! the load would fail: ${fails.code} ${printable(fails.message)}`]),
    ...changes.map(({ column, change, detail, policy }) => `  ${change.padEnd(7)} ${printable(column)}  ${printable(detail)}  (${policy})`),
    ...ddl.map((statement) => `  ddl     ${printable(statement)}`),
    ...warnings.map((warning) => `  ?       ${printable(warning)}`),
    ...breaks.map(
      ({ file, line, column, message }) => `  breaks  ${file === null ? "" : `${file}:${line}:${column}  `}${printable(message)}`,
    ),
  ]);
}

export function againstWord({ against }: Pick<ChangesAnswer, "against">): string {
  return against.kind === "git" ? `${against.ref} (${against.commit.slice(0, 8)})` : against.name;
}

function changeLines(changes: ChangesAnswer, colors: Output["colors"]): readonly string[] {
  const { assets, touched, notes } = changes;
  const lines: string[] = [];
  // What was never built is no change of anything.
  const told = assets.filter(({ change }) => change !== "added");
  const added = assets.filter(({ change }) => change === "added").map(({ asset }) => asset);
  if (told.length > 0 || added.length > 0 || touched.length > 0) lines.push("", colors.bold(`changes against ${againstWord(changes)}`));
  for (const change of told) lines.push(...assetLines(change, colors));
  if (added.length > 0) lines.push(`  ${CHANGE_MARK.added} new: ${shortList(added)}`);
  if (touched.length > 0) lines.push("", colors.bold("read by"));
  for (const { kind, name, breaks, why } of touched)
    lines.push(`  ${breaks ? colors.red("✗ breaks") : "  touches"}  ${kind} ${printable(name)}: ${printable(why)}`);
  for (const note of notes) lines.push(`  ? ${printable(note)}`);
  return lines;
}

/** Names in a list; more are counted. */
const NAMES_SHOWN_MAX = 8;

function shortList(names: readonly string[]): string {
  const more = names.length > NAMES_SHOWN_MAX ? ` and ${count(names.length - NAMES_SHOWN_MAX)} more` : "";
  return names.slice(0, NAMES_SHOWN_MAX).join(", ") + more;
}

export function changeWord({ change, from }: AssetChangeAnswer): string {
  return from === undefined || change === "renamed" ? CHANGE_WORD[change] : `renamed, ${CHANGE_WORD[change]}`;
}

function assetLines(change: AssetChangeAnswer, colors: Output["colors"]): readonly string[] {
  const word = changeWord(change);
  const head = `  ${CHANGE_MARK[change.change]} ${change.asset}  ${change.change === "breaking" || change.change === "removed" ? colors.red(word) : word}`;
  const shown = change.reasons.slice(0, REASONS_SHOWN_MAX);
  const rest = change.reasons.length - shown.length;
  const framed = new Set<string>();
  return [
    head,
    ...shown.flatMap((reason) =>
      reasonLines(reason, { colors, framed, isFramed: change.change !== "indirect" && change.change !== "metadata" }),
    ),
    ...(rest > 0 ? [colors.dim(`      … and ${rest} more`)] : []),
  ];
}

interface ReasonStyle {
  readonly colors: Output["colors"];
  /** Lines that were drawn already. */
  readonly framed: Set<string>;
  readonly isFramed: boolean;
}

function reasonLines({ text, place }: ReasonAnswer, { colors, framed, isFramed }: ReasonStyle): readonly string[] {
  const where = place === null ? "" : `  ${colors.cyan(`${place.file}:${place.line}:${place.column}`)}`;
  const lines = [`      ${printable(text)}${where}`];
  if (place?.text === undefined || !isFramed || framed.has(`${place.file}:${place.line}`)) return lines;
  framed.add(`${place.file}:${place.line}`);
  return [...lines, ...frameLines(place, colors)];
}

/** The line itself with the place marked. */
function frameLines({ line, column, text = "", length = 1 }: PlaceAnswer, colors: Output["colors"]): readonly string[] {
  const start = Math.max(0, Math.min(column - 20, text.length - FRAME_CHARACTERS_MAX));
  const masked = printable(text).replaceAll("\t", " ");
  const shown = masked.slice(start, start + FRAME_CHARACTERS_MAX);
  const number = String(line).padStart(8);
  const width = Math.max(1, Math.min(length, shown.length - (column - 1 - start)));
  return [
    `${colors.dim(`${number} │`)} ${shown}`,
    `${" ".repeat(9)}${colors.dim("│")} ${" ".repeat(column - 1 - start)}${colors.yellow("^".repeat(width))}`,
  ];
}
