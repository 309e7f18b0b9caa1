// Assets that stand on a server: models that an engine builds there, and sources that stay where they lie. What the server has done is noted here, so
// that plan, reuse, history and environments know of it as of anything else.
//   M1–M3 hold as for what is built in the warehouse (../commit.ts).
//   R1. The server commits first, with a note under the token; then the ledger. Between the two readers there see the new version and the ledger knows the
//       old one: the next try of the attempt finds the note; a new run builds again from the same and shows that.
//   R2. Where something in the warehouse reads the asset, its rows are copied from the version's own table, in the ledger's transaction.
import { stoppedByChecks } from "../../load/audit.ts";
import type { BuildRequest, BuildResult } from "../../load/build-port.ts";
import type { EngineBuilt, RemotePlace } from "../../load/engine-port.ts";
import { splitLedgerAsset, viewOfKey } from "../../model/environment.ts";
import { MillraceError } from "../../model/errors.ts";
import { locate, type SqlUnit } from "../../sql/compile/errors.ts";
import { type LiveVersion, physicalName, physicalTable, publish } from "../../sql/ledger/publish.ts";
import { keepRemotes, noteRemote, readRemote } from "../../sql/ledger/remotes.ts";
import type { Transaction } from "../../sql/session.ts";
import { qualified } from "../../sql/text.ts";
import { parametersOf } from "../../sql/syntax/copy.ts";
import { type Build, buildOnce, withInterrupt } from "../commit.ts";
import { hash } from "../hash.ts";
import type { ModelRequest } from "../materialization.ts";
import { parametersKey } from "../statement.ts";
import { readsWithCopies } from "./copies.ts";
import { incrementalThere, incrementFor } from "./increment.ts";
import { keep, noteIncrement, notesOf, type Noting } from "./noted.ts";

export interface RemoteModel extends ModelRequest {
  readonly remote: RemotePlace;
}

export interface RemoteSource extends BuildRequest {
  /** The ledger's key. */
  readonly asset: string;
  readonly options: unknown;
  readonly remote: RemotePlace;
}

interface There {
  readonly build: Build;
  readonly remote: RemotePlace;
  make(this: void, version: string, suffix: string, token: string): Promise<EngineBuilt>;
  /** Of an incremental model: its mode, for the ledger. */
  readonly mode?: string;
}

/** @throws MR4501 stopped by a check, MR4661 ff. */
export async function buildRemoteModel(request: RemoteModel): Promise<BuildResult> {
  const { unit, spec, parameters, remote, checks } = request;
  const materialize = spec.materialize === "view" ? "view" : "table";
  if (materialize === "view") refuseParameters(unit);
  const how = spec.materialize === "incremental" ? incrementalThere(request) : undefined;
  // What is asked for, and what lies within its lookback, is looked at though nothing changed.
  const isAsked = how !== undefined && (request.asked !== undefined || how.lookback !== undefined);
  return buildThere({
    build: {
      asset: unit.id,
      parametersKey: parametersKey(unit, parameters),
      request: isAsked ? { ...request, mayReuse: false } : request,
    },
    remote,
    ...(how === undefined ? {} : { mode: how.mode }),
    make: async (version, suffix, token) =>
      remote.server.build({
        ...(how === undefined ? {} : { increment: await incrementFor(request, how) }),
        query: { kind: "model", unit, parameters },
        asset: splitLedgerAsset(unit.id).asset,
        shown: viewOfKey(unit.id),
        reads: await readsWithCopies(request),
        searchPath: remote.searchPath,
        materialize,
        suffix,
        version,
        checks,
        token,
      }),
  });
}

/** What lies on the server is shown under the asset's name; its version is what the server says of its state. */
export async function standRemoteSource(request: RemoteSource): Promise<BuildResult> {
  const { asset, options, remote, checks } = request;
  const state = await remote.server.state(options);
  return buildThere({
    build: { asset, parametersKey: state?.token ?? null, request: { ...request, mayReuse: state !== null } },
    remote,
    make: async (version, suffix, token) => ({
      ...(await remote.server.build({
        query: { kind: "place", options },
        asset: splitLedgerAsset(asset).asset,
        shown: viewOfKey(asset),
        reads: remote.reads,
        searchPath: remote.searchPath,
        materialize: "view",
        suffix,
        version,
        checks,
        token,
      })),
      rows: state?.rows ?? null,
    }),
  });
}

function buildThere({ build, remote, make, mode }: There): Promise<BuildResult> {
  const { asset, request } = build;
  const upkeep: Build["upkeep"] = (live) => copyAfter({ build, remote }, live);
  return buildOnce({ ...build, upkeep }, async (version) => {
    const { token } = request;
    const suffix = hash(version, token.run, token.node, token.attempt);
    const built = await make(version, suffix, hash(remote.owner, asset, token.run, token.node));
    if (!built.isPublished) throw stoppedByChecks(asset, built.checks, request.checks);
    if (built.isSame === true) {
      const { live, result } = await withInterrupt(request, (tx) => keep(tx, { build, built, mode }));
      return (await copyAfter({ build, remote }, live)) ?? result;
    }
    const { result, kept } = await withCopy({ build, remote, built, mode, suffix }, async (tx, copied) => {
      const done = await record(tx, { build, remote, built, mode }, copied);
      return { result: done, kept: await keepRemotes(tx, asset) };
    });
    // What is not dropped now, because somebody reads it, is dropped after the next build.
    await remote.server.retire(splitLedgerAsset(asset).asset, kept).catch(() => undefined);
    return result;
  });
}

interface Recording extends Noting {
  readonly remote: RemotePlace;
}

/** Rows of the version in a table of the warehouse. */
interface Copied {
  readonly physical: string;
  readonly rows: number;
}

async function record(tx: Transaction, { build, remote, built, mode }: Recording, copied: Copied | null): Promise<BuildResult> {
  const { asset, request, parametersKey: sourceState } = build;
  const { version, physical, sql, checks } = built;
  const rows = copied?.rows ?? built.rows;
  const notes =
    copied === null ? notesOf(built) : [...notesOf(built), `${copied.rows} rows copied from ${remote.use.name} (${remote.use.connection})`];
  const result: BuildResult = { version, reused: false, rows, quarantined: 0, checks, ...(notes.length === 0 ? {} : { notes }) };
  await publish(tx, {
    asset,
    body: copied === null ? { kind: "remote", columns: built.columns } : { kind: "table", physical: copied.physical, hidden: [] },
    version,
    codeHash: request.codeHash,
    inputs: request.inputs,
    sourceState,
    contents: null,
    rows,
    checks,
    token: request.token,
    result,
  });
  await noteIncrement(tx, { build, built, mode, version });
  await noteRemote(tx, { asset, version, engine: remote.use.name, connection: remote.use.connection, physical, sql });
  return result;
}

/** R2. A table that nobody has published when this fails is dropped; after a crash the next who opens the warehouse does it. */
async function withCopy<Result>(
  { build, remote, built, suffix }: Recording & { readonly suffix: string },
  work: (tx: Transaction, copied: Copied | null) => Promise<Result>,
): Promise<Result> {
  const { asset, request } = build;
  if (!remote.isCopied) return withInterrupt(request, (tx) => work(tx, null));
  const physical = physicalName(asset, suffix);
  const into = physicalTable(physical);
  // A view is read as readers see it.
  const sql = built.physical === null ? `select * from ${qualified(...viewOfKey(asset))}` : built.sql;
  try {
    const { rows } = await request.warehouse.session(({ connection }) => remote.server.copy({ sql, connection, into }));
    return await withInterrupt(request, (tx) => work(tx, { physical, rows }));
  } catch (error) {
    await request.warehouse.session((session) => session.run(`drop table if exists ${into}`)).catch(() => undefined); // the first error tells
    throw error;
  }
}

/** The version stays; what reads it in the warehouse is new, so that now its rows are copied. */
async function copyAfter({ build, remote }: Pick<There, "build" | "remote">, live: LiveVersion): Promise<BuildResult | undefined> {
  if (!remote.isCopied || live.kind !== "remote") return undefined;
  const { asset, request } = build;
  const there = await request.warehouse.session((session) => readRemote(session, asset, live.version));
  if (there === undefined) return undefined;
  const { token } = request;
  const suffix = hash(live.version, token.run, token.node, token.attempt);
  const { columns, rows } = live;
  const built: EngineBuilt = { ...there, isPublished: true, columns, rows, checks: live.checks as EngineBuilt["checks"] };
  const recording = { build, remote, built, mode: undefined };
  return withCopy({ ...recording, suffix }, (tx, copied) => record(tx, recording, copied));
}

function refuseParameters(unit: SqlUnit): void {
  const [parameter] = parametersOf(unit.sql);
  if (parameter === undefined) return;
  throw new MillraceError({
    code: "MR4605",
    message: `${unit.id}: a view cannot have the parameter $${parameter}`,
    hint: "materialize: table",
    location: locate(unit, Math.max(0, unit.sql.indexOf(`$${parameter}`)), parameter.length + 1),
  });
}
