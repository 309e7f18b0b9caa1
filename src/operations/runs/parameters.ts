// Parameters of a job: defaults filled in, types and enums checked.
import type { ParamSpec } from "../../model/definitions/job.ts";
import { MillraceError } from "../../model/errors.ts";
import { isOfType } from "../../model/parameter-types.ts";
import { didYouMean } from "../../model/suggest.ts";

/** @throws MR8007 for an unknown parameter, a missing one, or a value of another type. */
export function parametersOf(
  specs: Readonly<Record<string, ParamSpec>>,
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(specs, name)) {
      const known = Object.keys(specs);
      throw new MillraceError({
        code: "MR8007",
        message: `there is no parameter ${name}`,
        hint: didYouMean(name, known) ?? (known.length === 0 ? "it is declared under params: in the job" : `there are ${known.join(", ")}`),
      });
    }
  }
  const values: Record<string, string> = {};
  for (const [name, spec] of Object.entries(specs)) {
    const value = given[name] ?? (spec.default === undefined ? undefined : String(spec.default));
    if (value === undefined) {
      if (spec.required === true)
        throw new MillraceError({ code: "MR8007", message: `the parameter ${name} is missing`, hint: `give it with --param ${name}=…` });
      continue;
    }
    if (!isOfType(value, spec.type))
      throw new MillraceError({ code: "MR8007", message: `the parameter ${name} is ${JSON.stringify(value)}, which is no ${spec.type}` });
    if (spec.enum !== undefined && !spec.enum.some((allowed) => String(allowed) === value)) {
      throw new MillraceError({
        code: "MR8007",
        message: `the parameter ${name} is ${JSON.stringify(value)}`,
        hint: `one of ${spec.enum.join(", ")}`,
      });
    }
    values[name] = value;
  }
  return values;
}
