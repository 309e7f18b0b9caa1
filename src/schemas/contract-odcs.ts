// Contracts as Open Data Contract Standard 3.1 documents, and back: columns, keys, quality rules.
import type { CheckEntry } from "../model/definitions/check.ts";
import { checkText, columnsOf, readCheck, type Contract, type ContractColumn, type Exported, type Imported } from "./contract.ts";
import { shapeOf, structType } from "./nested.ts";
import { logicalType, typeOfLogical } from "./odcs-types.ts";

const API_VERSION = "v3.1.0";
type Document = Record<string, unknown>;

export function toOdcs(contract: Contract): Exported {
  const lost: string[] = [];
  const properties = contract.columns.map(({ name, type, required, description, personal }): Document => {
    const position = contract.primaryKey.indexOf(name);
    return {
      name,
      ...typed(type),
      required,
      ...(position < 0 ? {} : { primaryKey: true, primaryKeyPosition: position + 1 }),
      ...(description === undefined ? {} : { description }),
      ...(personal === undefined ? {} : { classification: "restricted", customProperties: [{ property: "millracePii", value: personal }] }),
    };
  });
  const quality: Document[] = [];
  for (const entry of contract.checks) {
    const rule = qualityOf(entry);
    if (rule === null) lost.push(`check ${checkText(entry)}`);
    else if (rule.column === null) quality.push(rule.rule);
    else {
      const property = properties.find(({ name }) => name === rule.column);
      if (property === undefined) quality.push(rule.rule);
      else property["quality"] = [...((property["quality"] as Document[] | undefined) ?? []), rule.rule];
    }
  }
  const document = {
    apiVersion: API_VERSION,
    kind: "DataContract",
    id: `urn:millrace:${contract.name}`,
    name: contract.name,
    version: contract.version ?? "1.0.0",
    status: "active",
    ...(contract.tags.length === 0 ? {} : { tags: contract.tags }),
    ...(contract.description === undefined ? {} : { description: { purpose: contract.description } }),
    ...(contract.owner === undefined ? {} : { team: { members: [{ username: contract.owner, role: "owner" }] } }),
    schema: [
      {
        name: contract.name.split(".").at(-1),
        physicalName: contract.name,
        logicalType: "object",
        physicalType: "table",
        properties,
        ...(quality.length === 0 ? {} : { quality }),
      },
    ],
  };
  return { document, lost };
}

function typed(type: string): Document {
  const shape = shapeOf(type);
  if (shape.kind === "list") return { logicalType: "array", physicalType: type, items: typed(shape.of) };
  if (shape.kind === "struct")
    return {
      logicalType: "object",
      physicalType: type,
      properties: shape.fields.map((field) => ({ name: field.name, ...typed(field.type) })),
    };
  return { logicalType: logicalType(type), physicalType: type };
}

/** A check as a quality rule of a column or of the table; null where ODCS has no word for it. */
function qualityOf(entry: CheckEntry): { readonly column: string | null; readonly rule: Document } | null {
  const { kind, options, common } = readCheck(entry);
  const { name, severity, ...others } = common;
  if (Object.keys(others).length > 0) return null; // where, tolerate, onFail
  const head = {
    ...(name === undefined ? {} : { name }),
    type: "library",
    ...(severity === undefined ? {} : { severity: severity === "warn" ? "warning" : severity }),
  };
  const { column, min, max, values, pattern, sql, where } = (typeof options === "object" && options !== null ? options : {}) as Record<
    string,
    unknown
  >;
  const own = typeof column === "string" ? column : null;
  const columns = columnsOf(options);
  switch (kind) {
    case "notNull":
      if (columns.length !== 1)
        return columns.length === 0
          ? null
          : { column: null, rule: { ...head, metric: "nullValues", arguments: { properties: columns }, mustBe: 0 } };
      return { column: columns[0]!, rule: { ...head, metric: "nullValues", mustBe: 0 } };
    case "unique":
      if (columns.length === 1) return { column: columns[0]!, rule: { ...head, metric: "duplicateValues", mustBe: 0 } };
      return columns.length === 0
        ? null
        : { column: null, rule: { ...head, metric: "duplicateValues", arguments: { properties: columns }, mustBe: 0 } };
    case "acceptedValues":
      return { column: own, rule: { ...head, metric: "invalidValues", arguments: { validValues: values }, mustBe: 0 } };
    case "matches":
      return { column: own, rule: { ...head, metric: "invalidValues", arguments: { pattern }, mustBe: 0 } };
    case "range":
      return { column: own, rule: { ...head, metric: "invalidValues", arguments: limits("min", "max", min, max), mustBe: 0 } };
    case "length":
      return { column: own, rule: { ...head, metric: "invalidValues", arguments: limits("minLength", "maxLength", min, max), mustBe: 0 } };
    case "rowCount":
      return { column: null, rule: { ...head, metric: "rowCount", ...bounds(min, max) } };
    case "query":
      return typeof sql === "string"
        ? { column: null, rule: { ...head, type: "sql", query: `select count(*) from (${sql})`, mustBe: 0 } }
        : null;
    case "rule":
      return typeof where === "string"
        ? { column: null, rule: { ...head, type: "sql", query: `select count(*) from \${table} where not (${where})`, mustBe: 0 } }
        : null;
    default:
      return null;
  }
}

function limits(low: string, high: string, min: unknown, max: unknown): Document {
  return { ...(min === undefined ? {} : { [low]: min }), ...(max === undefined ? {} : { [high]: max }) };
}

function bounds(min: unknown, max: unknown): Document {
  if (min !== undefined && max !== undefined) return min === max ? { mustBe: min } : { mustBeBetween: [min, max] };
  return min === undefined ? { mustBeLessOrEqualTo: max } : { mustBeGreaterOrEqualTo: min };
}

const KNOWN = new Set(["apiVersion", "kind", "id", "name", "version", "status", "tags", "description", "team", "schema"]);
const KNOWN_TABLE = new Set(["name", "physicalName", "logicalType", "physicalType", "properties", "quality", "description", "tags"]);
const KNOWN_COLUMN = new Set([
  "name",
  "logicalType",
  "physicalType",
  "required",
  "primaryKey",
  "primaryKeyPosition",
  "description",
  "quality",
  "items",
  "properties",
  "classification",
  "customProperties",
  "unique",
  "logicalTypeOptions",
]);

/** The tables of a contract, as it calls them. */
export function odcsTables(document: Document): readonly string[] {
  return tablesOf(document).map((table, index) => text(table["name"]) ?? text(table["physicalName"]) ?? `table ${index + 1}`);
}

function tablesOf(document: Document): readonly Document[] {
  const { schema } = document;
  return Array.isArray(schema) ? schema.filter((each) => typeof each === "object" && each !== null) : [];
}

/** One table of a contract: the one at this place in `odcsTables`. */
export function fromOdcs(document: Document, name: string, at = 0): Imported {
  const lost: string[] = [];
  const table = tablesOf(document)[at] ?? {};
  tellRest(document, KNOWN, "the contract", lost);
  tellRest(table, KNOWN_TABLE, "the table", lost);
  const checks: CheckEntry[] = [];
  const keys: { name: string; position: number }[] = [];
  const columns = ((table["properties"] ?? []) as readonly Document[]).map((property, index): ContractColumn => {
    const column = text(property["name"]) ?? `column_${index + 1}`;
    tellRest(property, KNOWN_COLUMN, column, lost);
    if (property["primaryKey"] === true) keys.push({ name: column, position: Number(property["primaryKeyPosition"] ?? index + 1) });
    if (property["unique"] === true) checks.push({ unique: [column] });
    checks.push(...optionChecks(column, property["logicalTypeOptions"] as Document | undefined, lost));
    for (const rule of (property["quality"] ?? []) as readonly Document[]) addRule(rule, column, checks, lost);
    const custom = (property["customProperties"] ?? []) as readonly Document[];
    const personal = text(custom.find((each) => each["property"] === "millracePii")?.["value"]);
    for (const each of custom) if (each["property"] !== "millracePii") lost.push(`${column}: customProperties ${String(each["property"])}`);
    if (personal === undefined && property["classification"] !== undefined)
      lost.push(`${column}: classification ${JSON.stringify(property["classification"])}`);
    const description = text(property["description"]);
    return {
      name: column,
      type: typeOf(property),
      required: property["required"] === true,
      ...(description === undefined ? {} : { description }),
      ...(personal === undefined ? {} : { personal }),
    };
  });
  for (const rule of (table["quality"] ?? []) as readonly Document[]) addRule(rule, null, checks, lost);
  const physical = text(table["physicalName"]);
  const isOnly = tablesOf(document).length < 2;
  const own = [isOnly ? text(document["name"]) : undefined, physical].find((each) => each !== undefined && /^[\w-]+\.[\w -]+$/.test(each));
  const written = document["description"] as Document | string | undefined;
  const description = typeof written === "string" ? written : text(written?.["purpose"]);
  const team = document["team"] as Document | readonly Document[] | undefined;
  const members = (Array.isArray(team) ? team : ((team as Document | undefined)?.["members"] ?? [])) as readonly Document[];
  const owner = text(members.find((member) => member["role"] === "owner")?.["username"]);
  for (const member of members) if (member["role"] !== "owner") lost.push(`team: ${String(member["username"])}`);
  if (typeof written === "object") for (const key of Object.keys(written)) if (key !== "purpose") lost.push(`description: ${key}`);
  return {
    contract: {
      name: own ?? name,
      ...(text(document["version"]) === undefined ? {} : { version: text(document["version"]) }),
      ...(description === undefined ? {} : { description }),
      ...(owner === undefined ? {} : { owner }),
      tags: ((document["tags"] ?? []) as readonly unknown[]).filter((tag) => typeof tag === "string"),
      primaryKey: keys.toSorted((a, b) => a.position - b.position).map((key) => key.name),
      columns,
      checks,
    },
    lost,
  };
}

function tellRest(object: Document, known: ReadonlySet<string>, place: string, lost: string[]): void {
  for (const key of Object.keys(object)) if (!known.has(key)) lost.push(`${place}: ${key}`);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function typeOf(property: Document): string {
  const { logicalType: logical, physicalType: physical, items, properties } = property;
  const written = text(physical);
  if (written !== undefined && shapeOf(written).kind !== "other") return written;
  if (logical === "array" && typeof items === "object" && items !== null) return `${typeOf(items as Document)}[]`;
  if (logical === "object" && Array.isArray(properties) && properties.length > 0)
    return structType((properties as readonly Document[]).map((field) => ({ name: String(field["name"]), type: typeOf(field) })));
  return typeOfLogical(text(logical), written);
}

function optionChecks(column: string, options: Document | undefined, lost: string[]): readonly CheckEntry[] {
  const { minimum, maximum, minLength, maxLength, pattern, ...rest } = options ?? {};
  for (const key of Object.keys(rest)) lost.push(`${column}: logicalTypeOptions.${key}`);
  return [
    ...(minimum === undefined && maximum === undefined ? [] : [{ range: { column, ...limits("min", "max", minimum, maximum) } }]),
    ...(minLength === undefined && maxLength === undefined ? [] : [{ length: { column, ...limits("min", "max", minLength, maxLength) } }]),
    ...(pattern === undefined ? [] : [{ matches: { column, pattern } }]),
  ];
}

function addRule(rule: Document, column: string | null, checks: CheckEntry[], lost: string[]): void {
  const check = checkOf(rule, column);
  if (check === null) return void lost.push(`quality ${column ?? "of the table"}: ${JSON.stringify(rule)}`);
  const severity = rule["severity"];
  const name = text(rule["name"]);
  checks.push({
    ...check,
    ...(name === undefined ? {} : { name }),
    ...(severity === undefined ? {} : { severity: severity === "warning" ? "warn" : "error" }),
  });
}

/** `metric` is 3.1's word, `rule` that of 3.0. */
function checkOf(rule: Document, column: string | null): CheckEntry | null {
  const { metric = rule["rule"], mustBe, mustBeBetween, mustBeGreaterOrEqualTo, mustBeLessOrEqualTo, unit } = rule;
  const given = (rule["arguments"] ?? {}) as Document;
  const named = Array.isArray(given["properties"]) ? (given["properties"] as string[]) : column === null ? [] : [column];
  if (rule["type"] === "sql") return mustBe === 0 ? sqlCheck(text(rule["query"])) : null;
  if (rule["type"] !== undefined && rule["type"] !== "library") return null;
  if (metric === "rowCount") {
    if (Array.isArray(mustBeBetween)) return { rowCount: { min: mustBeBetween[0] as unknown, max: mustBeBetween[1] as unknown } };
    if (mustBe !== undefined) return { rowCount: { min: mustBe, max: mustBe } };
    const inner = limits("min", "max", mustBeGreaterOrEqualTo, mustBeLessOrEqualTo);
    return Object.keys(inner).length === 0 ? null : { rowCount: inner };
  }
  if (mustBe !== 0 || (unit !== undefined && unit !== "rows") || named.length === 0) return null;
  switch (metric) {
    case "nullValues":
      return { notNull: named };
    case "duplicateValues":
      return { unique: named };
    case "invalidValues": {
      if (named.length !== 1) return null;
      const { validValues, pattern, min, max, minLength, maxLength } = given;
      if (Array.isArray(validValues)) return { acceptedValues: { column: named[0], values: validValues as unknown[] } };
      if (pattern !== undefined) return { matches: { column: named[0], pattern } };
      if (min !== undefined || max !== undefined) return { range: { column: named[0], ...limits("min", "max", min, max) } };
      return minLength === undefined && maxLength === undefined
        ? null
        : { length: { column: named[0], ...limits("min", "max", minLength, maxLength) } };
    }
    default:
      return null;
  }
}

function sqlCheck(query: string | undefined): CheckEntry | null {
  if (query === undefined) return null;
  const rule = /^select count\(\*\) from \$\{table\} where not \((.*)\)$/s.exec(query);
  if (rule !== null) return { rule: { where: rule[1]! } };
  const rows = /^select count\(\*\) from \((.*)\)$/s.exec(query);
  return rows === null ? null : { query: { sql: rows[1]! } };
}
