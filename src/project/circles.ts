// Jobs that start each other without end: by `job: { finished }`, or by updating an asset that another one waits for. What a job updates is what it
// selects, with all that SQL reads; a name in SQL is taken for a table where an asset has that name.
import type { JobSpec } from "../model/definitions/job.ts";
import { MillraceError } from "../model/errors.ts";
import type { NodeId, ProjectNode } from "../model/graph.ts";
import { triggersOf } from "../model/triggers.ts";
import { buildGraph, type Graph } from "../plan/graph.ts";
import { select } from "../plan/selection.ts";
import type { Path } from "./document.ts";
import { sqlWords } from "./front-matter.ts";
import { plainName } from "./names.ts";
import { type Reader, tell } from "./reader.ts";

interface Job {
  readonly name: string;
  readonly spec: JobSpec;
}

interface Starter {
  readonly by: string;
  readonly at: Path;
}

/** Tells every circle once, at the trigger that closes it. */
export function tellCircles(reader: Reader, jobs: readonly Job[], nodes: readonly ProjectNode[]): void {
  const starters = startersOf(jobs, nodes);
  const told = new Set<string>();
  for (const { name } of jobs) {
    const circle = circleFrom(plainName(name), starters);
    if (circle === undefined) continue;
    const identity = circle.toSorted().join(" ");
    if (told.has(identity)) continue;
    told.add(identity);
    const [first, second] = [circle[0]!, circle[1] ?? circle[0]!];
    const { at } = starters.get(first)!.find(({ by }) => by === second)!;
    const words = circle.length === 1 ? `${first} starts itself` : [...circle, first].join(" is started by ");
    tell(reader, "MR1611", `${words}, without end`, reader.documents.get(`job:${first}`)!.locate(at), "take one of the triggers out");
  }
}

function startersOf(jobs: readonly Job[], nodes: readonly ProjectNode[]): ReadonlyMap<string, readonly Starter[]> {
  const updates = updatesOf(nodes);
  return new Map(
    jobs.map(({ name, spec }) => {
      const starters = triggersOf(spec.triggers).flatMap(({ spec: trigger, kind, index }): readonly Starter[] => {
        if ((trigger[kind] as { readonly enabled?: boolean }).enabled === false) return [];
        const at: Path = ["triggers", index, kind];
        if (trigger.job !== undefined) return [{ by: plainName(trigger.job.finished), at }];
        const waited = listOf(trigger.assets?.updated ?? []).map(plainName);
        if (waited.length === 0) return [];
        return jobs.flatMap((other) => (waited.some((asset) => updates(other).has(asset)) ? [{ by: plainName(other.name), at }] : []));
      });
      return [plainName(name), starters];
    }),
  );
}

/** A shortest circle through `start`, each one followed by who starts it. */
function circleFrom(start: string, starters: ReadonlyMap<string, readonly Starter[]>): readonly string[] | undefined {
  const queue: (readonly string[])[] = [[start]];
  const seen = new Set<string>();
  for (const path of queue) {
    for (const { by } of starters.get(path.at(-1)!) ?? []) {
      if (by === start) return path;
      if (seen.has(by)) continue;
      seen.add(by);
      queue.push([...path, by]);
    }
  }
  return undefined;
}

/** The assets that a job updates. The graph is made when the first trigger waits for an asset. */
function updatesOf(nodes: readonly ProjectNode[]): (job: Job) => ReadonlySet<NodeId> {
  const known = new Map<string, ReadonlySet<NodeId>>();
  let graph: Graph | undefined;
  return (job) => {
    const updates = known.get(job.name) ?? selected((graph ??= graphOf(nodes)), job.spec);
    known.set(job.name, updates);
    return updates;
  };
}

function selected(graph: Graph, spec: JobSpec): ReadonlySet<NodeId> {
  try {
    return new Set(select(graph, spec.select === undefined ? undefined : listOf(spec.select).join(" ")));
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    return new Set(); // the selection is told elsewhere
  }
}

function graphOf(nodes: readonly ProjectNode[]): Graph {
  const ids = new Set(nodes.map((node) => node.id));
  const dependencies = new Map(
    nodes.flatMap((node): (readonly [NodeId, readonly NodeId[]])[] => {
      const sql = node.kind === "model" ? node.sql : node.kind === "export" ? node.spec.sql : undefined;
      return sql === undefined ? [] : [[node.id, tablesIn(sql, ids)]];
    }),
  );
  return buildGraph({ nodes, dependencies }).graph;
}

function tablesIn(sql: string, ids: ReadonlySet<NodeId>): readonly NodeId[] {
  const words = sqlWords(sql).map((word) => plainName(word.replaceAll(/^"|"$/g, "")));
  const named = words.flatMap((word, index) => {
    if (words[index + 1] === ".") return [`${word}.${words[index + 2]}`];
    return ["from", "join", ","].includes(words[index - 1] ?? "") ? [`main.${word}`] : [];
  });
  return [...new Set(named)].filter((name) => ids.has(name));
}

function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === "string" ? [value] : value;
}
