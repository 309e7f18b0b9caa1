// What became of an asset's columns from one version of its schema to the next, each change with the policy that let it.
import type { ColumnPlan, CommittedColumn, SchemaChange } from "./columns.ts";

/** The changes that the plan of the columns tells, and those that only the outcome shows: what the definition declares by itself. */
export function schemaChanges(
  before: readonly CommittedColumn[],
  after: readonly CommittedColumn[],
  plan: Pick<ColumnPlan, "changes">,
): readonly SchemaChange[] {
  const changes = [...plan.changes];
  const isTold = (column: string, ...kinds: SchemaChange["change"][]): boolean =>
    changes.some((change) => change.column === column && kinds.includes(change.change));
  const earlier = new Map(before.map((column) => [column.name, column]));
  for (const column of after) {
    const known = earlier.get(column.name);
    const policy = column.from === null && column.description !== null ? "typeChange: variant" : "definition";
    if (known === undefined) {
      if (!isTold(column.name, "added")) changes.push({ column: column.name, change: "added", detail: column.type, policy });
      continue;
    }
    if (known.type !== column.type && !isTold(column.name, "widened"))
      changes.push({ column: column.name, change: "retyped", detail: `${known.type} → ${column.type}`, policy: "definition" });
    if (known.from !== column.from && column.from !== null)
      changes.push({
        column: column.name,
        change: "renamed",
        detail: `from ${JSON.stringify(known.from)} → ${JSON.stringify(column.from)}`,
        policy: "definition",
      });
  }
  const names = new Set(after.map(({ name }) => name));
  for (const { name } of before)
    if (!names.has(name) && !isTold(name, "removed"))
      changes.push({ column: name, change: "removed", detail: "no longer there", policy: "definition" });
  return changes;
}
