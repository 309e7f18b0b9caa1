// The public entry of the package: what code in pipelines/ imports from "millrace". It loads nothing heavy.
import * as z from "zod";
import type { CheckKind } from "./load/check.ts";
import type { Connector } from "./load/connector.ts";
import type { definitionTag } from "./model/define.ts";
import { define } from "./model/definitions/typescript.ts";
import { sql, type SqlText } from "./sql/tag.ts";

export type { Delivery, FileDelivery, ReadContext, RowsDelivery, WriteContext, WriteResult } from "./load/connector.ts";
export type {
  AssetDefinition,
  AssetInput,
  AssetRows,
  Definition,
  ExtractAssetInput,
  ExtractContext,
  FunctionDefinition,
  FunctionInput,
  FunctionType,
  HttpClient,
  HttpPage,
  HttpRequestOptions,
  JobDefinition,
  JobInput,
  JobTaskInput,
  Log,
  ReadRows,
  Row,
  RowOf,
  TaskContext,
  TaskDefinition,
  TaskInput,
  TransformAssetInput,
  TransformContext,
} from "./model/define.ts";
export { defineAsset, defineFunction, defineJob, defineTask } from "./model/definitions/typescript.ts";
export { type ErrorRecord, MillraceError } from "./model/errors.ts";
export { defineSensor, type SensorAnswer, type SensorContext, type SensorFunction } from "./model/sensor.ts";
export { sql, type SqlText, type SqlValue } from "./sql/tag.ts";
export type { CheckKind, Connector };

/** A kind of check of the user's own: `failing` is a query that returns the rows that break the rule. */
export interface CheckInput<Options> {
  readonly name: string;
  readonly summary: string;
  /** A zod schema of what stands behind the check's key. */
  readonly options: z.ZodType<Options>;
  failing(table: SqlText, options: Options): SqlText;
}

export type CheckDefinition<Options = unknown> = CheckKind<Options> & CheckInput<Options> & { readonly [definitionTag]: "check" };
export type ConnectorDefinition<Options = unknown> = Connector<Options> & { readonly [definitionTag]: "connector" };

const name = z.string().regex(/^[a-z]\w*$/i, { error: "may hold letters, digits and _" });
const schema = z.custom<z.ZodType>((value) => typeof (value as z.ZodType | undefined)?.safeParse === "function", {
  error: "must be a zod schema",
});
const code = z.custom<(...given: never[]) => unknown>((value) => typeof value === "function", { error: "must be a function" });
const checkSpec = z.strictObject({ name, summary: z.string(), options: schema, failing: code });
const connectorSpec = z.strictObject({
  name,
  summary: z.string(),
  options: schema,
  capabilities: z.strictObject({
    read: z.boolean(),
    write: z.array(z.enum(["replace", "append", "merge", "delete"])),
    resume: z.literal(true).optional(),
    peek: z.literal("local").optional(),
  }),
  read: code.optional(),
  state: code.optional(),
  peek: code.optional(),
  write: code.optional(),
  test: code.optional(),
  discover: code.optional(),
});

/** A kind of check that YAML and front matter may use by its name. @throws MillraceError MR1901. */
export function defineCheck<Options>(input: CheckInput<Options>): CheckDefinition<Options> {
  const kind = define("check", "defineCheck", checkSpec, input);
  return Object.freeze({
    ...kind,
    test: (options: Options) => ({
      test: { kind: "query", sql: kind.failing(sql.raw("t"), options).text, alias: "t" },
      columns: [],
      label: kind.name,
    }),
  }) as unknown as CheckDefinition<Options>;
}

/** A connector that YAML may use by its name. @throws MillraceError MR1901. */
export function defineConnector<Options>(input: Connector<Options>): ConnectorDefinition<Options> {
  return define("connector", "defineConnector", connectorSpec, input) as ConnectorDefinition<Options>;
}
