// `millrace diff`: how the rows of an asset differ between environments or versions.
import type { DiffAnswer, DiffSide } from "../../model/diff-answers.ts";
import { MillraceError } from "../../model/errors.ts";
import type { JsonValue } from "../../model/json.ts";
import { type Command, text, texts } from "../command.ts";
import { EXIT } from "../exit.ts";
import type { Output } from "../output.ts";
import { printable, renderTable } from "../table.ts";
import { count, plural } from "../words.ts";

const SAMPLES_DEFAULT = 5;

export const diff: Command = {
  name: "diff",
  summary: "How the rows of an asset differ between two environments, or from an earlier version",
  arguments: "<asset>",
  examples: [
    "millrace diff clean.sales --env prod --env my_branch",
    "millrace diff clean.sales                     # in prod: against the version before",
    "millrace diff clean.sales --against v_3f2a --key id",
    "millrace diff clean.sales --env my_branch --exit-code --json",
  ],
  options: [
    ["--env <name>", "an environment; twice: before and after; once: it against prod", "many"],
    ["--against <version>", "an earlier version; `millrace history ASSET` lists them"],
    ["--key <columns>", "columns that name a row, with commas between (default: the declared key)"],
    ["--samples <n>", `rows of each kind that are shown (default: ${SAMPLES_DEFAULT})`],
    ["--exit-code", "exit with 4 when they differ"],
  ],
  async run({ app, output }, [asset], options) {
    const [against, key] = [text(options["against"]), text(options["key"])];
    const answer = await (
      await app()
    ).diff({
      asset: asset!,
      environments: texts(options["env"]),
      ...(against === undefined ? {} : { against }),
      ...(key === undefined ? {} : { key: key.split(",").map((name) => name.trim()) }),
      samples: samplesOf(text(options["samples"])),
    });
    if (output.mode === "json") output.json(answer);
    else for (const line of diffLines(answer, output.colors)) output.data(line);
    return options["exitCode"] === true && !answer.isSame ? EXIT.planHasChanges : EXIT.ok;
  },
};

function samplesOf(asked: string | undefined): number {
  if (asked === undefined) return SAMPLES_DEFAULT;
  const samples = Number(asked);
  if (!Number.isInteger(samples) || samples < 0)
    throw new MillraceError({ code: "MR7001", message: `--samples ${asked} is no number of rows`, hint: "--samples 20, or 0" });
  return samples;
}

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

function rowsText({ added, removed, changed, same }: DiffAnswer["rows"]): string {
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
