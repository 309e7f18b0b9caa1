// What changed between two states of a project, asset by asset, with the reason and its place.
//   D1. An asset whose own text and settings are as they were is at most `indirect`: something that it reads differs, and it reads that.
//   D2. `breaking`: other rows, or a column that somebody reads is gone, renamed, or has other values or another type. An asset that nobody in the
//       project reads is read by people: all its columns count.
//   D3. What comes out the same is no change, however its text changed.
import type { AssetChangeAnswer, ColumnChangeAnswer, ReasonAnswer, SettingChangeAnswer } from "../../model/change-answers.ts";
import { isSameCode } from "../../model/code-hash.ts";
import type { NodeId } from "../../model/graph.ts";
import { type ColumnComparison, compareColumns } from "./columns.ts";
import { indexReaders, type ReaderIndex } from "./readers.ts";
import { reasonsFor } from "./reasons.ts";
import { renamedAssets } from "./renames.ts";
import { compareSettings } from "./settings.ts";
import type { AssetSnapshot, Places, ProjectSnapshot } from "./snapshot.ts";
import { type Affected, nothingAffected, type Spread, spreadTo } from "./spread.ts";

export interface CompareInput {
  readonly before: ProjectSnapshot;
  readonly after: ProjectSnapshot;
  readonly placesBefore: Places;
  readonly places: Places;
  /** Nothing of the project was ever carried out there: what is not in `before` is not told as removed. */
  readonly selected?: ReadonlySet<NodeId>;
}

export interface ProjectChanges {
  readonly assets: readonly AssetChangeAnswer[];
  /** What of each asset may differ, also of those that are only reached. */
  readonly affected: ReadonlyMap<NodeId, Affected>;
}

export function compareProjects(input: CompareInput): ProjectChanges {
  const { before, after } = input;
  const readers = indexReaders([before, after]);
  const renamed = renamedAssets(before, after);
  const affected = new Map<NodeId, Affected>();
  const assets: AssetChangeAnswer[] = [];
  for (const now of after.assets.values()) {
    const from = renamed.get(now.id);
    const old = before.assets.get(from ?? now.id);
    if (old === undefined) {
      assets.push(addedAsset(now));
      continue;
    }
    const { change, reach } = compareAsset(old, now, { input, readers, affected, from });
    if (change !== null) assets.push(change);
    if (reach.rows || reach.order || reach.columns.size > 0) affected.set(now.id, reach);
  }
  const kept = new Set(renamed.values());
  for (const old of before.assets.values())
    if (!after.assets.has(old.id) && !kept.has(old.id)) {
      affected.set(old.id, { ...nothingAffected, rows: true });
      assets.push(removedAsset(old, readers));
    }
  return { assets, affected };
}

interface Comparing {
  readonly input: CompareInput;
  readonly readers: ReaderIndex;
  readonly affected: ReadonlyMap<NodeId, Affected>;
  readonly from: NodeId | undefined;
}

function compareAsset(
  old: AssetSnapshot,
  now: AssetSnapshot,
  { input, readers, affected, from }: Comparing,
): { readonly change: AssetChangeAnswer | null; readonly reach: Affected } {
  const settings = compareSettings(old, now, input.places);
  const isOwn = isRedefined(old, now, settings);
  const own = ownComparison(old, now, settings);
  const spread = spreadTo(now, affected);
  const columns = columnAnswers({ own, isOwn, spread, old, now, readers, input });
  const rows = own.rows || spread.rows.length > 0;
  const reach: Affected = {
    rows,
    order: own.isSorted,
    columns: new Map(columns.flatMap(({ column, change, from: was }) => named(change, column, was))),
    because: spread.rows,
  };
  const kind = kindOf({ isOwn, own, settings, spread, columns, isRead: readers.isRead(now.id) });
  if (kind === null && from === undefined) return { change: null, reach };
  const change: AssetChangeAnswer = {
    asset: now.id,
    kind: now.kind,
    change: from !== undefined && (kind === null || kind === "metadata") ? "renamed" : (kind ?? "renamed"),
    ...(from === undefined ? {} : { from }),
    rows,
    columns,
    settings,
    reasons: [],
  };
  return { change: { ...change, reasons: reasonsOf(change, { old, now, own, isOwn, spread, input }) }, reach };
}

/** Every name under which somebody may read what changed. An added column is read by nobody yet. */
function named(change: ColumnChangeAnswer["change"], column: string, was: string | undefined): readonly (readonly [string, string])[] {
  if (change === "added") return [];
  return [column, ...(was === undefined ? [] : [was])].map((name) => [name.toLowerCase(), name] as const);
}

/** Settings say of what has no fingerprint which columns and rows may differ. */
function ownComparison(old: AssetSnapshot, now: AssetSnapshot, settings: readonly SettingChangeAnswer[]): ColumnComparison {
  const compared = compareColumns(old, now);
  const decisive = settings.filter(({ effect }) => effect === "rows");
  const ofRows = decisive.some(({ key }) => columnOf(key) === null);
  const isExplained = compared.isExact || isOnlySettings(old, now);
  const told = new Set(compared.columns.map(({ column }) => column.toLowerCase()));
  const names = new Set(decisive.flatMap(({ key }) => columnOf(key)?.toLowerCase() ?? []));
  const changed = (now.columns ?? [])
    .filter(({ name }) => names.has(name.toLowerCase()) && !told.has(name.toLowerCase()))
    .map(({ name, type }) => ({ column: name, change: "changed" as const, before: type, after: type }));
  const rows = ofRows || (compared.rows && (compared.isExact || !isExplained));
  return { ...compared, rows, columns: [...compared.columns, ...changed] };
}

/** Its text is as it was, and its settings are known: they tell everything. */
function isOnlySettings(old: AssetSnapshot, now: AssetSnapshot): boolean {
  return old.definition === now.definition && old.settings !== null && now.settings !== null;
}

function isRedefined(old: AssetSnapshot, now: AssetSnapshot, settings: readonly SettingChangeAnswer[]): boolean {
  if (old.definition !== now.definition || settings.some(({ effect }) => effect !== "metadata")) return true;
  return !isSameCode(old.code, now.code) && !isOnlySettings(old, now);
}

/** `columns.price.type`, `pii.owner`: what changes one column alone. Values that are required decide about rows. */
function columnOf(key: string): string | null {
  const match = /^(?:columns\.([^.]+)\.(?:from|type|parse|nulls|default|map)|pii\.([^.]+))(?:\.|$)/.exec(key);
  return match === null ? null : (match[1] ?? match[2]!);
}

interface Columns {
  readonly own: ColumnComparison;
  readonly isOwn: boolean;
  readonly spread: Spread;
  readonly old: AssetSnapshot;
  readonly now: AssetSnapshot;
  readonly readers: ReaderIndex;
  readonly input: CompareInput;
}

function columnAnswers({ own, isOwn, spread, old, now, readers, input }: Columns): readonly ColumnChangeAnswer[] {
  const told = new Set(own.columns.map(({ column }) => column.toLowerCase()));
  const types = new Map((now.columns ?? []).map(({ name, type }) => [name.toLowerCase(), type]));
  const answers = own.columns.map(({ column, change, from, before, after }): ColumnChangeAnswer => {
    const place = change === "removed" ? input.placesBefore(old.id, "column", column) : input.places(now.id, "column", column);
    const names =
      change === "added" ? [] : [...readers.of(old.id, from ?? column), ...(old.id === now.id ? [] : readers.of(now.id, column))];
    return {
      column,
      change,
      ...(from === undefined ? {} : { from }),
      type: { before, after },
      place,
      readBy: [...new Set(names)].toSorted(),
      because: isOwn ? [] : (spread.columns.get(column.toLowerCase()) ?? spread.rows),
    };
  });
  const indirect = [...spread.columns].flatMap(([name, because]): ColumnChangeAnswer[] => {
    if (told.has(name)) return [];
    const column = now.columns?.find((each) => each.name.toLowerCase() === name)?.name ?? name;
    const type = types.get(name) ?? null;
    return [
      {
        column,
        change: "changed",
        type: { before: type, after: type },
        place: input.places(now.id, "column", column),
        readBy: readers.of(now.id, column),
        because,
      },
    ];
  });
  return [...answers, ...indirect];
}

interface Kinds {
  readonly isOwn: boolean;
  readonly own: ColumnComparison;
  readonly settings: readonly SettingChangeAnswer[];
  readonly spread: Spread;
  readonly columns: readonly ColumnChangeAnswer[];
  readonly isRead: boolean;
}

/** D1, D2, D3. */
function kindOf({ isOwn, own, settings, spread, columns, isRead }: Kinds): AssetChangeAnswer["change"] | null {
  const isReached = spread.rows.length > 0 || spread.columns.size > 0;
  const isRebuilt = settings.some(({ effect }) => effect !== "metadata");
  if (isOwn) {
    const breaks = columns.some(
      ({ change, readBy, because }) => change !== "added" && because.length === 0 && (!isRead || readBy.length > 0),
    );
    if (own.rows || breaks) return "breaking";
    if (own.columns.length > 0 || own.isReordered || own.isSorted || isRebuilt) return "nonBreaking";
  }
  if (isReached || (!isOwn && (own.rows || own.columns.length > 0))) return "indirect";
  return settings.length > 0 ? "metadata" : null;
}

interface Telling {
  readonly old: AssetSnapshot;
  readonly now: AssetSnapshot;
  readonly own: ColumnComparison;
  readonly isOwn: boolean;
  readonly spread: Spread;
  readonly input: CompareInput;
}

function reasonsOf(change: AssetChangeAnswer, { old, now, own, isOwn, spread, input }: Telling): readonly ReasonAnswer[] {
  return reasonsFor(change, { old, now, own, isOwn, upstream: spread.origins, places: input.places });
}

function addedAsset(now: AssetSnapshot): AssetChangeAnswer {
  const common = { asset: now.id, kind: now.kind, rows: true, columns: [], settings: [] };
  return { ...common, change: "added", reasons: [{ text: "it is new", place: { file: now.file, line: 1, column: 1 } }] };
}

function removedAsset(old: AssetSnapshot, readers: ReaderIndex): AssetChangeAnswer {
  const names = readers.isRead(old.id) ? "; somebody read it" : "";
  const common = { asset: old.id, kind: old.kind, rows: true, columns: [], settings: [] };
  return { ...common, change: "removed", reasons: [{ text: `no file defines it any more${names}`, place: null }] };
}
