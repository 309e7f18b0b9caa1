// Why an asset differs, in sentences with their places.
import type { AssetChangeAnswer, ColumnChangeAnswer, PlaceAnswer, ReasonAnswer, SettingChangeAnswer } from "../../model/change-answers.ts";
import type { NodeId } from "../../model/graph.ts";
import type { ColumnComparison } from "./columns.ts";
import { changedLines } from "./lines.ts";
import type { AssetSnapshot, Places } from "./snapshot.ts";

export interface ReasonContext {
  readonly old: AssetSnapshot;
  readonly now: AssetSnapshot;
  readonly own: ColumnComparison;
  readonly isOwn: boolean;
  /** What it reads and that differs. */
  readonly upstream: readonly { readonly asset: NodeId; readonly column: string | null }[];
  readonly places: Places;
}

/** Names in a sentence; more are counted. */
const NAMES_SHOWN = 3;

export function reasonsFor(change: AssetChangeAnswer, context: ReasonContext): readonly ReasonAnswer[] {
  const { now, own, isOwn, upstream, places } = context;
  const reasons: ReasonAnswer[] = [];
  if (change.from !== undefined) reasons.push({ text: `it was ${change.from}`, place: { file: now.file, line: 1, column: 1 } });
  for (const column of change.columns)
    if (column.because.length === 0 && isOwn) reasons.push({ text: columnText(column), place: column.place });
  if (isOwn && own.rows) reasons.push({ text: rowsText(context), place: rowsPlace(context, change.columns) });
  if (isOwn && own.isSorted) reasons.push({ text: "its rows are sorted in another way", place: null });
  if (isOwn && own.isReordered) reasons.push({ text: "its columns stand in another order", place: null });
  for (const setting of change.settings) reasons.push({ text: settingText(setting), place: setting.place });
  for (const { asset, column } of upstream)
    reasons.push(
      column === null
        ? { text: `reads ${asset}, whose rows may differ`, place: null }
        : { text: `reads ${asset}.${column}, which differs`, place: places(asset, "column", column) },
    );
  if (!isOwn && upstream.length === 0 && change.settings.length === 0)
    for (const column of change.columns) reasons.push({ text: `${columnText(column)}, because of what it reads`, place: column.place });
  return reasons;
}

function columnText({ column, change, from, type, readBy }: ColumnChangeAnswer): string {
  const readers = readBy.length === 0 ? "" : `; read by ${namesOf(readBy)}`;
  switch (change) {
    case "added":
      return `${column} is new`;
    case "removed":
      return `${column} is gone${readers}`;
    case "renamed":
      return `${column} was called ${from}${readers}`;
    case "retyped":
      return `${column} is ${type.after}, was ${type.before}${readers}`;
    case "changed":
      return `${column} is computed in another way${readers}`;
    default:
      return change satisfies never;
  }
}

function settingText({ key, change, before, after }: SettingChangeAnswer): string {
  const check = key.startsWith("checks.") ? key.slice("checks.".length) : null;
  if (check !== null) return `the check ${check} ${change === "added" ? "is new" : change === "removed" ? "was taken out" : "is another"}`;
  if (before === null && after === null) return `${key} ${change === "changed" ? "is another" : `was ${change}`}`;
  if (change === "changed") return `${key}: ${before ?? "…"} → ${after ?? "…"}`;
  return change === "added" ? `${key} is new: ${after ?? "…"}` : `${key} was taken out: ${before ?? "…"}`;
}

function namesOf(names: readonly string[]): string {
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : "";
  return names.slice(0, NAMES_SHOWN).join(", ") + more;
}

function rowsText({ old, now, own }: ReasonContext): string {
  if (now.kind !== "model") return "its definition changed: its rows may differ";
  if (own.isExact) return own.because === null ? "which rows there are changed" : `other rows: ${own.because}`;
  if (old.source === null) return "its SQL or its settings changed; what they were is not known";
  return "its SQL changed";
}

/** The first changed line that no changed column explains. */
function rowsPlace({ old, now }: ReasonContext, columns: readonly ColumnChangeAnswer[]): PlaceAnswer | null {
  if (now.source === null) return { file: now.file, line: 1, column: 1 };
  if (old.source === null) return { file: now.file, line: now.source.line, column: 1 };
  const changed = changedLines(old.source.text, now.source.text).map((line) => line + now.source!.line);
  const explained = new Set(columns.map(({ place }) => place?.line));
  const line = changed.find((each) => !explained.has(each)) ?? changed[0];
  if (line === undefined) return null;
  const text = now.source.text.split("\n")[line - now.source.line] ?? "";
  const trimmed = text.trim();
  const column = text.length - text.trimStart().length + 1;
  return trimmed === "" ? { file: now.file, line, column: 1 } : { file: now.file, line, column, text, length: trimmed.length };
}
