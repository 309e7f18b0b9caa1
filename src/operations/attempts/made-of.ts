// What a build is made of: its code, and of each input the version or, where the SQL is understood, a hash of what it reads of it.
import { hasMeaning, keptOfCode, textOfCode } from "../../model/code-hash.ts";
import type { QueryFingerprint } from "../../model/fingerprint.ts";
import type { ModelNode, NodeId, SourceNode, TransformNode } from "../../model/graph.ts";
import type { BuildRequest } from "../../load/build-port.ts";
import { contentsOf, fitsColumns, type InputState, inputToken } from "../../sql/fingerprint/contents.ts";
import type { Compilation } from "../../sql/compile/types.ts";
import { type LiveVersion, readInputs, readInputStates, readLive } from "../../sql/ledger/publish.ts";
import type { Session } from "../../sql/session.ts";
import type { Definitions } from "../plan/definitions.ts";
import { keepsNothing, readsByMeaning } from "../plan/meaning.ts";

interface Builds {
  readonly node: ModelNode | TransformNode | SourceNode;
  readonly needs: readonly NodeId[];
}

export async function madeOf(
  session: Session,
  definitions: Definitions,
  { node, needs }: Builds,
): Promise<Pick<BuildRequest, "codeHash" | "inputs" | "versions" | "contents">> {
  // Ways of building that keep what they have made compare codes letter by letter.
  if (node.kind !== "model" || !keepsNothing(definitions, node.id))
    return { codeHash: node.codeHash, inputs: needs.length === 0 ? {} : await readInputs(session, needs) };
  const states = needs.length === 0 ? new Map<NodeId, InputSeen>() : await readInputStates(session, needs);
  const versions = Object.fromEntries([...states].map(([asset, { version }]) => [asset, version]));
  const bound = await boundNow(session, definitions, { node, states });
  if (!("fingerprint" in bound)) return { codeHash: bound.codeHash, inputs: versions };
  const { fingerprint, codeHash } = bound;
  const byMeaning = readsByMeaning(definitions, node.id);
  const inputs = Object.fromEntries(
    [...states].map(([asset, state]) => [asset, byMeaning.has(asset) ? inputToken(fingerprint, asset, state) : state.version]),
  );
  const kept = keptOfCode(codeHash);
  return { codeHash, inputs, versions, contents: kept === null ? null : contentsOf(fingerprint, kept, states) };
}

type InputSeen = InputState & Pick<LiveVersion, "columns">;
type Bound = { readonly codeHash: string; readonly fingerprint: QueryFingerprint } | { readonly codeHash: string };

/** What the SQL means over its inputs as they lie there: before their first load their columns were guessed, or not known at all. */
async function boundNow(
  session: Session,
  definitions: Definitions,
  { node: { id, codeHash: known }, states }: { readonly node: ModelNode; readonly states: ReadonlyMap<NodeId, InputSeen> },
): Promise<Bound> {
  const columnsOf = (asset: NodeId): InputSeen["columns"] => states.get(asset)?.columns ?? [];
  const query = definitions.compilation.models.get(id);
  const fingerprint = query?.fingerprint ?? null;
  // A version of an earlier Millrace did not know what its SQL means: from now on it does.
  const codeHash = hasMeaning(known) ? known : (definitions.codes.get(id) ?? known);
  if (fingerprint !== null && fitsColumns(fingerprint, columnsOf)) return { codeHash, fingerprint };
  // It was bound, and is not understood: looking again would not help.
  if (query?.columns !== null && query?.certain === true && fingerprint === null) return { codeHash };
  const again = (await compiledAgain(definitions, await readLive(session))).models.get(id);
  if (again === undefined || again.fingerprint === null || !fitsColumns(again.fingerprint, columnsOf))
    return { codeHash: textOfCode(codeHash) };
  return { codeHash: definitions.codeOf(id, again), fingerprint: again.fingerprint };
}

export interface BoundAgain {
  readonly schemas: Definitions["schemas"];
  readonly compilation: Promise<Compilation>;
}

const compilations = new WeakMap<Definitions, BoundAgain & { readonly key: string }>();

/** What queries were bound to while a run went on, where that was not what its plan had guessed. */
export function boundAgain(definitions: Definitions): BoundAgain | undefined {
  return compilations.get(definitions);
}

/** Once for each state of the sources. */
function compiledAgain(definitions: Definitions, live: ReadonlyMap<NodeId, LiveVersion>): Promise<Compilation> {
  const schemas = new Map(definitions.schemas);
  for (const [id, node] of definitions.graph.nodes) {
    const columns = node.kind === "model" ? undefined : live.get(id)?.columns;
    if (columns !== undefined && columns.length > 0) schemas.set(id, { columns, certain: true });
  }
  const key = JSON.stringify([...schemas]);
  const known = compilations.get(definitions);
  if (known?.key === key) return known.compilation;
  const compilation = definitions.compileWith(schemas);
  compilations.set(definitions, { key, schemas, compilation });
  return compilation;
}
