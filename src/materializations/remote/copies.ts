// What a model on a server reads in the warehouse: the rows of the version that it is built from are copied there, once per version.
import type { BuildRequest } from "../../load/build-port.ts";
import type { Place, RemotePlace } from "../../load/engine-port.ts";
import { MillraceError } from "../../model/errors.ts";
import { assetView, readLive } from "../../sql/ledger/publish.ts";

type Reading = Pick<BuildRequest, "warehouse" | "signal"> & { readonly remote: RemotePlace };

/** Where everything that is read stands on the server. @throws MR48xx */
export async function readsWithCopies({ warehouse, remote, signal }: Reading): Promise<RemotePlace["reads"]> {
  const reads = new Map<string, Place>(remote.reads);
  for (const asset of remote.here) {
    signal.throwIfAborted();
    reads.set(asset, await copied({ warehouse, remote }, asset));
  }
  return reads;
}

async function copied({ warehouse, remote }: Pick<Reading, "warehouse" | "remote">, asset: string): Promise<Place> {
  return warehouse.session(async (session) => {
    const standing = async (): Promise<{ readonly asset: string; readonly version: string } | undefined> =>
      (await readLive(session)).get(asset);
    const before = await standing();
    if (before === undefined)
      throw new MillraceError({ code: "MR4662", message: `${asset} was never built, so that there is nothing to copy` });
    const key = before.asset;
    const { connection } = session;
    const { place } = await remote.server.stage({
      asset: key,
      version: before.version,
      sql: `select * from ${assetView(key)}`,
      connection,
    });
    const after = await standing();
    if (after?.asset === key && after.version === before.version) return place;
    throw new MillraceError({
      code: "MR4662",
      message: `${asset} changed while its rows were copied to ${remote.server.place}`,
      hint: "it is tried again with what is there now",
      retryable: true,
    });
  });
}
