// Which rows of a model on a server are made again. DuckDB's plan of the model's text tells how rows of what it reads lead to intervals, or keys, of the model
// (../incremental/locality.ts); the server tells which of them changed; what neither tells is made again as a whole, with the reason.
//   N1. The result is what a full build would give: settings under which it would not be are refused (the engine's capabilities).
import { isSameCode } from "../../model/code-hash.ts";
import { splitLedgerAsset } from "../../model/environment.ts";
import { type Incremental, incrementalOf } from "../../model/incremental.ts";
import { MillraceError } from "../../model/errors.ts";
import type { EngineIncrement, Seen, Watched } from "../../load/engine-port.ts";
import { type LiveVersion, readLive } from "../../sql/ledger/publish.ts";
import { readRemote } from "../../sql/ledger/remotes.ts";
import { parametersOf } from "../../sql/syntax/copy.ts";
import { utc } from "../incremental/deciding.ts";
import { readByKey, readByTime, type KeyRead, type Reading, type TimeReading } from "../incremental/locality.ts";
import { coarserColumn, filterLeavesStart } from "../incremental/refusals.ts";
import type { ModelRequest } from "../materialization.ts";
import { byKey, byTime, type ScopeRequest } from "./scope.ts";

interface IncrementRequest extends ScopeRequest, Pick<ModelRequest, "codeHash" | "fullRefresh" | "mayReuse"> {
  readonly live: ReadonlyMap<string, LiveVersion>;
  readonly inputs: readonly string[];
  readonly own: LiveVersion | undefined;
  /** Table of that version on the server. */
  readonly base: string | null;
  /** The server has none of the project's. */
  readonly macros: readonly [];
}

/** @throws MR4610, MR4664 */
export function incrementalThere({ spec, unit }: Pick<ModelRequest, "spec" | "unit">): Incremental {
  const how = incrementalOf(spec);
  if (how === undefined)
    throw new MillraceError({ code: "MR4610", message: `${unit.id}: an incremental model says how: by a column of time, or by a key` });
  if (!how.forwardOnly) return how;
  throw new MillraceError({
    code: "MR4664",
    message: `${unit.id}: new code for new rows only is not carried out on a server`,
    hint: "leave --forward-only out: all of it is made again",
  });
}

/** What is to be decided while the version is built, on top of what stands now. */
export async function incrementFor(request: ModelRequest, how: Incremental): Promise<EngineIncrement> {
  const { unit, warehouse, inputs, asked } = request;
  const { asset } = splitLedgerAsset(unit.id);
  const { live, own, base } = await warehouse.session(async (session) => {
    const seen = await readLive(session);
    const version = seen.get(asset);
    return {
      live: seen,
      own: version,
      base: version === undefined ? undefined : await readRemote(session, version.asset, version.version),
    };
  });
  const mayStay = own?.asset === unit.id && asked === undefined;
  return incrementOf({
    ...request,
    how,
    live: asTables(live),
    inputs: Object.keys(inputs),
    own,
    base: base?.physical ?? null,
    macros: [],
    mayStay,
  });
}

/** On the server each asset is a relation of its own, whatever it is made of. */
function asTables(live: ReadonlyMap<string, LiveVersion>): ReadonlyMap<string, LiveVersion> {
  return new Map([...live].map(([asset, version]) => [asset, { ...version, kind: "table", viewSql: null }]));
}

function incrementOf(request: IncrementRequest): EngineIncrement {
  const { how, unit, base } = request;
  const why = rebuildReason(request);
  const grain: EngineIncrement["grain"] =
    how.mode === "time" ? { kind: "time", column: how.by[0]!, unit: how.unit } : { kind: "key", columns: how.key };
  const common = { grain, base: why === null ? base : null };
  const question = (columns: LiveVersion["columns"]): Parameters<typeof readByTime>[0] => ({ ...request, columns });
  if (how.mode === "time") {
    let reading: TimeReading;
    return {
      ...common,
      async watch(columns) {
        reading = await readByTime(question(columns), how.by[0]!, how.unit);
        if (reading.coarser !== null) throw coarserColumn(unit, how.by[0]!, how.unit, reading.coarser);
        if (reading.leavesStart) throw filterLeavesStart(unit);
        return watchedOf(request, reading, (read) => ({ cells: [{ column: 0, sql: utc(read) }] }));
      },
      decide: (seen) => byTime(request, why ?? unknownReason(request, reading, seen), { seen, reading }),
    };
  }
  let reading: Reading<KeyRead>;
  return {
    ...common,
    async watch(columns) {
      reading = await readByKey(question(columns), how.key, request.inputs);
      return watchedOf(request, reading, (read) => ({ cells: [...read].map(([column, sql]) => ({ column, sql })) }));
    },
    decide: (seen) => byKey(request, why ?? unknownReason(request, reading, seen), { seen, reading }),
  };
}

/** Why nothing stands that could be gone on from. */
function rebuildReason({ own, base, codeHash, fullRefresh, asked }: IncrementRequest): string | null {
  if (own === undefined) return "never built";
  if (fullRefresh) return "--full-refresh";
  if (asked !== undefined && asked.kind !== "interval") return "asked for";
  if (base === null) return "it was not built incrementally before";
  if (!isSameCode(own.codeHash, codeHash)) return "its SQL or its settings changed, a new version is built beside";
  return null;
}

/** Why it cannot be known what a change touches. */
function unknownReason({ unit, mayReuse, asked }: IncrementRequest, reading: Reading<unknown>, seen: Seen): string | null {
  const [own] = seen.ownFunctions;
  if (!seen.hasSameColumns) return "its columns are others now";
  if (reading.unknown !== null) return reading.unknown;
  if (own !== undefined) return `what ${own}() reads is not known`;
  if (parametersOf(unit.sql).includes("now")) return "$now is another in each run";
  if (mayReuse === false && asked === undefined) return "something that it reads may have changed unseen";
  return null;
}

function watchedOf<Read>(
  { inputs }: IncrementRequest,
  { tables, unknown }: Reading<Read>,
  told: (read: Read) => NonNullable<Watched["reads"]>[number],
): readonly Watched[] {
  const isTold = unknown === null && [...tables.keys()].every((asset) => inputs.includes(asset));
  return inputs.flatMap((asset): readonly Watched[] => {
    const reads = tables.get(asset);
    if (reads === undefined && isTold) return []; // the optimizer found that it does not matter
    return [{ asset, reads: reads === undefined || reads === null ? null : reads.map(told) }];
  });
}
