// A JSON value against a JSON Schema, as far as the keywords are known here: true, false, or undefined where it is not decided.
import {
  equalJson,
  hasType,
  itemOf,
  type JsonSchema,
  jsonTypeOf,
  listOf,
  numberOf,
  partsOf,
  propertyOf,
  type Schema,
  TOGETHER,
} from "./json-schema-parts.ts";

export { equalJson };

const DEPTH_MAX = 100;

/** Does `schema` take `value`? */
export function validates(schema: JsonSchema, value: unknown, root: JsonSchema, depth = 0): boolean | undefined {
  const parts = depth > DEPTH_MAX ? null : partsOf(schema, root);
  if (parts === null) return undefined;
  return every(parts.flatMap((part) => rulesOf(part, value, root, depth + 1)));
}

/** Three-valued "and". */
function every(answers: readonly (boolean | undefined)[]): boolean | undefined {
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}

function rulesOf(schema: Schema, value: unknown, root: JsonSchema, depth: number): (boolean | undefined)[] {
  const answers: (boolean | undefined)[] = [];
  const below = (inner: JsonSchema): boolean | undefined => validates(inner, value, root, depth);
  if ("type" in schema) answers.push(hasType(schema["type"], jsonTypeOf(value)));
  if ("const" in schema) answers.push(equalJson(schema["const"], value));
  if (Array.isArray(schema["enum"])) answers.push(schema["enum"].some((each) => equalJson(each, value)));
  if ("not" in schema) {
    const inner = below(schema["not"] as JsonSchema);
    answers.push(inner === undefined ? undefined : !inner);
  }
  for (const keyword of ["anyOf", "oneOf"]) {
    if (!Array.isArray(schema[keyword])) continue;
    const taken = (schema[keyword] as JsonSchema[]).map(below);
    const certain = taken.filter((answer) => answer === true).length;
    if (keyword === "anyOf") answers.push(certain > 0 ? true : taken.includes(undefined) ? undefined : false);
    else answers.push(certain > 1 ? false : taken.includes(undefined) ? undefined : certain === 1);
  }
  if (
    TOGETHER.flat().some((keyword) => keyword in schema) ||
    Object.keys(schema).some((keyword) => /^unevaluated|^\$(dynamic|recursive)/.test(keyword))
  )
    answers.push(undefined);
  if (typeof value === "string") answers.push(...ofString(schema, value));
  if (typeof value === "number") answers.push(...ofNumber(schema, value));
  if (Array.isArray(value)) answers.push(...ofArray(schema, value, root, depth));
  else if (typeof value === "object" && value !== null) answers.push(...ofObject(schema, value as Record<string, unknown>, root, depth));
  return answers;
}

function ofString(schema: Schema, value: string): (boolean | undefined)[] {
  const length = Array.from(value).length;
  const pattern = schema["pattern"];
  return [
    length >= (numberOf(schema["minLength"]) ?? 0),
    length <= (numberOf(schema["maxLength"]) ?? Infinity),
    typeof pattern === "string" ? new RegExp(pattern, "u").test(value) : true,
    "format" in schema ? undefined : true,
  ];
}

function ofNumber(schema: Schema, value: number): (boolean | undefined)[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const step = numberOf(multipleOf);
  return [
    value >= (numberOf(minimum) ?? -Infinity) && !(exclusiveMinimum === true && value === minimum),
    value <= (numberOf(maximum) ?? Infinity) && !(exclusiveMaximum === true && value === maximum),
    value > (numberOf(exclusiveMinimum) ?? -Infinity),
    value < (numberOf(exclusiveMaximum) ?? Infinity),
    step === undefined ? true : Number.isSafeInteger(step) && Number.isSafeInteger(value) ? value % step === 0 : undefined,
  ];
}

function ofArray(schema: Schema, value: readonly unknown[], root: JsonSchema, depth: number): (boolean | undefined)[] {
  const isUnique = value.every((item, index) => !value.slice(0, index).some((other) => equalJson(item, other)));
  return [
    value.length >= (numberOf(schema["minItems"]) ?? 0),
    value.length <= (numberOf(schema["maxItems"]) ?? Infinity),
    schema["uniqueItems"] !== true || isUnique,
    ...value.map((item, index) => validates(itemOf(schema, index), item, root, depth)),
  ];
}

function ofObject(schema: Schema, value: Readonly<Record<string, unknown>>, root: JsonSchema, depth: number): (boolean | undefined)[] {
  const names = Object.keys(value);
  return [
    names.length >= (numberOf(schema["minProperties"]) ?? 0),
    names.length <= (numberOf(schema["maxProperties"]) ?? Infinity),
    listOf(schema["required"]).every((name) => Object.hasOwn(value, name)),
    ...names.map((name) => validates(propertyOf(schema, name), value[name], root, depth)),
  ];
}
