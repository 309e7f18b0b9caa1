// Guards: what looks like a fault of the source rather than news. They see what was delivered, before anything is published; `guards:` says what follows.
//   G1. empty: no row, where each of the last loads (at least EMPTY_LOADS_MIN) had some. Default: stop for snapshots (an empty one would close every row), else
//       warn. A `replace` of an asset with rows is `contract: { emptyDelivery }`, whose default is to fail.
//   G2. drop: fewer rows than DROP_SHARE of the median of the last DROP_LOADS loads that had rows (at least DROP_LOADS_MIN of them). Default: warn where
//       each load delivers everything (replace, snapshot), off elsewhere.
//   G3. fullPages: at least two pages, all of the same round size, the last one too. Default: warn.
// A full refresh, a load of partitions and a replay are asked for as they are: G1 and G2 do not judge them.
import type { LoadMode, SourceSpec } from "../model/definitions/source.ts";
import { MillraceError } from "../model/errors.ts";
import type { Session } from "../sql/session.ts";
import type { LoadRequest } from "./request.ts";
import type { Staged } from "./staged.ts";

const EMPTY_LOADS_MIN = 3;
const DROP_SHARE = 0.5;
const DROP_LOADS = 10;
const DROP_LOADS_MIN = 3;
const PAGES_MIN = 2;
/** Page sizes are multiples of this. */
const ROUND = 10;

type Act = "stop" | "warn" | "off";

interface Guards {
  readonly empty: Act;
  readonly drop: { readonly below: number; readonly act: Act };
  readonly fullPages: Act;
}

/** The guards of a source with their defaults. */
export function completeGuards(spec: SourceSpec["guards"], mode: LoadMode): Guards {
  const isWhole = mode === "replace" || mode === "snapshot";
  const { drop } = spec ?? {};
  const byDefault = { below: DROP_SHARE, act: isWhole || drop !== undefined ? ("warn" as const) : ("off" as const) };
  return {
    empty: spec?.empty ?? (mode === "snapshot" ? "stop" : "warn"),
    drop: drop === undefined ? byDefault : { ...byDefault, ...dropOf(drop) },
    fullPages: spec?.fullPages ?? "warn",
  };
}

function dropOf(written: NonNullable<NonNullable<SourceSpec["guards"]>["drop"]>): Partial<Guards["drop"]> {
  if (typeof written === "object") {
    const { below, act } = written;
    return { ...(below === undefined ? {} : { below: shareOf(below) }), ...(act === undefined ? {} : { act }) };
  }
  return written.endsWith("%") ? { below: shareOf(written) } : { act: written as Act };
}

function shareOf(text: string): number {
  return Number.parseFloat(text) / 100;
}

interface Guarding {
  readonly request: LoadRequest;
  readonly mode: LoadMode;
  readonly staged: Staged;
}

/** Sentences for `warn`. @throws MR4310, MR4311, MR4312 for `stop`. */
export async function guardLoad(session: Session, { request, mode, staged }: Guarding): Promise<readonly string[]> {
  const { asset, spec } = request;
  const guards = completeGuards(spec.guards, mode);
  const doubts: string[] = [];
  const found = (act: Act, code: "MR4310" | "MR4311" | "MR4312", message: string): void => {
    if (act === "stop") throw new MillraceError({ code, message: `${asset}: ${message}` });
    if (act === "warn") doubts.push(message);
  };
  if (request.replay !== undefined) return doubts;
  const pages = staged.stages.filter(({ kind }) => kind === "rows").flatMap(({ items }) => items.map(({ read }) => read));
  const [size = 0] = pages;
  if (guards.fullPages !== "off" && pages.length >= PAGES_MIN && size > 0 && size % ROUND === 0 && pages.every((read) => read === size))
    found(guards.fullPages, "MR4312", `all ${pages.length} pages have ${size} rows, the last one too: is there more?`);
  const read = staged.stages.flatMap(({ items }) => items).reduce((sum, item) => sum + item.read, 0);
  if (request.fullRefresh || request.partition !== undefined || staged.skipped.length > 0) return doubts;
  const last = read === 0 || guards.drop.act !== "off" ? await lastLoads(session, asset, mode) : [];
  if (read === 0) {
    if (guards.empty !== "off" && last.length >= EMPTY_LOADS_MIN && last.every((rows) => rows > 0))
      found(guards.empty, "MR4310", `the source gave no row; each of its last ${last.length} loads had some`);
    return doubts;
  }
  const full = last.filter((rows) => rows > 0);
  if (guards.drop.act === "off" || full.length < DROP_LOADS_MIN) return doubts;
  const usual = medianOf(full);
  if (read < usual * guards.drop.below)
    found(
      guards.drop.act,
      "MR4311",
      `${read} rows; usual are ${usual} (median of the last ${full.length} loads), ${guards.drop.below * 100}% would pass`,
    );
  return doubts;
}

/** Rows that the last loads of this kind read, newest first. Loads of files that had not changed read nothing and do not count. */
async function lastLoads(session: Session, asset: string, mode: LoadMode): Promise<readonly number[]> {
  const rows = await session.rows<{ rows_read: number }>(
    `select rows_read from _millrace.loads l where asset = $1 and mode = $2
       and not (rows_read = 0 and exists (select 1 from _millrace.files f where f.load = l.load and f.asset = l.asset))
     order by "at" desc limit ${DROP_LOADS}`,
    [asset, mode],
  );
  return rows.map((row) => row.rows_read);
}

function medianOf(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
