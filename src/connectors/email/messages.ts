// Attachments of messages as files. A message has one name for good: its Message-ID, date and size, which stay when the mailbox is rebuilt, moved or
// copied; without a Message-ID its number in the mailbox.
import { createHash } from "node:crypto";
import type { FetchMessageObject, MessageStructureObject } from "imapflow";
import type { StoredFile } from "../../filestores/store.ts";

const NAME_CHARS_MAX = 150;

/** What it takes to find an attachment again. */
export interface Place {
  readonly folder: string;
  readonly uidValidity: string;
  readonly uid: number;
  readonly part: string;
  readonly encoding: string | undefined;
}

/** The attachments of a message, in their order, those of messages within it too. */
export function attachmentsOf(message: FetchMessageObject, folder: string, uidValidity: string): readonly StoredFile[] {
  const arrived = dateOf(message.internalDate);
  const key = keyOf(message, uidValidity);
  const day = (dateOf(message.envelope?.date) ?? arrived)?.toISOString().slice(0, 10) ?? "0000-00-00";
  const taken = new Set<string>();
  return partsOf(message.bodyStructure).map(({ node, part, name }) => {
    let unique = name;
    for (let n = 2; taken.has(unique); n++) unique = `${n}-${name}`;
    taken.add(unique);
    const place: Place = { folder, uidValidity, uid: message.uid, part, encoding: node.encoding };
    return {
      path: `${day}-${key}/${unique}`,
      sizeBytes: null, // the size that the server tells is that of the encoded text
      modifiedMs: arrived?.getTime() ?? null,
      identity: `message:${key}.${part}`,
      version: JSON.stringify(place),
    };
  });
}

function keyOf({ envelope, size, uid }: FetchMessageObject, uidValidity: string): string {
  const id = envelope?.messageId?.trim() ?? "";
  const facts = id === "" ? [uidValidity, uid] : [id, dateOf(envelope?.date)?.toISOString() ?? "", size ?? 0];
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, 16);
}

/** A date that can be understood. */
function dateOf(said: Date | string | undefined): Date | undefined {
  const date = said === undefined ? undefined : new Date(said);
  return date === undefined || Number.isNaN(date.getTime()) ? undefined : date;
}

interface Part {
  readonly node: MessageStructureObject;
  readonly part: string;
  readonly name: string;
}

function partsOf(node: MessageStructureObject | undefined): readonly Part[] {
  if (node === undefined) return [];
  const below = (node.childNodes ?? []).flatMap(partsOf);
  const said = node.dispositionParameters?.["filename"] ?? node.parameters?.["name"];
  const isAttachment = said !== undefined || node.disposition?.toLowerCase() === "attachment";
  if (!isAttachment || node.type.toLowerCase().startsWith("multipart/")) return below;
  // A message without parts is its own part 1.
  const part = node.part ?? "1";
  return [{ node, part, name: safeName(said, part) }, ...below];
}

/** A name that comes from anybody: no folders, no control characters, not hidden, not endless. */
function safeName(said: string | undefined, part: string): string {
  const last = (said ?? "").split(/[/\\]/).at(-1) ?? "";
  const clean = last
    .replaceAll(/[\p{Cc}\p{Cf}!*?[\]{}]/gu, "_")
    .replace(/^[.\s]+/, "")
    .trim();
  if (clean === "") return `part-${part}`;
  if (clean.length <= NAME_CHARS_MAX) return clean;
  const ending = /\.[^.]{1,10}$/.exec(clean)?.[0] ?? "";
  return clean.slice(0, NAME_CHARS_MAX - ending.length) + ending;
}
