// One source kind under every load disposition, killed again and again. After each kill an asset shows what was there before or what came, never anything
// between; after the next run that is left in peace it shows exactly what the source has, and nothing of the dead is left.
import { expect } from "vitest";
import { millrace, project } from "../millrace.ts";
import type { Facts, Item } from "./load-facts.ts";
import { type Aim, killer } from "./kills.ts";
import type { Chance } from "./random.ts";
import { inWarehouse, leftovers, type Query } from "./warehouse.ts";

export const DISPOSITIONS = ["replace", "append", "merge", "snapshot"] as const;
export type Disposition = (typeof DISPOSITIONS)[number];

/** A source in which the facts stand; `change` is called before each round, and what it gives must hold still until the next one. */
export interface LoadSource {
  readonly facts: Facts;
  /** Text of `sources/raw/items.yaml`, and of other files. */
  readonly files: Readonly<Record<string, string>>;
  change(write: (path: string, content: string) => void): Promise<void>;
  /** Places where the server says when to kill, one per kill. */
  readonly aims?: readonly Aim[];
  /** Independent computation on the source itself, where it can compute. */
  expected?(): Promise<readonly (readonly unknown[])[]>;
  close(): Promise<void>;
}

export async function killLoads(
  disposition: Disposition,
  { source, random, kills }: { readonly source: LoadSource; readonly random: Chance; readonly kills: number },
): Promise<void> {
  const made = project({ "millrace.yaml": "name: loads\ndefaults: { retry: { attempts: 3, delay: 10ms } }\n", ...source.files });
  const { dir } = made;
  const run = ["run", "--select", "raw.items", "--json"];
  const attack = killer(dir, random);
  const shown = (): Promise<Shown> => inWarehouse(dir, (query) => show(query, disposition));
  try {
    await source.change(made.write);
    await attack.complete(run);
    await source.change(made.write);
    await attack.learn(run);
    let before = await shown();
    const aims = [...(source.aims ?? [])];
    while (attack.hits < kills) {
      await source.change(made.write);
      const expected = { rows: await expectedRows(disposition, source) };
      // One to four processes die before one is left in peace: those after the first find the remains of others.
      for (let deaths = 1 + random.whole(4); deaths > 0 && attack.hits < kills; deaths--) {
        if (!(await attack.strike(run, aims.shift()))) break;
        const found = await shown();
        if (JSON.stringify(found.rows) !== JSON.stringify(before.rows))
          expect(found.rows, "half of a load is shown").toEqual(expected.rows);
      }
      await attack.complete(run);
      const after = await shown();
      expect(after.rows).toEqual(expected.rows);
      expect(after.account, "read = loaded + quarantined + filtered, and every load once").toEqual([]);
      expect(await leftovers(dir)).toEqual([]);
      before = after;
    }
    const runs = await millrace(["runs", "--status", "running", "--json"], dir);
    expect(runs.lines()[0]!["runs"]).toEqual([]);
    const again = await millrace(run, dir);
    expect(again.exitCode, again.stdout + again.stderr).toBe(0);
    expect((await shown()).rows).toEqual(before.rows);
    expect(attack.hits).toBeGreaterThanOrEqual(kills);
  } finally {
    made.remove();
  }
}

interface Shown {
  readonly rows: readonly (readonly unknown[])[];
  readonly account: readonly unknown[];
}

async function show(query: Query, disposition: Disposition): Promise<Shown> {
  const current = disposition === "snapshot" ? ", valid_to is null" : "";
  const rows = await query(`select id, v, t${current} from raw.items order by all`);
  const account = [
    ...(await query("select load, rows_read from _millrace.loads where rows_read <> rows_loaded + rows_quarantined + rows_filtered")),
    ...(await query("select load from _millrace.loads group by load having count(*) > 1")),
    ...(disposition === "append"
      ? await query("select l, n from (select sum(rows_loaded) l from _millrace.loads), (select count(*) n from raw.items) where l <> n")
      : []),
    ...(disposition === "snapshot"
      ? await query(`select id, valid_from, valid_to, next_from from
          (select id, valid_from, valid_to, lead(valid_from) over (partition by id order by valid_from) as next_from from raw.items)
          where valid_to <= valid_from or valid_to > next_from or (valid_to is null and next_from is not null)`)
      : []),
  ];
  return { rows: rows.map(([id, v, ...rest]) => [Number(id), Number(v), ...rest]), account };
}

async function expectedRows(disposition: Disposition, source: LoadSource): Promise<readonly (readonly unknown[])[]> {
  const { full, log, latest, history } = source.facts;
  const byFacts = (): readonly (readonly unknown[])[] => {
    switch (disposition) {
      case "replace":
        return full.map(cells);
      case "append":
        return log.map(cells);
      case "merge":
        return latest.map(cells);
      case "snapshot":
        return history.map((item) => [...cells(item), item.current]);
      default:
        return disposition satisfies never;
    }
  };
  const rows = byFacts().toSorted(byCells);
  const own = await source.expected?.();
  if (own !== undefined) expect(own.toSorted(byCells), "the source and the facts say the same").toEqual(rows);
  return rows;
}

function cells({ id, v, t }: Item): readonly unknown[] {
  return [id, v, t];
}

/** As `order by all` does: numbers by size, text by its letters, false before true. */
function byCells(a: readonly any[], b: readonly any[]): number {
  for (const [index, value] of a.entries()) if (value !== b[index]) return value < b[index] ? -1 : 1;
  return 0;
}
