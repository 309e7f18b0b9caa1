// Why a text is no query that an asset can be made of, with the place: statements of another kind, several of them, none, unknown parameters.
import { MillraceError } from "../../model/errors.ts";
import { type DuckdbFailure, firstWord, locate, type SqlUnit, syntaxError } from "../compile/errors.ts";
import { type AnalysisCopy, unchangedCopy } from "./copy.ts";
import { scanSql } from "./scan.ts";
import { isNode, type ParsedSql, type TreeNode } from "./tree.ts";

const MATERIALIZE_HINT = "a model is one select; how it is stored stands in the front matter (materialize:)";

/** What DuckDB cannot show as a tree is another statement, or SQL that it parses and does not carry out. */
export function parseRefusal(unit: SqlUnit, parsed: Extract<ParsedSql, { ok: false }>): MillraceError {
  if (parsed.type !== "not implemented") return syntaxError(unit, unchangedCopy(unit.sql), failureOf(parsed));
  if (parsed.message.startsWith("Only SELECT statements")) return notAQuery(unit, MATERIALIZE_HINT);
  return new MillraceError({
    code: "MR2010",
    message: `${unit.id}: DuckDB parses the query and does not carry it out`,
    hint: parsed.message,
    location: locate(unit, firstWord(unit.sql)),
  });
}

export function failureOf(parsed: Extract<ParsedSql, { ok: false }>): DuckdbFailure {
  return {
    type: parsed.type,
    subtype: "",
    message: parsed.message,
    position: parsed.position === null ? null : { unit: "characters", at: parsed.position },
  };
}

/** Why the statements are not one query; null where they are. */
export function statementRefusal(unit: SqlUnit, statements: readonly TreeNode[]): MillraceError | null {
  const [statement] = statements;
  if (statement === undefined) {
    const message = `${unit.id}: the file has no SQL`;
    return new MillraceError({ code: "MR2007", message, hint: "write the query behind the front matter", location: locate(unit, 0, 1) });
  }
  if (statements.length > 1) return severalStatements(unit, statements.length);
  return describes(statement) ? notAQuery(unit, "DESCRIBE, SHOW and SUMMARIZE are no queries whose rows can become a table") : null;
}

/** DESCRIBE and SUMMARIZE are parsed as `select * from` a special table; written in parentheses behind FROM they are fine. */
function describes(statement: TreeNode): boolean {
  const node = statement["node"];
  return isNode(node) && isNode(node["from_table"]) && node["from_table"]["type"] === "SHOW_REF";
}

function notAQuery(unit: SqlUnit, hint: string): MillraceError {
  const first = scanSql(unit.sql).find((token) => token.text !== ";");
  const verb = (first?.text ?? "").toUpperCase();
  const mixed = /^(SELECT|WITH|FROM|VALUES|TABLE|PIVOT)$/.test(verb);
  return new MillraceError({
    code: "MR2005",
    message: mixed ? `${unit.id}: this is more than a query` : `${unit.id}: ${verb} is not a query`,
    hint,
    location: locate(unit, first?.start ?? firstWord(unit.sql)),
  });
}

function severalStatements(unit: SqlUnit, count: number): MillraceError {
  const tokens = scanSql(unit.sql);
  const first = tokens.findIndex((token) => token.text !== ";");
  const ends = tokens.findIndex((token, index) => token.text === ";" && index > first);
  const second = tokens.slice(ends).find((token) => token.text !== ";");
  return new MillraceError({
    code: "MR2006",
    message: `${unit.id}: the file has ${count} statements, a model is one query`,
    hint: "put each query in a file of its own, or use `with`",
    location: locate(unit, second?.start ?? 0),
  });
}

export function unknownParameter(unit: SqlUnit, parameter: AnalysisCopy["parameters"][number]): MillraceError {
  const positional = /^[?\d]/.test(parameter.name);
  return new MillraceError({
    code: "MR2009",
    message: positional ? `${unit.id}: positional parameters are not bound` : `${unit.id}: there is no parameter $${parameter.name}`,
    hint:
      positional || /^params?$/i.test(parameter.name)
        ? "name it: $param.name, $start, $end, $now or $partition"
        : `write $param.${parameter.name} for a job's parameter; others are $start, $end, $now, $partition`,
    location: locate(unit, parameter.start, parameter.end - parameter.start),
  });
}
