// A small project with every way of keeping rows, and how its files change: other rows in the source, other definitions.
import { project } from "../millrace.ts";
import { facts } from "./load-facts.ts";

export interface World {
  readonly dir: string;
  /** Other rows in the source. */
  deliver(): void;
  /** The definitions as of `code`. */
  define(code: number): void;
  remove(): void;
}

type Model = readonly [front: string, sql: string];

const DAYS = 28;
const dayOf = (id: number): string => new Date(Date.UTC(2026, 0, 1 + (id % DAYS))).toISOString().slice(0, 10);
const BOUND = "day >= $start and day < $end";

function models(code: number): Readonly<Record<string, Model>> {
  return {
    "main.by_day": [
      "materialize: incremental\nincremental: { by: day }\nchecks: [{ notNull: [day, n] }, { unique: [day] }]",
      `select day, count(*) as n, sum(v) + ${code} as v from raw.items where ${BOUND} group by day`,
    ],
    "main.by_key": ["materialize: incremental\nkey: [id]\nincremental: { cursor: seq }", "select id, seq, v, t from raw.items"],
    "main.by_part": [
      "materialize: incremental\nincremental: { mode: partition, by: part }",
      `select id % 7 as part, id, v * ${code + 1} as v from raw.items where v % 3 > 0`,
    ],
    "main.onward": [
      "materialize: incremental\nkey: [part]",
      "select id % 11 as part, sum(v) as v, max(seq) as seq from main.by_key group by 1",
    ],
    "clean.seen": ["materialize: view", `select id, v from raw.items where v > ${code}`],
    "clean.named": [
      "materialize: table\nchecks: [{ unique: [id] }]",
      `select i.id, p.name, i.v + ${code} as v from raw.items i join clean.parts p on p.part = i.id % 4`,
    ],
    "clean.history": ["materialize: snapshot\nkey: [id]", "select id, seq, v, t from raw.items"],
    "final.files": [
      "materialize: external\nexternal: { path: out/files, partitionBy: [part] }",
      "select id % 3 as part, id, v from clean.named",
    ],
    "final.groups": [
      "materialize: incremental\nincremental: { mode: maintain }",
      "select name, count(*) as n, sum(v) as v from clean.named group by name",
    ],
  };
}

const FILES = {
  "millrace.yaml": `name: kills
defaults: { retry: { attempts: 3, delay: 10ms } }
retention: { versions: 2 }
environments: { prod: { branches: [main] }, "*": { kind: research } }
`,
  "sources/items.yaml":
    "from: { files: { path: items.csv } }\nprimaryKey: [id]\ncolumns: { id: { type: bigint }, seq: { type: bigint }, v: { type: bigint }, day: { type: date } }\n",
  "models/clean/parts.csv": "part,name\n0,zero\n1,one\n2,two\n3,three\n",
  "pipelines/scores.ts": `import { defineAsset } from "millrace";
export const scores = defineAsset({
  name: "final.scores",
  needs: ["main.by_part"],
  columns: { id: { type: "bigint" }, score: { type: "double" } },
  async *transform({ read }) {
    for await (const batch of read("main.by_part")) yield batch.map(({ id, v }) => ({ id, score: Number(v) / 4 }));
  },
});
`,
  "exports/groups.yaml": "select: final.groups\nto: { files: { path: out/groups.csv } }\n",
};

/** All assets that have rows to look at. */
export const ASSETS: readonly string[] = ["raw.items", "clean.parts", "final.scores", ...Object.keys(models(0))];

/** What readers are to see of an asset, over what its inputs are now. */
export function wantedSql(asset: string, code: number): string | undefined {
  if (asset === "clean.history") return undefined;
  if (asset === "final.scores") return "select id, (v / 4)::double as score from main.by_part";
  return models(code)[asset]?.[1].replace(BOUND, "true");
}

/** Columns of an asset that do not depend on the time of day. */
export function comparable(asset: string): string {
  return asset === "clean.history" ? "id, seq, v, t, valid_to is null as is_current" : "*";
}

export function modelWorld(): World {
  const items = facts();
  const made = project(FILES);
  return {
    dir: made.dir,
    remove: made.remove,
    deliver() {
      items.change();
      const lines = items.full.map(({ id, seq, v, t }) => `${id},${seq},${v},"${t}",${dayOf(id)}`);
      made.write("items.csv", `id,seq,v,t,day\n${lines.join("\n")}\n`);
    },
    define(code) {
      for (const [name, [front, sql]] of Object.entries(models(code)))
        made.write(`models/${name.replace(".", "/")}.sql`, `/*---\n${front}\n---*/\n${sql}\n`);
    },
  };
}
