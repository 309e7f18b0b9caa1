// The user's query as it is sent: his text, with values for its parameters and, in an environment, its own assets in the place of prod's. In prod a
// text without parameters is sent as it was written. Every place in it leads back to the user's file.
import { DuckDBDateValue } from "@duckdb/node-api";
import { MillraceError } from "../../model/errors.ts";
import type { EngineBuild } from "../../load/engine-port.ts";
import { locate, offsetOfCharacter, type SqlUnit } from "../../sql/compile/errors.ts";
import { AssetNames } from "../../sql/compile/names.ts";
import { readForeign } from "../../sql/syntax/foreign.ts";
import { parametersIn, splice, type Splice } from "../../sql/syntax/copy.ts";
import { scanSql } from "../../sql/syntax/scan.ts";
import { literal, qualified } from "../../sql/text.ts";

export interface SentText {
  readonly text: string;
  readonly originalOffset: (offset: number) => number;
}

/** @throws MR4607 for a parameter without a value. */
export function textOfModel(unit: SqlUnit, reads: EngineBuild["reads"], parameters: Readonly<Record<string, unknown>>): SentText {
  const tokens = scanSql(unit.sql);
  const ends = tokens.filter(({ text }) => text === ";").map(({ start, end }): Splice => ({ start, end, text: "" }));
  const values = parametersIn(tokens).map(({ name, start, end }): Splice => {
    const value = valueOf(name, parameters);
    if (value === undefined) throw withoutValue(unit, name, start);
    return { start, end, text: name === "partition" ? literal(textOf(value)) : valueText(value) };
  });
  return splice(unit.sql, [...ends, ...values, ...moved(unit.sql, reads)]);
}

/** SQL of a check, whose assets may stand elsewhere too. */
export function textOfCheck(sql: string, reads: EngineBuild["reads"]): string {
  return splice(sql, moved(sql, reads)).text;
}

function moved(sql: string, reads: EngineBuild["reads"]): readonly Splice[] {
  const elsewhere = new Map([...reads].filter(([asset, place]) => place.join(".") !== asset));
  if (elsewhere.size === 0) return [];
  return readForeign(sql, new AssetNames(elsewhere.keys())).named.map(({ asset, start, end }) => ({
    start,
    end,
    text: qualified(...elsewhere.get(asset)!),
  }));
}

function valueOf(name: string, parameters: Readonly<Record<string, unknown>>): unknown {
  if (!name.startsWith("param.")) return parameters[name];
  const given = parameters["param"];
  return typeof given === "object" && given !== null
    ? (given as Readonly<Record<string, unknown>>)[name.slice("param.".length)]
    : undefined;
}

/** Values of DuckDB say themselves what they are. */
function textOf(value: unknown): string {
  return typeof value === "string" ? value : (value as { toString(): string }).toString();
}

/** A value of a parameter with its type; moments are without zone, in UTC. */
function valueText(value: unknown): string {
  if (value === null) return "null";
  if (value instanceof Date) return `${literal(value.toISOString().replace("T", " ").replace("Z", ""))}::timestamp`;
  switch (typeof value) {
    case "bigint":
      return `(${value}::bigint)`;
    case "number":
      return `(${literal(String(value))}::double precision)`;
    case "boolean":
      return String(value);
    case "string":
      return `${literal(value)}::text`;
    default: {
      return `${literal(textOf(value))}::${value instanceof DuckDBDateValue ? "date" : "timestamp"}`;
    }
  }
}

function withoutValue(unit: SqlUnit, name: string, at: number): MillraceError {
  return new MillraceError({
    code: "MR4607",
    message: `${unit.id}: $${name} has no value in this run`,
    ...(name.startsWith("param.") ? { hint: `millrace run --param ${name.slice("param.".length)}=…` } : {}),
    location: locate(unit, at, name.length + 1),
  });
}

interface Said {
  readonly code?: string;
  readonly position?: string;
  readonly hint?: string;
  readonly detail?: string;
  readonly message?: string;
}

/** What the server has against the user's text, at its place; undefined where it is not about the text. `before`: what stood in front of it. */
export function textFailure(error: unknown, unit: SqlUnit, sent: SentText, before: string): MillraceError | undefined {
  const { code = "", position, hint, detail, message = "" } = error as Said;
  if (!/^(22|42|0A|21|2F|38|39|P0)/.test(code) || error instanceof MillraceError) return undefined;
  const at = position === undefined ? null : offsetOfCharacter(`${before}${sent.text}`, Number(position) - 1) - before.length;
  const offset = at === null || at < 0 ? 0 : sent.originalOffset(at);
  return new MillraceError({
    code: "MR4661",
    message: `${unit.id}: ${message}${detail === undefined ? "" : ` (${detail})`}`,
    hint: hint ?? "the message is PostgreSQL's own",
    location: locate(unit, offset),
    cause: error,
  });
}
