// Which nodes a selection means. The grammar stands in `src/model/selection.ts`.
//   E1. A selection that matches nothing is an error (MR2020), and so is a plain name in it that is not there: a typing mistake is never success.
import { MillraceError } from "../model/errors.ts";
import type { NodeId, ProjectNode } from "../model/graph.ts";
import { parseSelection, type Selection } from "../model/selection.ts";
import { nearest } from "../model/suggest.ts";
import { type Graph, reach } from "./graph.ts";

export interface SelectionFacts {
  /** Per node what `status:` compares with: `succeeded`, `failed`, `stale` … */
  readonly statuses?: ReadonlyMap<NodeId, string>;
}

/** The nodes that `text` selects, in the order of the graph; undefined selects everything. @throws MR2021 unreadable, MR2020 matches nothing. */
export function select(graph: Graph, text: string | undefined, facts: SelectionFacts = {}): readonly NodeId[] {
  if (text === undefined) return graph.order;
  const selected = evaluate(graph, parseSelection(text), facts);
  if (selected.size === 0) throw nothing(graph, text, text);
  return graph.order.filter((id) => selected.has(id));
}

/** The set that a parsed selection means; may be empty. @throws MR2020 for a plain name that is not there. */
export function evaluate(graph: Graph, selection: Selection, facts: SelectionFacts = {}): ReadonlySet<NodeId> {
  switch (selection.type) {
    case "or":
      return new Set(selection.parts.flatMap((part) => [...evaluate(graph, part, facts)]));
    case "and": {
      const [first, ...rest] = selection.parts.map((part) => evaluate(graph, part, facts));
      return new Set([...(first ?? [])].filter((id) => rest.every((set) => set.has(id))));
    }
    case "not": {
      const without = evaluate(graph, selection.part, facts);
      return new Set(graph.order.filter((id) => !without.has(id)));
    }
    case "match": {
      const found = graph.order.filter((id) => matches(graph.nodes.get(id)!, selection, facts));
      if (found.length === 0 && selection.field === "name" && !/[*?]/.test(selection.pattern))
        throw nothing(graph, selection.pattern, selection.pattern);
      const around = found.flatMap((id) => [
        id,
        ...reach(id, graph.needs, selection.up).keys(),
        ...reach(id, graph.dependents, selection.down).keys(),
      ]);
      return new Set(around);
    }
    default:
      return selection satisfies never;
  }
}

function matches(node: ProjectNode, { field, pattern }: Extract<Selection, { type: "match" }>, { statuses }: SelectionFacts): boolean {
  switch (field) {
    case "name":
      return fits(pattern, node.id) || fits(`task:${pattern}`, node.id) || (!pattern.includes(".") && fits(`main.${pattern}`, node.id));
    case "tag":
      return node.tags.some((tag) => fits(pattern, tag));
    case "owner":
      return node.owner !== undefined && (fits(pattern, node.owner) || fits(pattern.replace(/^@/, ""), node.owner.replace(/^@/, "")));
    case "kind":
      return fits(pattern, node.kind) || (node.kind === "model" && fits(pattern, node.spec.materialize));
    case "path":
      return fits(pattern, node.file) || fits(`${pattern.replace(/\/$/, "")}/**`, node.file);
    case "status":
      return fits(pattern, statuses?.get(node.id) ?? "unknown");
    default:
      return field satisfies never;
  }
}

const patterns = new Map<string, RegExp>();
/** Patterns kept ready; selections are short, so that more means a program makes them. */
const PATTERNS_MAX = 1_000;

/** Does `text` fit the glob, ignoring case? `*` and `?` stop at `/`, `**` does not. */
function fits(glob: string, text: string): boolean {
  let pattern = patterns.get(glob);
  if (pattern === undefined) {
    const source = glob.replaceAll(/\*\*\/?|\*|\?|[.+^${}()|[\]\\]/g, (part) => {
      if (part.startsWith("**")) return ".*";
      if (part === "*") return "[^/]*";
      return part === "?" ? "[^/]" : `\\${part}`;
    });
    if (patterns.size >= PATTERNS_MAX) patterns.clear();
    patterns.set(glob, (pattern = new RegExp(`^${source}$`, "is")));
  }
  return pattern.test(text);
}

function nothing(graph: Graph, text: string, word: string): MillraceError {
  const plain = word.replaceAll(/^\d*\+|\+\d*$/g, "").toLowerCase();
  const sameName = graph.order.filter((id) => id.toLowerCase().endsWith(`.${plain}`));
  const near = sameName.length > 0 ? sameName.slice(0, 3) : nearest(plain, graph.order);
  return new MillraceError({
    code: "MR2020",
    message: `The selection "${text}" matches nothing in this project`,
    hint: near.length > 0 ? `did you mean ${near.map((name) => `"${name}"`).join(" or ")}?` : "`millrace ls` lists what there is",
  });
}
