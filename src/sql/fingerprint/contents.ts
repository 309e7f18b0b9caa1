// What a version holds, as ids: of its rows, and of each column's values in them. Equal ids mean equal contents, whatever was built when.
//   I1. They follow from the query's fingerprint, the settings that decide what is kept, and the ids of what was read. What has none counts by its version.
//   I2. A reader notes of an input the ids of what it reads of it: what else changes in the input does not concern it.
//   I3. A reader to which the order of an input's rows matters notes its version: ids say nothing about order.
//   I4. What an unsettled order decides is only the same where the whole query is: another column may turn ties.
import type { FingerprintLeaf, QueryFingerprint } from "../../model/fingerprint.ts";
import type { NodeId } from "../../model/graph.ts";
import { hashOf } from "../syntax/tree.ts";

export interface Contents {
  readonly rows: string;
  readonly columns: Readonly<Record<string, string>>;
}

/** An input as it stands, or as it will stand. */
export interface InputState {
  readonly version: string;
  readonly contents: Contents | null;
}

/** Marks what a reader notes of an input's contents; a version never looks like it. */
const MARK = "contents:";

/** What a reader notes of an input: the ids of what it reads, or the version where it cannot be told by those. */
export function inputToken({ leaves }: QueryFingerprint, asset: NodeId, { version, contents }: InputState): string {
  const own = leaves.filter((leaf) => leaf.asset === asset);
  const ids = own.map((leaf) => idIn(contents, leaf));
  return ids.some((id) => id === null) ? version : `${MARK}${hashOf(...own.map(nameOf), ...(ids as string[]))}`;
}

/** What a build of the query holds. `kept` is the hash of the settings that decide what is kept. */
export function contentsOf(
  { rows, columns, names, leaves, rests, delicate }: QueryFingerprint,
  kept: string,
  inputs: ReadonlyMap<NodeId, InputState>,
): Contents | null {
  const ids: string[] = [];
  for (const leaf of leaves) {
    const input = inputs.get(leaf.asset);
    if (input === undefined) return null;
    ids.push(idIn(input.contents, leaf) ?? `version:${input.version}`);
  }
  const resting = (positions: readonly number[]): readonly string[] => positions.flatMap((at) => [nameOf(leaves[at]!), ids[at]!]);
  // I4.
  const query = hashOf(rows, ...names.flatMap((name) => [name, columns[name]!]));
  const turned = new Set(delicate.columns);
  return {
    rows: hashOf("rows", rows, kept, delicate.rows ? query : "", ...resting(rests.rows)),
    columns: Object.fromEntries(
      Object.entries(columns).map(([name, hash]) => [
        name,
        hashOf("column", hash, kept, turned.has(name) ? query : "", ...resting(rests.columns[name]!)),
      ]),
    ),
  };
}

/** Are the columns that the query reads of the types that it was bound with? */
export function fitsColumns(
  { leaves }: QueryFingerprint,
  columnsOf: (asset: NodeId) => readonly { readonly name: string; readonly type: string }[],
): boolean {
  return leaves.every(
    (leaf) => leaf.part !== "column" || columnsOf(leaf.asset).some(({ name, type }) => name === leaf.column && type === leaf.type),
  );
}

function idIn(contents: Contents | null, leaf: FingerprintLeaf): string | null {
  if (contents === null || leaf.part === "order") return null;
  return leaf.part === "rows" ? contents.rows : (contents.columns[leaf.column] ?? null);
}

function nameOf(leaf: FingerprintLeaf): string {
  return leaf.part === "column" ? `${leaf.asset}\0${leaf.column}` : `${leaf.asset}\0\0${leaf.part}`;
}
