// What a model reads, state by state, from the raw zone of its source: for a snapshot whose history is made again.
import type { InputStates } from "../../load/build-port.ts";
import { replayStates } from "../../load/raw/rebuild.ts";
import { auditWith } from "../../load/audit.ts";
import { MillraceError } from "../../model/errors.ts";
import type { Attempt } from "../../model/attempt.ts";
import type { ExtractNode, SourceNode } from "../../model/graph.ts";
import { assetView, ownerOf } from "../../sql/ledger/publish.ts";
import type { Definitions } from "../plan/definitions.ts";
import type { ReplayAttempt } from "./replay.ts";

/** The one source that a model reads. @throws MR4647 where it reads anything else. */
export function sourceOf({ graph }: Pick<Definitions, "graph">, id: string): SourceNode | ExtractNode {
  const reads = (graph.reads.get(id) ?? []).map((need) => graph.nodes.get(need));
  const [only] = reads;
  if (reads.length === 1 && (only?.kind === "source" || only?.kind === "extract")) return only;
  throw new MillraceError({
    code: "MR4647",
    message: `the history of ${id} cannot be made again: it reads ${reads.map((node) => node?.id ?? "").join(", ") || "nothing"}`,
    hint: "a snapshot that reads one source, and nothing else, is made again from the raw zone of that source",
  });
}

/** `of`: the attempt that would build the source again. */
export async function statesOf(
  source: SourceNode | ExtractNode,
  { warehouse, root, tempDir, file, checks, repair }: ReplayAttempt,
  { run, node, attempt, signal }: Pick<Attempt, "run" | "node" | "attempt" | "signal">,
): Promise<InputStates> {
  const asset = await warehouse.session((session) => ownerOf(session, source.id));
  const { spec, codeHash } = source;
  const audit = auditWith(checks.filter(({ test }) => test.kind !== "query"));
  const request = { asset, spec, codeHash, audit, checks, repair, tempDir, root, file, token: { run, node, attempt }, signal };
  return {
    asset: source.id,
    replay: (each) =>
      replayStates(warehouse, request, ({ version, moment, shadow }) => each({ version, moment, relation: assetView(shadow) })),
  };
}
