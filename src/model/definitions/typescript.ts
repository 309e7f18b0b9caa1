// defineAsset, defineTask and defineJob: checks what users give and tags it. The schemas are those of the YAML files, plus the functions.
import * as z from "zod";
import {
  type AssetDefinition,
  type AssetInput,
  definitionTag,
  type ExtractAssetDefinition,
  type ExtractAssetInput,
  type FunctionDefinition,
  type FunctionInput,
  type FunctionType,
  type JobDefinition,
  type JobInput,
  type TaskDefinition,
  type TaskInput,
  type TransformAssetDefinition,
  type TransformAssetInput,
} from "../define.ts";
import { MillraceError } from "../errors.ts";
import { didYouMean } from "../suggest.ts";
import { isolationSpec } from "./isolation.ts";
import { jobSpec } from "./job.ts";
import { mappingWithCode, partitionSpec } from "./partition.ts";
import { assetCommon, columnSpec, sourceSpec } from "./source.ts";
import { taskCommon } from "./task.ts";

const NAME = String.raw`[\p{L}_][\p{L}\p{N}_$-]*`;
const assetName = z
  .string({ error: 'is missing; write name: "raw.rates"' })
  .regex(new RegExp(`^${NAME}\\.${NAME}$`, "u"), { error: 'is no name of an asset; write schema.name, such as "raw.rates"' });
const plainName = z.string({ error: "is missing" }).regex(new RegExp(`^${NAME}$`, "u"), { error: "may hold letters, digits, _ and -" });
const oneOrMany = z.union([z.string(), z.array(z.string())]);
const code = z.custom<(...given: never[]) => unknown>((value) => typeof value === "function", { error: "must be a function" });

export const extractAssetSpec = sourceSpec
  .omit({ from: true, primaryKey: true, engine: true })
  .extend({ name: assetName, key: oneOrMany.optional(), isolation: isolationSpec.optional(), extract: code });

export const transformAssetSpec = z.strictObject({
  ...assetCommon,
  name: assetName,
  key: oneOrMany.optional(),
  partition: partitionSpec.optional(),
  needs: z.union([z.array(assetName).min(1, { error: "must name the assets that are read" }), z.record(assetName, mappingWithCode)]),
  columns: z.record(z.string(), columnSpec).optional(),
  isolation: isolationSpec.optional(),
  transform: code,
});

export const taskDefinitionSpec = z.strictObject({
  ...taskCommon,
  name: plainName,
  owner: z.string().optional(),
  tags: z.array(z.string()).optional(),
  after: z.array(z.string()).optional(),
  before: z.array(z.string()).optional(),
  partition: partitionSpec.optional(),
  run: code,
});

/** DuckDB's types that functions take and give. */
export const FUNCTION_TYPES = [
  "VARCHAR",
  "INTEGER",
  "BIGINT",
  "DOUBLE",
  "BOOLEAN",
  "DATE",
  "TIMESTAMP",
] as const satisfies readonly FunctionType[];

export const functionSpec = z.strictObject({
  name: z.string({ error: "is missing" }).regex(/^[a-z_]\w*$/i, { error: "may hold letters, digits and _" }),
  description: z.string().optional(),
  parameters: z.array(z.enum(FUNCTION_TYPES)),
  returns: z.enum(FUNCTION_TYPES),
  call: code,
});

const jobDefinitionSpec = jobSpec.extend({ name: plainName });

/** An asset written in TypeScript: `extract` pulls it from outside, `transform` makes it from the assets in `needs`. @throws MillraceError MR1901. */
export function defineAsset(input: ExtractAssetInput): ExtractAssetDefinition;
export function defineAsset(input: TransformAssetInput): TransformAssetDefinition;
export function defineAsset(input: AssetInput): AssetDefinition {
  const { extract, transform } = (input ?? {}) as { readonly extract?: unknown; readonly transform?: unknown };
  if ((extract === undefined) === (transform === undefined)) {
    const what = extract === undefined ? "needs `extract` or `transform`" : "has `extract` and `transform`; it can have one";
    throw wrong(`defineAsset${nameOf(input)}: ${what}`);
  }
  return define("asset", "defineAsset", transform === undefined ? extractAssetSpec : transformAssetSpec, input) as AssetDefinition;
}

/** A function that SQL may call: `select score(name, 3) from raw.people`. @throws MillraceError MR1901. */
export function defineFunction<const Types extends readonly FunctionType[], Returns extends FunctionType>(
  input: FunctionInput<Types, Returns>,
): FunctionDefinition<Types, Returns> {
  return define("function", "defineFunction", functionSpec, input) as FunctionDefinition<Types, Returns>;
}

/** A step that acts and leaves no data; what `run` returns is its output. @throws MillraceError MR1901. */
export function defineTask(input: TaskInput): TaskDefinition {
  return define("task", "defineTask", taskDefinitionSpec, input) as TaskDefinition;
}

/** A named selection of assets and tasks, run together; the keys are those of `jobs/NAME.yaml`. @throws MillraceError MR1901. */
export function defineJob(input: JobInput): JobDefinition {
  return define("job", "defineJob", jobDefinitionSpec, input) as JobDefinition;
}

/** Checks `input` and freezes a tagged copy of it. @throws MillraceError MR1901 that tells every mistake at once. */
export function define<Input>(kind: string, name: string, schema: z.ZodObject, input: Input): Readonly<Input> {
  const read = schema.safeParse(input);
  if (!read.success) {
    const known = Object.keys(schema.shape);
    const problems = read.error.issues.map((issue) => problemOf(issue, known));
    throw wrong(`${name}${nameOf(input)}: ${problems.join("; ")}`);
  }
  return Object.freeze({ ...input, [definitionTag]: kind });
}

function problemOf(issue: z.core.$ZodIssue, known: readonly string[]): string {
  const path = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    const hints = issue.keys.map((key) => {
      const meant = path === "" ? didYouMean(key, known) : undefined;
      return `there is no key \`${path === "" ? key : `${path}.${key}`}\`${meant === undefined ? "" : ` (${meant})`}`;
    });
    return hints.join("; ");
  }
  if (issue.code === "invalid_type" && path !== "" && issue.message.endsWith("received undefined")) return `\`${path}\` is missing`;
  return path === "" ? issue.message : `\`${path}\` ${issue.message}`;
}

function nameOf(input: unknown): string {
  const name = typeof input === "object" && input !== null ? (input as { readonly name?: unknown }).name : undefined;
  return typeof name === "string" ? ` "${name}"` : "";
}

function wrong(message: string): MillraceError {
  return new MillraceError({ code: "MR1901", message });
}
