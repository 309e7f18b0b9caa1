// Pools that definitions name must be there, and what counts against one must fit into it: a weight beyond its slots would wait for ever.
import type { ProjectNode } from "../model/graph.ts";
import { parseRate } from "../model/limits.ts";
import type { JobTask } from "../model/task.ts";
import type { Path } from "./document.ts";
import { type Reader, tell } from "./reader.ts";
import { hintFor } from "./validate.ts";

/** The tasks of a job with the name of its document. */
export interface PoolUser {
  readonly name: string;
  readonly tasks: readonly JobTask[];
}

/** Names of pools that stand for something else than a pool of the project. */
const RESERVED = /^(\*|(job|asset):.+)$/;

/** Tells every mention of a pool that is not there and every weight that no pool could hold. */
export function checkPools(reader: Reader, nodes: readonly ProjectNode[], jobs: readonly PoolUser[]): void {
  const pools = reader.config.pools ?? {};
  for (const name of Object.keys(pools)) {
    if (!name.includes(":") && name !== "*") continue;
    if (RESERVED.test(name)) continue;
    const location = reader.documents.get("project")?.locate(["pools", name], "key");
    if (location !== undefined)
      tell(
        reader,
        "MR1055",
        `${JSON.stringify(name)} cannot be the name of a pool`,
        location,
        "*, job:NAME and asset:NAME stand for themselves",
      );
  }
  const check = (id: string, path: Path, used: Readonly<Record<string, number>>): void => {
    const document = reader.documents.get(id.toLowerCase()) ?? reader.documents.get(id);
    if (document === undefined) return;
    for (const [name, weight] of Object.entries(used)) {
      const pool = Object.hasOwn(pools, name) ? pools[name] : undefined;
      if (pool === undefined) {
        const known = Object.keys(pools);
        const hint = known.length === 0 ? `add it to millrace.yaml: pools: { ${name}: { slots: 4 } }` : hintFor(name, known, "pools");
        tell(reader, "MR1055", `there is no pool ${JSON.stringify(name)}`, document.locate(path), hint);
        continue;
      }
      const rate = pool.rate === undefined ? undefined : parseRate(pool.rate);
      const most = Math.min(pool.slots ?? Infinity, rate === undefined ? Infinity : (pool.burst ?? rate.count));
      if (weight > most)
        tell(
          reader,
          "MR1056",
          `a weight of ${weight} never fits into the pool ${name}, which holds ${most}`,
          document.locate([...path, name]),
          `at most ${most}, or more slots for the pool`,
        );
    }
  };
  for (const node of nodes) check(node.id, ["pool"], { ...node.pools, ...(node.kind === "task" ? node.settings?.pools : {}) });
  for (const { name, tasks } of jobs)
    for (const task of tasks)
      if (task.settings.pools !== undefined) check(`job:${name}`, ["tasks", task.name, "pool"], task.settings.pools);
}
