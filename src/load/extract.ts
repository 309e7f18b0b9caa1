// A source written in TypeScript: what its generator yields becomes deliveries, one per batch.
import type { ExtractAssetInput, ExtractContext } from "../model/define.ts";
import { MillraceError } from "../model/errors.ts";
import type { Delivery, Row } from "./connector.ts";

/** @throws what the generator throws; MR4018 when it yields something else than batches of rows. */
export async function* extractDeliveries(
  definition: Pick<ExtractAssetInput, "name" | "extract">,
  context: ExtractContext,
): AsyncGenerator<Delivery> {
  let batch = 0;
  for await (const rows of definition.extract(context)) {
    batch++;
    context.signal.throwIfAborted();
    if (!Array.isArray(rows) || !rows.every(isRow)) {
      throw new MillraceError({
        code: "MR4018",
        message: `${definition.name}: extract yielded ${Array.isArray(rows) ? "a batch that holds something else than rows" : `${describe(rows)} in place of a batch`}`,
        hint: "yield an array of objects: yield [{ id: 1 }]",
      });
    }
    yield { kind: "rows", name: `batch ${batch}`, rows };
  }
}

function isRow(row: unknown): row is Row {
  return typeof row === "object" && row !== null && !Array.isArray(row);
}

function describe(value: unknown): string {
  return value === null ? "null" : typeof value === "object" ? "an object" : typeof value;
}
