// `read` of a transform: the rows of the assets that it needs, and of no others.
import type { ReadRows, Row } from "../model/define.ts";
import { MillraceError } from "../model/errors.ts";
import { didYouMean } from "../model/suggest.ts";
import { streamRows } from "../load/stream-rows.ts";
import { assetView } from "../sql/ledger/publish.ts";
import type { Warehouse } from "../sql/warehouse.ts";

export interface UpstreamReader {
  readonly read: ReadRows;
  /** Types of the columns that were read so far, by lower-case name; null where two assets differ. */
  readonly types: ReadonlyMap<string, string | null>;
}

/** Reads the assets in `needs` and no others. @throws MR4608 */
export function upstreamReader(warehouse: Warehouse, asset: string, needs: readonly string[], signal: AbortSignal): UpstreamReader {
  const types = new Map<string, string | null>();
  return { read: read as ReadRows, types };

  async function* read(name: string): AsyncGenerator<readonly Row[]> {
    if (!needs.includes(name)) {
      const hint = didYouMean(name, needs) ?? `needs: [${[...needs, name].join(", ")}]`;
      throw new MillraceError({ code: "MR4608", message: `${asset} reads ${name}, which is not among its needs`, hint });
    }
    const batches = streamRows(warehouse, `select * from ${assetView(name)}`, signal, (column, type) => {
      const key = column.toLowerCase();
      types.set(key, (types.get(key) ?? type) === type ? type : null);
    });
    yield* batches;
  }
}
