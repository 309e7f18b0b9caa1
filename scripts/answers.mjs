// The JSON Schemas of what the API answers, made of the types in src: one definition, and the comments of the types become descriptions.
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { API, SymbolFlags, TypeFlags } from "typescript/unstable/sync";

const root = resolve(fileURLToPath(import.meta.url), "../..");
const REFERENCE = "#/components/schemas/";

/** `answers`: the schema of each route's answer by the route's name; `schemas`: the named ones that they refer to. @throws for a type that is no JSON */
export function answerSchemas() {
  const api = new API({ cwd: root });
  try {
    const config = resolve(root, "tsconfig.json");
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config);
    const { checker } = project;
    const source = project.program.getSourceFile(resolve(root, "src/server/api.ts"));
    const table = checker.getExportsOfModule(checker.getSymbolAtLocation(source)).find(({ name }) => name === "Api");
    const reader = new Reader(checker);
    const answers = {};
    for (const route of checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(table))) {
      const answer = checker.getPropertyOfType(checker.getTypeOfSymbol(route), "answer");
      reader.at = route.name;
      answers[route.name] = reader.schema(checker.getTypeOfSymbol(answer));
    }
    return { answers, schemas: Object.fromEntries(Object.entries(reader.named).toSorted(([a], [b]) => (a < b ? -1 : 1))) };
  } finally {
    api.close();
  }
}

class Reader {
  named = {};
  /** Names by the type's id: two types of one name in different files are told apart. */
  names = new Map();
  at = "";

  constructor(checker) {
    this.checker = checker;
  }

  schema(type) {
    const name = this.nameOf(type);
    if (name === undefined) return this.plain(type);
    if (!this.names.has(type.id)) {
      const taken = Object.keys(this.named).filter((each) => each.replace(/\d+$/, "") === name).length;
      const own = taken === 0 ? name : `${name}${taken + 1}`;
      this.names.set(type.id, own);
      this.named[own] = {}; // stands while it refers to itself
      this.named[own] = described(this.plain(type), type.getAliasSymbol() ?? type.getSymbol(), this.checker);
    }
    return { $ref: `${REFERENCE}${this.names.get(type.id)}` };
  }

  /** Of an interface or alias of ours that has no parameters. */
  nameOf(type) {
    const alias = type.getAliasSymbol();
    if (alias !== undefined) return type.getAliasTypeArguments().length === 0 ? alias.name : undefined;
    const symbol = type.flags & TypeFlags.Object ? type.getSymbol() : undefined;
    if (symbol === undefined || (symbol.flags & SymbolFlags.Interface) === 0) return undefined;
    return this.checker.isArrayLikeType(type) || type.isTypeReference() ? undefined : symbol.name;
  }

  plain(type) {
    const { flags } = type;
    if (flags & (TypeFlags.Any | TypeFlags.Unknown)) return {};
    if (flags & TypeFlags.Null) return { type: "null" };
    if (flags & TypeFlags.Boolean) return { type: "boolean" };
    if (flags & (TypeFlags.StringLiteral | TypeFlags.NumberLiteral)) return { const: type.value };
    if (flags & TypeFlags.BooleanLiteral) return { const: this.checker.typeToString(type) === "true" };
    if (flags & (TypeFlags.String | TypeFlags.TemplateLiteral | TypeFlags.StringMapping)) return { type: "string" };
    if (flags & TypeFlags.Number) return { type: "number" };
    if (flags & TypeFlags.Union) return this.union(type.getTypes());
    if (this.checker.isTupleType(type)) {
      const items = this.checker.getTypeArguments(type).map((each) => this.schema(each));
      return { type: "array", prefixItems: items, minItems: items.length };
    }
    if (this.checker.isArrayLikeType(type)) return { type: "array", items: this.schema(this.checker.getTypeArguments(type)[0]) };
    if (flags & (TypeFlags.Object | TypeFlags.Intersection)) return this.object(type);
    throw new Error(`${this.at} answers what is no JSON: ${this.checker.typeToString(type)}`);
  }

  union(members) {
    const given = members.filter(({ flags }) => (flags & TypeFlags.Undefined) === 0);
    const isLiteral = ({ flags }) => (flags & (TypeFlags.StringLiteral | TypeFlags.NumberLiteral)) !== 0;
    const literals = given.filter(isLiteral).map(({ value }) => value);
    const booleans = given.filter(({ flags }) => (flags & TypeFlags.BooleanLiteral) !== 0);
    const others = given.filter((each) => !isLiteral(each) && !(booleans.length === 2 && booleans.includes(each)));
    const schemas = [
      ...(literals.length === 0 ? [] : [literals.length === 1 ? { const: literals[0] } : { enum: literals }]),
      ...(booleans.length === 2 ? [{ type: "boolean" }] : []),
      ...others.map((each) => this.schema(each)),
    ];
    if (schemas.length === 1) return schemas[0];
    if (schemas.every((each) => Object.keys(each).length === 1 && typeof each.type === "string"))
      return { type: schemas.map((each) => each.type) };
    return { anyOf: schemas };
  }

  object(type) {
    const properties = {};
    const required = [];
    for (const property of this.checker.getPropertiesOfType(type)) {
      const own = this.checker.getTypeOfSymbol(property);
      const isOptional = (property.flags & SymbolFlags.Optional) !== 0;
      properties[property.name] = described(this.schema(own), property, this.checker);
      if (!isOptional) required.push(property.name);
    }
    const [index] = this.checker.getIndexInfosOfType(type);
    return {
      type: "object",
      ...(Object.keys(properties).length === 0 ? {} : { properties }),
      ...(required.length === 0 ? {} : { required }),
      ...(index === undefined ? {} : { additionalProperties: this.schema(index.valueType) }),
    };
  }
}

function described(schema, symbol, checker) {
  const description = symbol === undefined ? "" : checker.getDocumentationCommentOfSymbol(symbol).trim();
  return description === "" ? schema : { ...schema, description };
}
