// Where a model's SQL runs (`engine:` of its front matter), or that a source stays where it lies: DuckDB when nothing is said.
import * as z from "zod";

const connection = z.strictObject({ connection: z.string().min(1).optional().describe("a name in `connections:`; default: the only one") });

/** `postgres`, or `{ postgres: { connection: shop } }`. */
export const engineSpec = z.union([
  z.string().min(1),
  z.record(z.string(), connection.nullable()).refine((given) => Object.keys(given).length === 1, { error: "names one engine" }),
]);
export type EngineSpec = z.infer<typeof engineSpec>;

/** DuckDB is no engine of this kind: it is what is there anyway. */
export const OWN_ENGINE = "duckdb";

/** An engine and the connection of its server. */
export interface EngineUse {
  readonly name: string;
  readonly connection: string;
}

/** What was written; undefined where that is DuckDB. */
export function engineWritten(
  spec: EngineSpec | undefined,
): { readonly name: string; readonly connection: string | undefined } | undefined {
  if (spec === undefined) return undefined;
  const [name, settings] = typeof spec === "string" ? [spec, null] : Object.entries(spec)[0]!;
  return name === OWN_ENGINE ? undefined : { name, connection: settings?.connection };
}
