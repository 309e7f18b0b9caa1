// components/*.yaml: read before everything else, checked whether they are used or not.
import { componentSpec, type ComponentSpec } from "../model/definitions/component.ts";
import { MillraceError } from "../model/errors.ts";
import { type DefinitionFile, readSpec, readYamlFile } from "./assets.ts";
import { undeclaredIn, unfit } from "./components-params.ts";
import type { Document } from "./document.ts";
import { plainName } from "./names.ts";
import { claim, type Component, type Reader, tell } from "./reader.ts";
import { hintFor } from "./validate.ts";

const NAME = /^[\p{L}_][\p{L}\p{N}_.-]*$/u;

/** The components of the project; what is wrong is told. */
export function readComponents(reader: Reader, files: readonly DefinitionFile[]): readonly Component[] {
  return files.flatMap((file) => readComponent(reader, file) ?? []);
}

function readComponent(reader: Reader, definition: DefinitionFile): Component | undefined {
  const document = readYamlFile(reader, definition);
  if (document === undefined) return undefined;
  const name = plainName(definition.inner.replace(/\.[^.]*$/, "").replaceAll("/", "."));
  if (!NAME.test(name)) {
    const location = { file: document.file, line: 1, column: 1 };
    tell(reader, "MR1031", `${JSON.stringify(name)} cannot be the name of a component`, location, "use letters, digits, _, - and .");
    return undefined;
  }
  // Claimed also with errors in it, so that its uses are not told to be wrong too.
  if (!claim(reader, `component:${name}`, document, [], "component")) return undefined;
  const spec = readSpec(reader, componentSpec, document);
  if (spec === undefined) return undefined;
  checkComponent(reader, document, spec);
  return { name, spec, document };
}

/** Defaults fit their types, the body is of its kind and names only parameters that are declared. */
function checkComponent(reader: Reader, document: Document, spec: ComponentSpec): void {
  for (const [name, param] of Object.entries(spec.params ?? {})) {
    if (param.default === undefined) continue;
    const problem = unfit(param.default, param);
    if (problem !== undefined) tell(reader, "MR1092", `the default of ${name} ${problem}`, document.locate(["params", name, "default"]));
  }
  if (Array.isArray(spec.body) !== (spec.kind === "checks")) {
    const expected =
      spec.kind === "checks" ? "a list of checks" : spec.kind === "tasks" ? "tasks by their names" : `the keys of a ${spec.kind}`;
    tell(reader, "MR1093", `the body of a component of kind ${spec.kind} is ${expected}`, document.locate(["body"], "key"));
  }
  const known = Object.keys(spec.params ?? {});
  for (const { name, path } of undeclaredIn(spec.body, known, ["body"])) {
    const hint = hintFor(name, known, "parameters") ?? `params: { ${name}: { type: string } }`;
    reader.errors.push(
      new MillraceError({
        code: "MR1093",
        message: `there is no parameter ${JSON.stringify(name)}`,
        location: document.locate(path),
        hint,
      }),
    );
  }
}
