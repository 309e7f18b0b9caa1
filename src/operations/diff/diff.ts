// `diff`: how the rows of an asset differ between two environments, or from an earlier version.
import type { DiffAnswer } from "../../model/diff-answers.ts";
import { ledgerAsset, PROD, splitLedgerAsset } from "../../model/environment.ts";
import { MillraceError } from "../../model/errors.ts";
import type { NodeId } from "../../model/graph.ts";
import { type AssetVersion, readVersions } from "../../load/versions.ts";
import { assetView, describeRelation, type LiveVersion, physicalTable, readLive } from "../../sql/ledger/publish.ts";
import { interruptible, type Session } from "../../sql/session.ts";
import { findAsset } from "../assets/assets.ts";
import { environmentNamed } from "../plan/against.ts";
import type { Workspace } from "../workspace.ts";
import type { Relation } from "./compare.ts";
import { type Compared, compared } from "./compared.ts";
import { declaredKey, keyOf } from "./key.ts";

export interface DiffRequest {
  readonly asset: string;
  /** None: this environment (after), against prod or, in prod, against the version before. One: that environment against prod. Two: before and after. */
  readonly environments: readonly string[];
  /** An earlier version, in place of an environment. */
  readonly against?: string;
  /** Default: the key that the asset declares. */
  readonly key?: readonly string[];
  readonly samples: number;
}

/** Rows of each kind that are shown at most. */
const SAMPLES_MAX = 1_000;

type Found = Compared & { readonly identity: string };

/** @throws MR6102 unknown asset, MR8806 unknown environment, MR8811, MR8812 */
export async function diffAsset(workspace: Workspace, request: DiffRequest): Promise<DiffAnswer> {
  const project = await workspace.project();
  const warehouse = await workspace.commonWarehouse();
  return warehouse.session(async (session) => {
    const here = (await workspace.environment()).name;
    const live = await readLive(session, here);
    const known = new Set([...project.nodes.filter(({ kind }) => kind !== "task").map(({ id }) => id), ...live.keys()]);
    const asset = findAsset(known, request.asset);
    const { signal } = workspace;
    return interruptible(session, signal, async () => {
      await session.run("begin transaction read only"); // both sides are of one moment
      try {
        const [before, after] = await sidesOf(session, { asset, here, request });
        const key = keyOf(request.key ?? declaredKey(project.nodes.find(({ id }) => id === asset)), {
          before,
          after,
          isAsked: request.key !== undefined,
        });
        return await compared(session, { asset, before, after, key, samples: Math.min(request.samples, SAMPLES_MAX) });
      } finally {
        await session.run("rollback").catch(() => undefined); // a failed transaction may be gone already
      }
    });
  });
}

interface Sides {
  readonly asset: NodeId;
  readonly here: string;
  readonly request: DiffRequest;
}

async function sidesOf(session: Session, { asset, here, request }: Sides): Promise<readonly [Found, Found]> {
  const { environments, against } = request;
  if (environments.length > 2) throw new MillraceError({ code: "MR7001", message: "diff compares two environments: --env A --env B" });
  const names: string[] = [];
  for (const asked of environments) {
    const name = await environmentNamed(session, asked);
    if (name === undefined)
      throw new MillraceError({
        code: "MR8806",
        message: `there is no environment ${JSON.stringify(asked)}`,
        hint: "`millrace env list` lists them",
      });
    names.push(name);
  }
  const [first = here, second] = names;
  if (against !== undefined) {
    if (second !== undefined)
      throw new MillraceError({ code: "MR7001", message: "diff compares two versions: --env A --env B, or --against VERSION" });
    return [await versionFound(session, { asset, environment: first, version: against }), await liveFound(session, asset, first)];
  }
  if (second !== undefined) return [await liveFound(session, asset, first), await liveFound(session, asset, second)];
  if (first !== PROD) return [await liveFound(session, asset, PROD), await liveFound(session, asset, first)];
  return [await versionFound(session, { asset, environment: PROD, version: null }), await liveFound(session, asset, PROD)];
}

async function liveFound(session: Session, asset: NodeId, environment: string): Promise<Found> {
  const live = (await readLive(session, environment)).get(asset);
  if (live === undefined)
    throw new MillraceError({
      code: "MR8812",
      message: `${asset} was never built in ${environment}`,
      hint: `millrace run --select '+${asset}'${environment === PROD ? "" : ` --env ${environment}`}`,
    });
  if (live.kind === "share" || live.kind === "remote") throw noRows(asset);
  const side = { environment, version: live.version, at: live.at };
  return { ...(await relationOf(session, live)), side, identity: `${live.asset} ${live.version}` };
}

async function relationOf(session: Session, live: Pick<LiveVersion, "asset" | "physical" | "hidden">): Promise<Relation> {
  if (live.physical === null) {
    const view = assetView(live.asset);
    return { from: view, columns: await describeRelation(session, view) };
  }
  const table = physicalTable(live.physical);
  const columns = (await describeRelation(session, table)).filter(({ name }) => !live.hidden.includes(name));
  return { from: table, columns };
}

interface Wanted {
  readonly asset: NodeId;
  readonly environment: string;
  /** A version or its beginning; null: the one before the live one. */
  readonly version: string | null;
}

/** @throws MR8811 */
async function versionFound(session: Session, { asset, environment, version }: Wanted): Promise<Found> {
  const keys = [...new Set([ledgerAsset(asset, environment), asset])];
  for (const key of keys) {
    const { versions, tables, live } = await readVersions(session, key);
    const matches = version === null ? before(versions, live) : versions.filter((each) => each.version.startsWith(version));
    const distinct = new Set(matches.map((each) => each.version));
    if (distinct.size > 1 && !distinct.has(version ?? ""))
      throw new MillraceError({
        code: "MR8811",
        message: `${version} is the beginning of ${distinct.size} versions of ${asset}`,
        hint: [...distinct].slice(0, 5).join(", "),
      });
    const found = matches.find((each) => each.version === version) ?? matches[0];
    if (found === undefined) continue;
    if (found.kind === "share" || found.kind === "remote") throw noRows(asset);
    const side = { environment: null, version: found.version, at: found.at };
    const identity = `${key} ${found.version}`;
    if (found.kind === "view") {
      const note = `version ${found.version} is a view: it shows what it reads as that is today`;
      return { ...(await viewRelation(session, found)), side, identity, note };
    }
    if (found.physical === null || !tables.has(found.physical))
      throw new MillraceError({
        code: "MR8811",
        message: `the rows of version ${found.version} of ${asset} are not kept any more`,
        hint: "keep more: retention: { versions: 10 }",
      });
    return { ...(await relationOf(session, { asset: key, physical: found.physical, hidden: found.hidden })), side, identity };
  }
  const message = version === null ? `${asset} has only one version here` : `${asset} has no version ${version}`;
  throw new MillraceError({ code: "MR8811", message, hint: `\`millrace history ${splitLedgerAsset(asset).asset}\` lists them` });
}

function before(versions: readonly AssetVersion[], live: string | null): readonly AssetVersion[] {
  const at = versions.findIndex((each) => each.version === live);
  return at < 0
    ? []
    : versions
        .slice(at + 1)
        .filter((each) => each.physical !== null || each.kind === "view")
        .slice(0, 1);
}

/** A view of before, over what it reads today. */
async function viewRelation(session: Session, { viewSql }: AssetVersion): Promise<Relation> {
  const from = `(${(viewSql ?? "").replace(/[\s;]+$/, "")}\n)`;
  return { from, columns: await describeRelation(session, from) };
}

function noRows(asset: NodeId): MillraceError {
  return new MillraceError({ code: "MR8812", message: `${asset} is an export: its rows are not in the warehouse` });
}
