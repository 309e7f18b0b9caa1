// Puts components into definitions when the project is read: what the rest of Millrace sees is one plain definition whose every key knows the file it
// was written in.
//   E1. Keys of the definition itself go before the component's; `checks` and `tags` are joined.
//   E2. A parameter that is missing, unknown or of the wrong type is told where it is used, with the component's place beside it.
//   E3. Circles are told with their way round; depth and number of uses are limited.
import type { ComponentKind, ComponentParamType } from "../model/definitions/component.ts";
import { MillraceError, type SourceLocation } from "../model/errors.ts";
import { cellAs, filled, unfit } from "./components-params.ts";
import { cookbookTasks } from "./components-tasks.ts";
import type { Document } from "./document.ts";
import type { Component, Reader } from "./reader.ts";
import { childOf, documentOf, merged, plainOf, sourced, type Sourced, without } from "./sourced.ts";
import { hintFor } from "./validate.ts";

const DEPTH_MAX = 16;
const USES_MAX = 10_000;
const APPENDED: ReadonlySet<string> = new Set(["checks", "tags"]);

/** What a definition may use at its root. */
export type ExpandedKind = "source" | "job" | "asset";

type MapNode = Sourced & { readonly kind: "map" };

interface Expansion {
  readonly reader: Reader;
  readonly used: Set<string>;
  uses: number;
  isBroken: boolean;
}

/** The definition with its components put in; the same document when it uses none. What is wrong is told. */
export function expandComponents(reader: Reader, document: Document, kind: ExpandedKind): Document {
  if (!mayUse(document.value)) return document;
  const expansion: Expansion = { reader, used: new Set(), uses: 0, isBroken: false };
  const root = sourced(document.value, { document, path: [] });
  const whole = kind === "asset" ? root : usedAt(expansion, root, kind, []);
  const expanded = kind === "job" ? withTasks(expansion, whole, []) : withChecks(expansion, whole, []);
  const { used, isBroken } = expansion;
  return { ...documentOf(expanded, document), components: [...used], ...(isBroken ? { isBroken: true as const } : {}) };
}

/** Cheap: most definitions use none. */
function mayUse(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { use, checks, tasks } = value as Readonly<Record<string, unknown>>;
  const some = (list: unknown): boolean =>
    typeof list === "object" &&
    list !== null &&
    Object.values(list).some((each) => typeof each === "object" && each !== null && "use" in each);
  return use !== undefined || some(checks) || some(tasks);
}

/** The component that a mapping uses, with the mapping's own keys over it; the mapping itself when it uses none. */
function usedAt(expansion: Expansion, node: Sourced, kind: ComponentKind, way: readonly string[]): Sourced {
  const found = lookUp(expansion, node, [kind], way);
  if (found === undefined || node.kind !== "map")
    return node.kind === "map" && node.entries.has("use") ? without(node, "use", "with") : node;
  const base = usedAt(expansion, found.body, kind, found.way);
  return merged(base, without(node, "use", "with"), APPENDED);
}

function withChecks(expansion: Expansion, node: Sourced, way: readonly string[]): Sourced {
  const checks = childOf(node, "checks");
  if (node.kind !== "map" || checks?.kind !== "list") return node;
  return { ...node, entries: new Map([...node.entries, ["checks", { ...checks, items: expandedChecks(expansion, checks.items, way) }]]) };
}

function expandedChecks(expansion: Expansion, items: readonly Sourced[], way: readonly string[]): readonly Sourced[] {
  return items.flatMap((item) => {
    if (item.kind !== "map" || !item.entries.has("use")) return [item];
    const found = lookUp(expansion, item, ["checks"], way);
    if (found?.body.kind !== "list") return [];
    // severity, where: … beside `use` are those of each check that says nothing itself.
    const own = without(item, "use", "with");
    return expandedChecks(expansion, found.body.items, found.way).map((check) =>
      own.entries.size === 0 ? check : merged(own, check, APPENDED),
    );
  });
}

function withTasks(expansion: Expansion, node: Sourced, way: readonly string[]): Sourced {
  const tasks = childOf(node, "tasks");
  if (node.kind !== "map" || tasks?.kind !== "map") return node;
  return { ...node, entries: new Map([...node.entries, ["tasks", { ...tasks, entries: expandedTasks(expansion, tasks, way) }]]) };
}

function expandedTasks(expansion: Expansion, tasks: MapNode, way: readonly string[]): ReadonlyMap<string, Sourced> {
  const all = new Map<string, Sourced>();
  const put = (name: string, task: Sourced): void => {
    const other = all.get(name);
    if (other === undefined) all.set(name, task);
    else
      tell(
        expansion,
        "MR1030",
        `two tasks are named ${JSON.stringify(name)}`,
        task.at.document.locate(task.at.path, "key"),
        `the other: ${placeText(other)}`,
      );
  };
  for (const [name, task] of tasks.entries) {
    const found = lookUp(expansion, task, ["task", "tasks"], way);
    if (found === undefined || task.kind !== "map")
      put(name, task.kind === "map" ? without(task, ...(task.entries.has("use") ? ["use", "with"] : [])) : task);
    else if (found.kind === "task")
      put(name, merged(usedAt(expansion, found.body, "task", found.way), without(task, "use", "with"), APPENDED));
    else if (found.body.kind === "map") {
      const body: MapNode = { ...found.body, entries: expandedTasks(expansion, found.body, found.way) };
      for (const [inner, expanded] of cookbookTasks(name, body, without(task, "use", "with"))) put(inner, expanded);
    }
  }
  return all;
}

interface Used {
  readonly kind: ComponentKind;
  readonly body: Sourced;
  readonly way: readonly string[];
}

/** The body of the component that `node` uses, parameters filled in; undefined when it uses none, or with what is wrong told. */
function lookUp(expansion: Expansion, node: Sourced, kinds: readonly ComponentKind[], way: readonly string[]): Used | undefined {
  const use = childOf(node, "use");
  if (use === undefined || node.kind !== "map") return undefined;
  const { reader } = expansion;
  const name = plainOf(use);
  const location = use.at.document.locate(use.at.path);
  const component = typeof name === "string" ? reader.components.get(name.toLowerCase()) : undefined;
  if (component === undefined) {
    const known = [...reader.components.values()].filter(({ spec }) => kinds.includes(spec.kind)).map((each) => each.name);
    const hint = known.length === 0 ? "components are files in components/" : hintFor(String(name), known, "components");
    // A file with an error of its own has been told.
    expansion.isBroken = true;
    if (!reader.documents.has(`component:${String(name).toLowerCase()}`))
      tell(expansion, "MR1090", `there is no component ${JSON.stringify(name)}`, location, hint);
    return undefined;
  }
  const { spec } = component;
  if (!kinds.includes(spec.kind)) {
    tell(
      expansion,
      "MR1090",
      `the component ${component.name} is of kind ${spec.kind}; here stands a ${kinds.join(" or ")}`,
      location,
      component.document.file,
    );
    return undefined;
  }
  const next = [...way, component.name];
  if (way.includes(component.name) || next.length > DEPTH_MAX || ++expansion.uses > USES_MAX) {
    const message = way.includes(component.name)
      ? `components use each other in a circle: ${next.join(" → ")}`
      : `components are used ${expansion.uses > USES_MAX ? `more than ${USES_MAX} times` : `deeper than ${DEPTH_MAX} levels`}`;
    // Beyond the number of uses one sentence is enough: thousands of places would say the same.
    if (expansion.uses <= USES_MAX + 1) tell(expansion, "MR1091", message, location);
    return undefined;
  }
  expansion.used.add(component.name);
  const values = valuesOf(expansion, component, node, location);
  if (values === undefined) return undefined;
  const body = sourced(spec.body, { document: component.document, path: ["body"] });
  return { kind: spec.kind, body: filled(body, values), way: next };
}

/** E2. */
function valuesOf(
  expansion: Expansion,
  { name, spec, document }: Component,
  node: MapNode,
  location: SourceLocation,
): ReadonlyMap<string, Sourced> | undefined {
  const given = node.entries.get("with");
  const values = new Map<string, Sourced>();
  const params = spec.params ?? {};
  let isWrong = false;
  const wrong = (message: string, at: SourceLocation, hint?: string): void => {
    isWrong = true;
    tell(expansion, "MR1092", `${name}: ${message}`, at, hint);
  };
  const declared = (param: string): string => {
    const place = document.locate(["params", param], "key");
    return `${param} is declared in ${place.file}:${place.line}`;
  };
  if (given !== undefined && given.kind === "map") {
    for (const [param, value] of given.entries) {
      const at = value.at.document.locate(value.at.path, "key");
      if (Object.hasOwn(params, param)) values.set(param, typed(value, params[param]!.type));
      else wrong(`there is no parameter ${JSON.stringify(param)}`, at, hintFor(param, Object.keys(params), "parameters"));
    }
  } else if (given !== undefined && plainOf(given) !== null)
    wrong("with: takes a mapping (name: value)", given.at.document.locate(given.at.path));
  for (const [param, declaration] of Object.entries(params)) {
    const value = values.get(param);
    if (value === undefined && declaration.default === undefined) wrong(`the parameter ${param} is missing`, location, declared(param));
    else if (value === undefined) values.set(param, sourced(declaration.default, { document, path: ["params", param, "default"] }));
    else {
      const problem = unfit(plainOf(value), declaration);
      if (problem !== undefined) wrong(`${param} ${problem}`, value.at.document.locate(value.at.path), declared(param));
    }
  }
  return isWrong ? undefined : values;
}

/** registry.csv only has text. */
function typed(value: Sourced, type: ComponentParamType): Sourced {
  if (value.kind !== "scalar" || typeof value.value !== "string" || !value.at.document.file.endsWith(".csv")) return value;
  return { ...value, value: cellAs(value.value, type) };
}

function placeText({ at }: Sourced): string {
  const place = at.document.locate(at.path, "key");
  return `${place.file}:${place.line}`;
}

function tell(
  expansion: Expansion,
  code: "MR1030" | "MR1090" | "MR1091" | "MR1092",
  message: string,
  location: SourceLocation,
  hint?: string,
): void {
  expansion.isBroken = true;
  expansion.reader.errors.push(new MillraceError({ code, message, location, ...(hint === undefined ? {} : { hint }) }));
}

/** Errors that lie in a component's file say where it is used. */
export function withUseSites(reader: Pick<Reader, "documents">, errors: readonly MillraceError[]): readonly MillraceError[] {
  const uses = new Map<string, Set<string>>();
  for (const document of new Set(reader.documents.values()))
    for (const name of document.components ?? []) {
      const file = reader.documents.get(`component:${name}`)?.file;
      if (file !== undefined) uses.set(file, (uses.get(file) ?? new Set()).add(document.file));
    }
  if (uses.size === 0) return errors;
  return errors.map((error) => {
    const files = error.location === undefined ? undefined : uses.get(error.location.file);
    if (files === undefined) return error;
    const { code, message, location, cause } = error;
    const [first, ...more] = files;
    const used = `used in ${first}${more.length === 0 ? "" : ` and ${more.length} more`}`;
    const hint = error.hint === undefined ? used : `${error.hint}\n${used}`;
    return new MillraceError({
      code,
      message,
      hint,
      ...(location === undefined ? {} : { location }),
      ...(cause === undefined ? {} : { cause }),
    });
  });
}
