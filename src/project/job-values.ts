// Values that a job gives itself, checked when the project is read and not at three in the morning: defaults of its parameters, what its triggers
// hand over, the key that its runs are counted by.
import type { JobSpec, ParamSpec } from "../model/definitions/job.ts";
import { MillraceError } from "../model/errors.ts";
import { isOfType } from "../model/parameter-types.ts";
import type { JobTrigger } from "../model/triggers.ts";
import { checkExpression } from "../platform/expression.ts";
import type { Document, Path } from "./document.ts";
import { type Reader, tell } from "./reader.ts";
import { hintFor } from "./validate.ts";

/** Defaults and allowed values are of the parameter's type, and a default is one of the allowed. */
export function checkParamSpecs(reader: Reader, document: Document, params: JobSpec["params"]): void {
  for (const [name, param] of Object.entries(params ?? {})) {
    const at: Path = ["params", name];
    const { default: otherwise, enum: allowed } = param;
    for (const [index, value] of (allowed ?? []).entries())
      if (!isOfType(String(value), param.type))
        tell(
          reader,
          "MR1023",
          `${JSON.stringify(value)} in the enum of ${name} is no ${param.type}`,
          document.locate([...at, "enum", index]),
        );
    if (otherwise === undefined) continue;
    const wrong = problemOf(otherwise, param);
    if (wrong !== undefined)
      tell(
        reader,
        "MR1023",
        `the default ${JSON.stringify(otherwise)} of ${name} ${wrong.what}`,
        document.locate([...at, "default"]),
        wrong.hint,
      );
  }
}

/** What a trigger hands over fits the parameters of the job; one that must be given is given. */
export function checkTriggerParams(reader: Reader, document: Document, { spec, kind, index }: JobTrigger, params: JobSpec["params"]): void {
  const given = (spec[kind] as { readonly params?: Readonly<Record<string, unknown>> }).params ?? {};
  const specs = params ?? {};
  const at: Path = ["triggers", index, kind];
  for (const [name, value] of Object.entries(given)) {
    const param = Object.hasOwn(specs, name) ? specs[name] : undefined;
    if (param === undefined) {
      const hint = hintFor(name, Object.keys(specs), "parameters") ?? "declare it under params: of the job";
      tell(reader, "MR1618", `the job has no parameter ${JSON.stringify(name)}`, document.locate([...at, "params", name], "key"), hint);
      continue;
    }
    if (typeof value === "string" && value.includes("${")) continue; // what happened is known later
    const wrong = typeof value === "object" ? undefined : problemOf(value, param);
    if (wrong !== undefined)
      tell(reader, "MR1618", `the parameter ${name} ${wrong.what}`, document.locate([...at, "params", name]), wrong.hint);
  }
  for (const [name, { required, default: otherwise }] of Object.entries(specs))
    if (required === true && otherwise === undefined && !Object.hasOwn(given, name))
      tell(
        reader,
        "MR1618",
        `the job must be given ${name}, and this trigger does not`,
        document.locate(at, "key"),
        `params: { ${name}: … } in the trigger, or a default in the job`,
      );
}

/** `concurrency.key` is an expression over the parameters of the job, and nothing else. */
export async function checkConcurrencyKey(reader: Reader, document: Document, { concurrency, params }: JobSpec): Promise<void> {
  const key = concurrency?.key;
  if (key === undefined) return;
  const place = document.locate(["concurrency", "key"]);
  try {
    const { mentions } = await checkExpression(key, { result: "any" });
    const known = Object.keys(params ?? {});
    for (const { of, name } of mentions) {
      if (of !== "params") tell(reader, "MR1048", `${of} is not known before a run starts`, place, "the key is made of params.NAME");
      else if (!known.includes(name))
        tell(reader, "MR1048", `the job has no parameter ${JSON.stringify(name)}`, place, hintFor(name, known, "parameters"));
    }
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    tell(reader, error.code, error.message, place, error.hint);
  }
}

function problemOf(value: unknown, { type, enum: allowed }: ParamSpec): { readonly what: string; readonly hint?: string } | undefined {
  if (!isOfType(String(value), type)) return { what: `is no ${type}` };
  if (allowed === undefined || allowed.some((each) => String(each) === String(value))) return undefined;
  return { what: "is not in its enum", hint: `one of: ${allowed.join(", ")}` };
}
