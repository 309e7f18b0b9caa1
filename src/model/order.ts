// A deterministic order of a graph: needs first, otherwise by name. A cycle is told as the path that closes it.

export interface Ordered<Id extends string> {
  /** Every node that is in no cycle and depends on none, needs before what needs them. */
  readonly order: readonly Id[];
  /** One path per cycle found, its first node repeated at the end. Empty when the graph is sound. */
  readonly cycles: readonly (readonly Id[])[];
}

/** Orders `ids`; needs that are not among `ids` are ignored. The same input in any sequence gives the same order. */
export function orderByNeeds<Id extends string>(ids: Iterable<Id>, needsOf: (id: Id) => Iterable<Id>): Ordered<Id> {
  const names = [...new Set(ids)].toSorted();
  const known = new Set(names);
  const needs = new Map<Id, readonly Id[]>();
  const dependents = new Map<Id, Id[]>(names.map((id) => [id, []]));
  const open = new Map<Id, number>();
  for (const id of names) {
    const own = [...new Set(needsOf(id))].filter((need) => known.has(need)).toSorted();
    needs.set(id, own);
    open.set(id, own.length);
    for (const need of own) dependents.get(need)!.push(id);
  }
  const order: Id[] = names.filter((id) => open.get(id) === 0);
  for (let at = 0; at < order.length; at++) {
    for (const dependent of dependents.get(order[at]!)!) {
      const left = open.get(dependent)! - 1;
      open.set(dependent, left);
      if (left === 0) order.push(dependent);
    }
  }
  return { order, cycles: order.length === names.length ? [] : findCycles(names, needs, open) };
}

/** Cycles among the nodes that could not be ordered: from each, needs are followed until a node comes up again. */
function findCycles<Id extends string>(
  names: readonly Id[],
  needs: ReadonlyMap<Id, readonly Id[]>,
  open: ReadonlyMap<Id, number>,
): readonly (readonly Id[])[] {
  const cycles: Id[][] = [];
  const seen = new Set<Id>();
  for (const start of names) {
    const path: Id[] = [];
    const placeInPath = new Map<Id, number>();
    let at: Id | undefined = start;
    while (at !== undefined && open.get(at)! > 0 && !seen.has(at)) {
      seen.add(at);
      placeInPath.set(at, path.length);
      path.push(at);
      const ahead: readonly Id[] = needs.get(at)!.filter((need) => open.get(need)! > 0);
      const closing: Id | undefined = ahead.find((need) => placeInPath.has(need));
      if (closing !== undefined) {
        cycles.push([...path.slice(placeInPath.get(closing)), closing]);
        break;
      }
      at = ahead.find((need) => !seen.has(need));
    }
  }
  return cycles;
}

/** The sentence that tells a cycle: `a → b → a (each needs the next)`. */
export function cycleMessage(cycle: readonly string[]): string {
  return `These assets depend on each other in a circle: ${cycle.join(" → ")} (each needs the next)`;
}
