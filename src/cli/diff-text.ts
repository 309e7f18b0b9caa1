// How rows differ, as a person reads it: columns first, then counts, then cells, then some of the rows.
import type { DiffAnswer, DiffSide } from "../model/diff-answers.ts";
import type { JsonValue } from "../model/json.ts";
import type { Output } from "./output.ts";
import { printable, renderTable } from "./table.ts";
import { count, plural } from "./words.ts";

export function diffLines(answer: DiffAnswer, colors: Output["colors"]): readonly string[] {
  const { before, after, rows, schema, columns, samples, key, notes } = answer;
  const lines = [`${colors.bold(answer.asset)}  ${sideText(before)} → ${sideText(after)}`];
  if (answer.isSame)
    return [
      ...lines,
      answer.by === "version" ? "  the same version" : `  no difference in ${plural(after.rows, "row")}`,
      ...notes.map((note) => `  ? ${note}`),
    ];
  for (const { name, type } of schema.added) lines.push(`  + column ${printable(name)} ${type}`);
  for (const { name, type } of schema.removed) lines.push(`  - column ${printable(name)} ${type}`);
  for (const { name, before: was, after: is } of schema.retyped) lines.push(`  ~ column ${printable(name)} ${was} → ${is}`);
  if (schema.isReordered) lines.push("  ~ the columns stand in another order");
  lines.push(`  rows: ${rowsText(rows)}${key === null || answer.by !== "key" ? "" : `   by ${key.join(", ")}`}`);
  if (columns.length > 0) {
    lines.push("", `  cells that differ`);
    const share = (changed: number): string =>
      rows.changed === null || rows.changed === 0 ? "" : `${Math.round((changed / rows.changed) * 100)} %`;
    lines.push(
      indented(
        renderTable(
          ["column", "changed", "of changed rows"],
          columns.map(({ column, changed }) => [column, changed, share(changed)]),
        ),
      ),
    );
  }
  if (samples.changed.length > 0) {
    lines.push("", "  changed");
    const names = Object.keys(samples.changed[0]!.key);
    const body = samples.changed.flatMap(({ key: own, cells }) =>
      cells.map(({ column, before: was, after: is }) => [...names.map((name) => own[name]), column, was, is]),
    );
    lines.push(indented(renderTable([...names, "column", "before", "after"], body)));
  }
  lines.push(...rowLines("added", samples.added), ...rowLines("removed", samples.removed));
  return [...lines, ...notes.map((note) => `  ? ${printable(note)}`)];
}

function sideText({ environment, version, rows }: DiffSide): string {
  const name = environment ?? (version === null ? "new" : `version ${version}`);
  return `${name} (${plural(rows, "row")})`;
}

export function rowsText({ added, removed, changed, same }: DiffAnswer["rows"]): string {
  const words = [`${count(added)} added`, `${count(removed)} removed`];
  if (changed !== null) words.push(`${count(changed)} changed`);
  if (same !== null) words.push(`${count(same)} the same`);
  return words.join(", ");
}

function rowLines(word: string, rows: readonly Readonly<Record<string, JsonValue>>[]): readonly string[] {
  const [first] = rows;
  if (first === undefined) return [];
  const names = Object.keys(first);
  return [
    "",
    `  ${word}`,
    indented(
      renderTable(
        names,
        rows.map((row) => names.map((name) => row[name])),
      ),
    ),
  ];
}

function indented(table: string): string {
  return table
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n");
}
