// The loads that an asset is made of as it stands, in the order in which they were committed, with what is kept of each.
import { MillraceError } from "../../model/errors.ts";
import type { LoadMode } from "../../model/definitions/source.ts";
import type { Session } from "../../sql/session.ts";
import { literal } from "../../sql/text.ts";
import { pathOf, readVersions } from "../versions.ts";
import { damageOf } from "./kept-deliveries.ts";
import { type RawLoad, readManifests } from "./ledger.ts";
import { loadFolder } from "./place.ts";

/** Acts on records in quarantine: their rows are taken over as they are. */
const ACTS: ReadonlySet<string> = new Set(["fix", "accept", "replay"]);
const CHECKED_AT_ONCE = 2;
const NAMED_MAX = 5;

export interface ChainLink {
  readonly load: string;
  /** The version of the asset that it made. */
  readonly version: string;
  /** When it was committed, UTC. */
  readonly moment: string;
  /** Null: an act of a person, whose rows stand in the asset. */
  readonly raw: RawLoad | null;
}

export interface Chain {
  /** The version that readers see. */
  readonly version: string;
  readonly links: readonly ChainLink[];
}

interface LoadRow {
  readonly load: string;
  readonly mode: string;
  readonly status: string;
  readonly version: string;
  readonly moment: string;
}

/** @throws MR8301 never built, MR4304 not known, MR4301 of which something is not kept. */
export async function readChain(session: Session, asset: string, mode: LoadMode): Promise<Chain> {
  const known = await readVersions(session, asset);
  if (known.live === null)
    throw new MillraceError({ code: "MR8301", message: `${asset} was never built`, hint: `millrace run --select ${asset}` });
  const path = pathOf(known, known.live);
  const hint = `millrace run --full-refresh --select ${asset}`;
  if (path === undefined)
    throw new MillraceError({ code: "MR4304", message: `the ledger does not know which loads ${asset} is made of`, hint });
  const rows = await session.rows<LoadRow>(
    `select load, mode, status, version, ("at" at time zone 'UTC')::varchar as moment from _millrace.loads
     where asset = $1 and version in (${path.map((step) => literal(step.version)).join(", ")}) and "at" >= $2::timestamptz order by "at", load`,
    [asset, path[0]!.at],
  );
  const links = await linksOf(session, asset, rows);
  const whole = rows.filter(({ load, mode: way }) => !ACTS.has(way) && links.some((link) => link.load === load));
  if (mode === "replace" && whole.length > 1 && whole.some(({ mode: way }) => !way.startsWith("partition "))) {
    throw new MillraceError({
      code: "MR4304",
      message: `${asset} is loaded by replace now, and is made of ${whole.length} loads by ${whole[0]!.mode}`,
      hint,
    });
  }
  return { version: known.live, links };
}

/** Every load that an asset ever had, also those of which nothing stands in it any more. @throws MR8301, MR4301. */
export async function readEveryLoad(session: Session, asset: string): Promise<Chain> {
  const known = await readVersions(session, asset);
  if (known.live === null)
    throw new MillraceError({ code: "MR8301", message: `${asset} was never built`, hint: `millrace run --select ${asset}` });
  const rows = await session.rows<LoadRow>(
    `select load, mode, status, version, ("at" at time zone 'UTC')::varchar as moment from _millrace.loads
     where asset = $1 and status in ('loaded', 'unchanged') order by "at", load`,
    [asset],
  );
  return { version: known.live, links: await linksOf(session, asset, rows) };
}

/** @throws MR4301. */
async function linksOf(session: Session, asset: string, rows: readonly LoadRow[]): Promise<readonly ChainLink[]> {
  const manifests = await readManifests(
    session,
    asset,
    rows.map(({ load }) => load),
  );
  // A load that found nothing new has nothing to give.
  const standing = rows.filter(({ load, status }) => status !== "unchanged" || manifests.has(load));
  const lost = standing.filter(({ load, mode: way }) => !ACTS.has(way) && (manifests.get(load)?.missing.length ?? 1) > 0);
  if (lost.length > 0) {
    throw new MillraceError({
      code: "MR4301",
      message: `of ${lost.length} of the ${standing.length} loads that ${asset} is made of not everything is kept: ${named(lost)}`,
      hint: `nothing was changed; millrace run --full-refresh --select ${asset}`,
    });
  }
  return standing.map(({ load, moment, version, mode: way }) => ({
    load,
    moment,
    version,
    raw: ACTS.has(way) ? null : manifests.get(load)!,
  }));
}

/** Are all the bytes what they were? @throws MR4302 with the loads. */
export async function proveChain(root: string, asset: string, { links }: Chain): Promise<void> {
  const damaged: { readonly load: string; readonly moment: string; readonly what: string }[] = [];
  const waiting = [...links];
  const prove = async (): Promise<void> => {
    for (let link = waiting.shift(); link !== undefined; link = waiting.shift()) {
      const { load, moment, raw } = link;
      const what = raw === null ? null : await damageOf(raw, loadFolder(root, asset, load));
      if (what !== null) damaged.push({ load, moment, what });
    }
  };
  await Promise.all(Array.from({ length: CHECKED_AT_ONCE }, prove));
  const [first] = damaged;
  if (first === undefined) return;
  throw new MillraceError({
    code: "MR4302",
    message: `of ${damaged.length} of the ${links.length} loads that ${asset} is made of what was received is damaged: ${named(damaged)}: ${first.what}`,
    hint: `nothing was changed; millrace run --full-refresh --select ${asset}`,
  });
}

function named(loads: readonly { readonly load: string; readonly moment: string }[]): string {
  const listed = loads.slice(0, NAMED_MAX).map(({ load, moment }) => `${load} (${moment.slice(0, 19)})`);
  return `${listed.join(", ")}${loads.length > NAMED_MAX ? ", …" : ""}`;
}
