// Who reads what changed besides assets: exports, checks, tests. A reader breaks when a column that it names is gone or has a type of another kind.
import type { AssetChangeAnswer, ColumnChangeAnswer, TouchedAnswer } from "../../model/change-answers.ts";
import type { NodeId } from "../../model/graph.ts";
import type { CompareInput, ProjectChanges } from "./changes.ts";
import type { ReaderSnapshot } from "./snapshot.ts";

export function touchedBy(
  { before, after }: Pick<CompareInput, "before" | "after">,
  { assets, affected }: ProjectChanges,
): readonly TouchedAnswer[] {
  const changes = new Map(assets.map((change) => [change.asset, change]));
  const gone = new Set([...before.assets.keys()].filter((id) => !after.assets.has(id)));
  const touched = new Map<string, TouchedAnswer>();
  // What was there before and is there no more is touched by nothing.
  for (const reader of after.readers)
    for (const [asset, columns] of Object.entries(reader.reads)) {
      const found = gone.has(asset) ? goneFor(reader, asset) : touch(reader, asset, columns, { change: changes.get(asset), affected });
      if (found !== null) touched.set(`${reader.kind} ${reader.name} ${asset}`, found);
    }
  return [...touched.values()];
}

interface Reached {
  readonly change: AssetChangeAnswer | undefined;
  readonly affected: ProjectChanges["affected"];
}

function touch(
  { kind, name, file }: ReaderSnapshot,
  asset: NodeId,
  columns: readonly string[] | "all",
  { change, affected }: Reached,
): TouchedAnswer | null {
  if (change === undefined || change.change === "added" || change.change === "metadata") return null;
  const common = { kind, name, file, asset };
  const reads = (column: string): boolean => columns === "all" || columns.some((each) => each.toLowerCase() === column.toLowerCase());
  const own = change.columns.filter(({ column, from, change: what }) => (what === "added" ? columns === "all" : reads(from ?? column)));
  const lost = own.filter(
    ({ change: what, type }) => what === "removed" || what === "renamed" || (what === "retyped" && !isSameKind(type)),
  );
  const names = own.map(({ column, from }) => from ?? column);
  if (lost.length > 0) {
    const words = lost.map(({ column, from, change: what }) =>
      what === "renamed" ? `${from} is called ${column}` : `${column} was ${what}`,
    );
    return { ...common, columns: names, breaks: kind !== "export" || columns === "all", why: words.join("; ") };
  }
  if (own.length > 0)
    return { ...common, columns: names, breaks: false, why: `${names.join(", ")} ${own.length === 1 ? "is" : "are"} other than before` };
  // A test brings its own rows: it is touched where the model itself computes other ones.
  const isRows = affected.get(asset)?.rows === true && (kind !== "test" || change.change !== "indirect");
  return isRows ? { ...common, columns: [], breaks: false, why: "its rows may differ" } : null;
}

/** `DECIMAL(12,2)` and `DECIMAL(38,3)` are numbers to whoever reads them. */
function isSameKind({ before, after }: ColumnChangeAnswer["type"]): boolean {
  const [was, is] = [before, after].map((type) => /^(\w+)\([\d, ]+\)$/.exec(type ?? "")?.[1]);
  return was !== undefined && was === is;
}

function goneFor({ kind, name, file }: ReaderSnapshot, asset: NodeId): TouchedAnswer {
  return { kind, name, file, asset, columns: [], breaks: true, why: `${asset} is gone` };
}
