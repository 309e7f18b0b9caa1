// What models would note of their inputs, as those stand and as they will stand once the plan is carried out: by that the plan tells who reads what changes.
import { keptOfCode } from "../../model/code-hash.ts";
import type { NodeId } from "../../model/graph.ts";
import type { Decision, Readings } from "../../plan/decide.ts";
import { contentsOf, type InputState, inputToken } from "../../sql/fingerprint/contents.ts";
import type { LiveVersion } from "../../sql/ledger/publish.ts";
import type { Definitions } from "./definitions.ts";
import { meaningOfNode, readsByMeaning } from "./meaning.ts";

interface Stands {
  readonly live: ReadonlyMap<NodeId, LiveVersion>;
  /** Everything is built anew: whether it comes out as before is not taken for granted. */
  readonly fullRefresh: boolean;
}

type Decided = ReadonlyMap<NodeId, Decision>;

export function readingsOf(definitions: Definitions, { live, fullRefresh }: Stands): Readings {
  const known = new WeakMap<Decided, Map<NodeId, InputState | null>>();

  const now = (id: NodeId): InputState | null => {
    const version = live.get(id);
    return version === undefined ? null : { version: version.version, contents: version.contents };
  };

  /** Null where it cannot be told before it is built. */
  const after = (id: NodeId, decided: Decided): InputState | null => {
    if (decided.get(id)?.action !== "build") return now(id);
    const states = known.get(decided) ?? new Map<NodeId, InputState | null>();
    known.set(decided, states);
    let state = states.get(id);
    if (state === undefined) states.set(id, (state = built(id, decided)));
    return state;
  };

  const built = (id: NodeId, decided: Decided): InputState | null => {
    const fingerprint = meaningOfNode(definitions, id);
    const kept = keptOfCode(definitions.codes.get(id) ?? "");
    if (fullRefresh || fingerprint === null || kept === null || definitions.compilation.models.get(id)?.certain !== true) return null;
    const inputs = new Map<NodeId, InputState>();
    for (const { asset } of fingerprint.leaves) {
      const state = after(asset, decided);
      if (state === null) return null;
      inputs.set(asset, state);
    }
    const contents = contentsOf(fingerprint, kept, inputs);
    return contents === null ? null : { version: `to be built: ${id}`, contents };
  };

  const token = (reader: NodeId, need: NodeId, state: () => InputState | null): string | null => {
    const fingerprint = meaningOfNode(definitions, reader);
    if (fingerprint === null || !readsByMeaning(definitions, reader).has(need)) return null;
    const stands = state();
    return stands === null ? null : inputToken(fingerprint, need, stands);
  };

  return {
    now: (reader, need) => token(reader, need, () => now(need)),
    after: (reader, need, decided) => token(reader, need, () => after(need, decided)),
  };
}
