// Build or reuse, and why: one node at a time, from what its code, its inputs and its source are now and were when its live version was made.
import { isAdditive, isSameCode } from "../model/code-hash.ts";
import type { NodeId, ProjectNode, TaskNode } from "../model/graph.ts";
import type { PlanNode } from "../model/plan.ts";

/** The version of an asset that readers see, as the ledger keeps it. */
export interface LiveInput {
  readonly version: string;
  readonly codeHash: string;
  /** Per asset that was read, its version then, or a hash of what was read of it. */
  readonly inputs: Readonly<Record<NodeId, string>>;
  /** What the source's state was when it was last read. */
  readonly sourceState: string | null;
  readonly run: string | null;
  /** Somebody went back to it, from a version that was made of this. */
  readonly rolledBack?: RolledBackInput | null;
}

export interface RolledBackInput {
  readonly by: string;
  readonly codeHash: string;
  readonly inputs: Readonly<Record<NodeId, string>>;
  readonly sourceState: string | null;
}

/** What a source looks like now. `token: null`: only reading it can tell whether there is anything new. */
export interface SourceState {
  readonly token: string | null;
  /** For people, when the token is another than before: "files changed: 2 new, 1 changed". Empty: a general sentence. */
  readonly detail: string;
}

/** What a node notes of an input besides its version: a hash of what it reads of it. Null where that cannot be told. */
export interface Readings {
  /** As the input stands. */
  now(reader: NodeId, need: NodeId): string | null;
  /** As it will stand once what was decided is done. */
  after(reader: NodeId, need: NodeId, decided: ReadonlyMap<NodeId, Decision>): string | null;
}

export interface DecideInput {
  readonly live: ReadonlyMap<NodeId, LiveInput>;
  readonly sources: ReadonlyMap<NodeId, SourceState>;
  /** Nodes that are never reused, with the reason ("it uses now(), …"). */
  readonly alwaysBuild: ReadonlyMap<NodeId, string>;
  /** Nodes that another environment has for this one, with the reason: nobody looks at them. */
  readonly given?: ReadonlyMap<NodeId, string>;
  /** Nodes whose version stays, but of which something is to be put right, with the reason: another layout, files that somebody took away. */
  readonly upkeep?: ReadonlyMap<NodeId, string>;
  /** Nodes that look again at what they made, although nothing changed, with the reason: a lookback. */
  readonly due?: ReadonlyMap<NodeId, string>;
  readonly readings?: Readings;
  /** Models that are written differently since, and mean the same. */
  readonly rewritten?: ReadonlySet<NodeId>;
  readonly fullRefresh: boolean;
  /** Why everything is built, where it is not --full-refresh that asks for it. */
  readonly because?: string;
}

export type Decision = Pick<PlanNode, "action" | "reason" | "change" | "asked">;

/** What happens to `node`, given what was decided for those of its needs that are part of the request. */
export function decideNode(
  node: ProjectNode,
  { needs, reads }: { readonly needs: readonly NodeId[]; readonly reads: readonly NodeId[] },
  decided: ReadonlyMap<NodeId, Decision>,
  input: DecideInput,
): Decision {
  if (node.kind === "task") return { action: "build", reason: taskReason(node), change: "none", asked: true };
  const given = input.given?.get(node.id);
  if (given !== undefined) return { action: "reuse", reason: given, change: "none" };
  const live = input.live.get(node.id);
  if (live === undefined) return { action: "build", reason: "never built", change: "nonBreaking" };
  const held = heldBack(node, { live, needs, reads }, decided, input);
  const upkeep = input.upkeep?.get(node.id);
  if (held !== null) return upkeep === undefined ? held : { ...held, action: "build", reason: upkeep };
  const own = ownChange(node, live);
  if (own !== null) return own;
  const reader = { node, live };
  const changedAbove = needs.find(
    (need) => isDefinitionChange(decided.get(need)?.change) && (!isRebuilt(need, decided, input) || brings(need, reader, decided, input)),
  );
  const change = changedAbove === undefined ? "none" : "indirect";
  if (input.fullRefresh) return { action: "build", reason: input.because ?? "forced by --full-refresh", change };
  const building = needs.filter((need) => !need.startsWith("task:") && brings(need, reader, decided, input));
  if (building.length > 0) return { action: "build", reason: aboveReason(building, decided), change };
  const source = sourceReason(node, live, input);
  if (source !== null) return { action: "build", change, ...source };
  const moved = movedInput(node, { live, reads }, decided, input);
  if (moved !== null) return { action: "build", reason: moved, change };
  const always = input.alwaysBuild.get(node.id) ?? input.due?.get(node.id);
  if (always !== undefined) return { action: "build", reason: always, change };
  if (upkeep !== undefined) return { action: "build", reason: upkeep, change };
  const passed = needs.filter((need) => !need.startsWith("task:") && isRebuilt(need, decided, input));
  return {
    action: "reuse",
    reason: `${live.run === null ? "unchanged" : `unchanged since ${live.run}`}${although(node, passed, input)}`,
    change: "none",
  };
}

/** What a reader of the plan would wonder about. */
function although(node: ProjectNode, passed: readonly NodeId[], { rewritten }: DecideInput): string {
  const remarks = [
    ...(rewritten?.has(node.id) === true ? ["its SQL is written differently and means the same"] : []),
    ...(passed.length === 0 ? [] : [`what it reads of ${shownNames(passed)} stays the same`]),
  ];
  return remarks.length === 0 ? "" : `: ${remarks.join("; ")}`;
}

/** Will it have another version? */
function isRebuilt(need: NodeId, decided: ReadonlyMap<NodeId, Decision>, { upkeep }: DecideInput): boolean {
  const decision = decided.get(need);
  return decision?.action === "build" && (upkeep?.get(need) ?? "") !== decision.reason;
}

interface Reader {
  readonly node: ProjectNode;
  readonly live: Pick<LiveInput, "inputs">;
}

/** Will it have another version, and one that this reader sees another thing in? */
function brings(need: NodeId, { node, live }: Reader, decided: ReadonlyMap<NodeId, Decision>, input: DecideInput): boolean {
  if (!isRebuilt(need, decided, input)) return false;
  const after = input.readings?.after(node.id, need, decided) ?? null;
  return after === null || after !== live.inputs[need];
}

/** Whether a task with `reuse: true` has anything to do is known when what it comes after is settled. */
function taskReason({ reuse }: TaskNode): string {
  return reuse === true ? "it is asked at each run whether its inputs changed" : "tasks run every time";
}

/** A version that somebody went back from is not made again by itself: as long as it would come out as it was, the earlier one stays. */
function heldBack(
  node: ProjectNode,
  { live, needs, reads }: { readonly live: LiveInput; readonly needs: readonly NodeId[]; readonly reads: readonly NodeId[] },
  decided: ReadonlyMap<NodeId, Decision>,
  input: DecideInput,
): Decision | null {
  const { rolledBack } = live;
  if (rolledBack === undefined || rolledBack === null || input.fullRefresh || !isSameCode(rolledBack.codeHash, node.codeHash)) return null;
  const reader = { node, live: rolledBack };
  if (needs.some((need) => !need.startsWith("task:") && brings(need, reader, decided, input))) return null; // the attempt sees what they brought
  if (movedInput(node, { live: rolledBack, reads }, decided, input) !== null) return null;
  const isSource = node.kind === "source" || node.kind === "extract";
  const token = isSource ? (input.sources.get(node.id)?.token ?? null) : null;
  if (token !== null && token !== rolledBack.sourceState) return null;
  const again = isSource && token === null ? `millrace rollback ${node.id} --release lets it go on` : "a change builds it again";
  return {
    action: "reuse",
    reason: `rolled back to ${live.version} by ${rolledBack.by}; run --full-refresh or ${again}`,
    change: "none",
  };
}

function ownChange(node: ProjectNode, live: LiveInput): Decision | null {
  if (isSameCode(live.codeHash, node.codeHash)) return null;
  const added = isAdditive(live.codeHash, node.codeHash);
  if (added) return { action: "build", reason: "its SQL changed: columns were added", change: "nonBreaking" };
  return {
    action: "build",
    reason: node.kind === "model" ? "its SQL or its settings changed" : "its definition changed",
    change: "breaking",
  };
}

function isDefinitionChange(change: PlanNode["change"] | undefined): boolean {
  return change === "breaking" || change === "nonBreaking" || change === "indirect";
}

/** Names in a reason; more are counted. */
const NAMES_SHOWN = 2;

function aboveReason(building: readonly NodeId[], decided: ReadonlyMap<NodeId, Decision>): string {
  const definition = building.filter((need) => isDefinitionChange(decided.get(need)?.change));
  const named = definition.length > 0 ? definition : building;
  const verb = named.length > 1 ? "are" : "is";
  return `${shownNames(named)} ${verb} ${definition.length > 0 ? "rebuilt" : "refreshed before it"}`;
}

function shownNames(names: readonly NodeId[]): string {
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : "";
  return `${names.slice(0, NAMES_SHOWN).join(", ")}${more}`;
}

function sourceReason(node: ProjectNode, live: LiveInput, input: DecideInput): Pick<Decision, "reason" | "asked"> | null {
  if (node.kind !== "source" && node.kind !== "extract") return null;
  const state = input.sources.get(node.id);
  const detail = state?.detail ?? "";
  if (state === undefined || state.token === null)
    return detail === "" ? { reason: "its source is asked at each run", asked: true } : { reason: detail };
  if (state.token === live.sourceState) return null;
  return { reason: detail === "" ? "its source changed" : detail };
}

function movedInput(
  node: ProjectNode,
  { live, reads }: { readonly live: Pick<LiveInput, "inputs">; readonly reads: readonly NodeId[] },
  decided: ReadonlyMap<NodeId, Decision>,
  input: DecideInput,
): string | null {
  for (const need of reads) {
    const now = input.live.get(need)?.version;
    const then = live.inputs[need];
    // What is built before it was looked at as it will be.
    if (need.startsWith("task:") || now === then || isRebuilt(need, decided, input)) continue;
    if (then !== undefined && input.readings?.now(node.id, need) === then) continue;
    if (now !== undefined) return then === undefined ? `it did not read ${need} before` : `${need} changed (version ${now})`;
  }
  return null;
}
