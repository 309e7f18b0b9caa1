// What a build is made of: its code, and of each input the version or, where the SQL is understood, a hash of what it reads of it.
import { hasMeaning, keptOfCode, textOfCode } from "../../model/code-hash.ts";
import type { ModelNode, NodeId, SourceNode, TransformNode } from "../../model/graph.ts";
import type { BuildRequest } from "../../load/build-port.ts";
import { contentsOf, fitsColumns, type InputState, inputToken } from "../../sql/contents.ts";
import { readInputs, readLive } from "../../sql/publish.ts";
import type { Session } from "../../sql/session.ts";
import type { Definitions } from "../plan/definitions.ts";
import { meaningOfNode, readsByMeaning } from "../plan/meaning.ts";

interface Builds {
  readonly node: ModelNode | TransformNode | SourceNode;
  readonly needs: readonly NodeId[];
}

export async function madeOf(
  session: Session,
  definitions: Definitions,
  { node, needs }: Builds,
): Promise<Pick<BuildRequest, "codeHash" | "inputs" | "versions" | "contents">> {
  const versions = needs.length === 0 ? {} : await readInputs(session, needs);
  const meaning = meaningOfNode(definitions, node.id);
  // Ways of building that keep what they have made compare codes letter by letter.
  if (meaning === null || !meaning.isKept) return { codeHash: node.codeHash, inputs: versions };
  const live = await readLive(session);
  const { fingerprint } = meaning;
  // A version of an earlier Millrace, or of other types, did not know what its SQL means: from now on it does.
  const codeHash = hasMeaning(node.codeHash) ? node.codeHash : (definitions.codes.get(node.id) ?? node.codeHash);
  // Its sources turned out to be of other types than it was bound with: what the text means then is not known.
  if (!fitsColumns(fingerprint, (asset) => live.get(asset)?.columns ?? [])) return { codeHash: textOfCode(codeHash), inputs: versions };
  const states = new Map<NodeId, InputState>();
  for (const [asset, version] of Object.entries(versions)) states.set(asset, { version, contents: live.get(asset)?.contents ?? null });
  const byMeaning = readsByMeaning(definitions, node.id);
  const inputs = Object.fromEntries(
    [...states].map(([asset, state]) => [asset, byMeaning.has(asset) ? inputToken(fingerprint, asset, state) : state.version]),
  );
  const kept = keptOfCode(codeHash);
  return { codeHash, inputs, versions, contents: kept === null ? null : contentsOf(fingerprint, kept, states) };
}
