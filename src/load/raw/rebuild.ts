// Replay: an asset is built again from what its loads received, without asking the source, by the definition of today.
//   B1. The new version is built beside the live one, as a shadow, by the same code that loads: every mode, contract, check and account is the same.
//   B2. Loads are carried out in the order in which they were committed; while one commits the next ones are staged already.
//   B3. It takes the asset's place in one transaction (publish-shadow.ts), or nothing is changed. Ids and times of the loads stay what they were.
import { MillraceError } from "../../model/errors.ts";
import { readLiveVersion } from "../../sql/ledger/publish.ts";
import { dropShadow, shadowOf } from "../../sql/ledger/shadow.ts";
import type { Transaction } from "../../sql/session.ts";
import type { Warehouse } from "../../sql/warehouse.ts";
import { load } from "../load.ts";
import { loadModeOf } from "../memory.ts";
import type { LoadRequest, LoadResult } from "../request.ts";
import { actedRows } from "./acted-rows.ts";
import { type Chain, type ChainLink, proveChain, readChain, readEveryLoad } from "./chain.ts";
import { keptDeliveries } from "./kept-deliveries.ts";
import { loadFolder } from "./place.ts";
import { publishShadow } from "./publish-shadow.ts";
import type { RebuildRequest } from "./rebuild-port.ts";

/** Loads that are staged while another one commits. */
const AHEAD = 3;

/** @throws MR8301, MR4301, MR4302, MR4304; what a load throws: then nothing was changed. */
export async function rebuild(warehouse: Warehouse, request: RebuildRequest): Promise<LoadResult> {
  const { asset, spec, root, token } = request;
  const chain = await warehouse.session((session) => readChain(session, asset, loadModeOf(spec)));
  await proveChain(root, asset, chain);
  const last = chain.links.at(-1);
  if (last === undefined) throw new MillraceError({ code: "MR4304", message: `${asset} is made of no load that the ledger knows` });
  const shadow = shadowOf(`${asset.replaceAll(".", "_")}_${token.run}_${token.attempt}`);
  await warehouse.session((session) => dropShadow(session, shadow));
  try {
    await warehouse.transaction((tx) => beginSchema(tx, request, { chain, shadow }));
    const results = await carryOut(warehouse, request, { chain, shadow });
    request.signal?.throwIfAborted();
    return await publishShadow(warehouse, { request, chain, shadow, results });
  } catch (error) {
    await warehouse.session((session) => dropShadow(session, shadow)).catch(() => undefined); // the next opening does it
    throw error;
  }
}

interface Building {
  readonly chain: Chain;
  readonly shadow: string;
}

/** Unless the definition is another one, types are what they were, also where this load alone would not tell them. */
async function beginSchema(tx: Transaction, { asset, codeHash }: RebuildRequest, { chain, shadow }: Building): Promise<void> {
  const live = await readLiveVersion(tx, asset);
  if (live?.codeHash !== codeHash) return;
  await tx.run(
    `insert into _millrace.schemas select * replace ($1 as asset, 0 as number) from _millrace.schemas
     where asset = $2 and "at" <= (select "at" from _millrace.loads where asset = $2 and load = $3) order by number desc limit 1`,
    [shadow, asset, chain.links[0]!.load],
  );
}

/** B2. */
async function carryOut(warehouse: Warehouse, request: RebuildRequest, { chain, shadow }: Building): Promise<readonly LoadResult[]> {
  const taken = takenBefore(request, chain);
  const loads: Promise<LoadResult>[] = [];
  for (const [index, link] of chain.links.entries()) {
    await loads[index - AHEAD];
    request.signal?.throwIfAborted();
    const before = loads[index - 1];
    const inTurn = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      await before;
      if (link.raw === null) await acceptAgain(warehouse, request.asset, { shadow, load: link.load });
      return work();
    };
    const { load: id, moment } = link;
    const replay = { load: id, moment, taken: taken[index]!, inTurn };
    const one = load(warehouse, { ...replayed(warehouse, request, link), ...shadowed(request, shadow, id), replay });
    one.catch(() => undefined); // told below
    loads.push(one);
  }
  await Promise.allSettled(loads);
  return Promise.all(loads);
}

function shadowed(
  { token }: RebuildRequest,
  shadow: string,
  load: string,
): Pick<LoadRequest, "asset" | "token" | "sourceState" | "fullRefresh"> {
  return { asset: shadow, token: { ...token, node: `${shadow}/${load}` }, sourceState: null, fullRefresh: false };
}

/** What a load of the chain delivers, and how it is taken. */
function replayed(
  warehouse: Warehouse,
  { root, file, ...request }: RebuildRequest,
  { load: id, raw }: ChainLink,
): Omit<LoadRequest, "sourceState" | "fullRefresh"> {
  if (raw === null) {
    const isKeyed = request.spec.primaryKey !== undefined;
    const { columns: _columns, cursor: _cursor, nested: _nested, ...plain } = request.spec;
    const way = loadModeOf(request.spec) === "snapshot" ? ("snapshot" as const) : isKeyed ? ("merge" as const) : ("append" as const);
    return {
      ...request,
      spec: { ...plain, load: way, deletes: "ignore", names: "keep", contract: { ...plain.contract, newColumn: "ignore" } },
      deliveries: actedRows(warehouse, request.asset, id),
    };
  }
  const { changedFile } = request.spec;
  return {
    ...request,
    // What was taken once is taken again, whatever would be said today.
    spec: { ...request.spec, ...(changedFile === "fail" || changedFile === "ignore" ? { changedFile: "replace" as const } : {}) },
    deliveries: keptDeliveries(raw, { folder: loadFolder(root, request.asset, id), tempDir: request.tempDir, file }),
    ...(raw.partition === null ? {} : { partition: raw.partition }),
  };
}

/** Files whose rows each load finds, by the deliveries of those before it. */
function takenBefore({ spec }: RebuildRequest, { links }: Chain): readonly ReadonlyMap<string, string>[] {
  const mode = loadModeOf(spec);
  const known = new Map<string, string>();
  return links.map(({ raw }) => {
    const before = mode === "append" || mode === "merge" ? new Map(known) : new Map<string, string>();
    for (const piece of raw?.pieces ?? []) if (piece.kind === "file") known.set(piece.name, piece.hash);
    return raw === null || raw.partition !== null ? new Map<string, string>() : before;
  });
}

/** What was accepted by then is accepted again, no sooner: the row that was set aside is set aside first. */
async function acceptAgain(
  warehouse: Warehouse,
  asset: string,
  { shadow, load: id }: { readonly shadow: string; readonly load: string },
): Promise<void> {
  await warehouse.transaction((tx) =>
    tx.run(
      `insert into _millrace.accepted select * replace ($1 as asset) from _millrace.accepted
       where asset = $2 and decision in (select decision from _millrace.decisions where load = $3)`,
      [shadow, asset, id],
    ),
  );
}

/** The asset as a load left it. */
export interface LoadedState {
  /** The version that the load made when it was carried out first. */
  readonly version: string;
  /** When that was, UTC. */
  readonly moment: string;
  /** What of the asset stands now: a view, by its ledger key. */
  readonly shadow: string;
}

/** Carries every load that the asset ever had out once more on a shadow, and calls `each` between them; then nothing stays of it. @throws as rebuild. */
export async function replayStates(
  warehouse: Warehouse,
  request: RebuildRequest,
  each: (state: LoadedState) => Promise<void>,
): Promise<void> {
  const { asset, root, token } = request;
  const chain = await warehouse.session((session) => readEveryLoad(session, asset));
  await proveChain(root, asset, chain);
  const shadow = shadowOf(`${asset.replaceAll(/[^A-Za-z0-9]/g, "_")}_states_${token.run}_${token.attempt}`);
  await warehouse.session((session) => dropShadow(session, shadow));
  const taken = takenBefore(request, chain);
  try {
    for (const [index, link] of chain.links.entries()) {
      request.signal?.throwIfAborted();
      if (link.raw === null) await acceptAgain(warehouse, asset, { shadow, load: link.load });
      const replay = {
        load: link.load,
        moment: link.moment,
        taken: taken[index]!,
        inTurn: <Result>(work: () => Promise<Result>) => work(),
      };
      const fullRefresh = link.raw?.fullRefresh ?? false;
      await load(warehouse, { ...replayed(warehouse, request, link), ...shadowed(request, shadow, link.load), fullRefresh, replay });
      await each({ version: link.version, moment: link.moment, shadow });
    }
  } finally {
    await warehouse.session((session) => dropShadow(session, shadow)).catch(() => undefined); // the next opening does it
  }
}
