// SQLMesh's unit tests as unit tests of Millrace.
import { parse } from "yaml";
import { dig, lineAt, mapping, type Move, type Values, word, yaml } from "../move.ts";
import { assetName, type SqlmeshFile } from "./models.ts";

const DAY_MS = 86_400_000;

export function moveTests(move: Move, { path, text }: SqlmeshFile): void {
  let tests: Values;
  try {
    tests = (parse(text) ?? {}) as Values;
  } catch {
    return move.note({ file: path, line: 1 }, "cannot be read as YAML");
  }
  for (const [name, test] of Object.entries(tests) as [string, Values][]) {
    const at = { file: path, line: lineAt(text, text.indexOf(name)) };
    const given = Object.fromEntries(Object.entries(mapping(test, "inputs")).map(([asset, rows]) => [assetName(asset), rowsOf(rows)]));
    const expect = rowsOf(dig(test, "outputs", "query"));
    if (Object.values(given).includes(undefined) || (dig(test, "outputs", "query") !== undefined && expect === undefined)) {
      move.note(at, `the test ${name} gives its rows in a way that is not turned`);
      continue;
    }
    const ctes = mapping(test, "outputs", "ctes");
    const { start, end, execution_time: now } = mapping(test, "vars");
    const moved = {
      name,
      model: assetName(word(test["model"])),
      description: test["description"],
      start: start === undefined ? undefined : moment(start, 0),
      end: end === undefined ? undefined : moment(end, DAY_MS),
      now: now === undefined ? undefined : moment(now, 0),
      given,
      expect,
      cte: Object.fromEntries(Object.entries(ctes).map(([cte, rows]) => [cte, rowsOf(rows)])),
    };
    move.add(`tests/${name.replaceAll(/\W+/g, "_")}.yaml`, yaml(moved), at);
  }
}

function rowsOf(given: unknown): unknown {
  if (Array.isArray(given)) return given;
  if (typeof given !== "object" || given === null) return undefined;
  const { rows, format, query } = given as Values;
  if (format === "csv") return typeof rows === "string" ? { csv: rows } : undefined;
  return rows ?? (typeof query === "string" ? { sql: query } : undefined);
}

/** Its days include their ends. */
function moment(value: unknown, laterMs: number): string {
  const text = value instanceof Date ? value.toISOString() : String(value);
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text) || text.endsWith("T00:00:00.000Z");
  return isDay ? new Date(Date.parse(text.slice(0, 10)) + laterMs).toISOString().slice(0, 10) : text;
}
