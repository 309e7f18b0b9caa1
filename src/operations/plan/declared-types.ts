// Types that `columns:` of a model declares: they must be types, and those that its query gives. Nothing is cast unseen; the query says how.
import { normalType } from "../../formats/types/parse.ts";
import { unknownType } from "../../load/plan-stages.ts";
import { MillraceError, type SourceLocation } from "../../model/errors.ts";
import type { ModelNode } from "../../model/graph.ts";
import type { Project } from "../../project/reader.ts";
import type { Compilation } from "../../sql/compile/types.ts";
import type { Session } from "../../sql/session.ts";
import type { Warehouse } from "../../sql/warehouse.ts";

interface Declared {
  readonly node: ModelNode;
  readonly name: string;
  readonly type: string;
  readonly location: SourceLocation | undefined;
}

/** A query whose columns rest on a guess is held to its types once its sources were loaded. */
export async function declaredTypeErrors(
  warehouse: Pick<Warehouse, "session">,
  project: Pick<Project, "nodes" | "locate">,
  { models }: Compilation,
): Promise<readonly MillraceError[]> {
  const declared = project.nodes.flatMap((node) => declaredIn(project, node));
  if (declared.length === 0) return [];
  return warehouse.session(async (session) => {
    const types = new Map<string, string | null>();
    for (const type of new Set(declared.map((each) => each.type))) types.set(type, await typeNamed(session, type));
    return declared.flatMap(({ node, name, type, location }) => {
      const known = types.get(type)!;
      if (known === null) return [unknownType(`${node.id}: columns.${name}`, type, location)];
      const query = models.get(node.id);
      const given = query?.certain === true ? query.columns?.find((column) => column.name.toLowerCase() === name.toLowerCase()) : undefined;
      if (given === undefined || given.type === known || given.type === '"NULL"') return [];
      const message = `${node.id}: columns.${name} says ${type}, but the query gives ${given.type}`;
      const hint = `write it in the query: (…)::${known} as ${name}; or declare ${given.type}`;
      return [new MillraceError({ code: "MR4648", message, hint, ...(location === undefined ? {} : { location }) })];
    });
  });
}

function declaredIn(project: Pick<Project, "locate">, node: Project["nodes"][number]): readonly Declared[] {
  if (node.kind !== "model") return [];
  return Object.entries(node.spec.columns ?? {}).flatMap(([name, column]) =>
    typeof column === "string" || column.type === undefined
      ? []
      : [{ node, name, type: column.type, location: project.locate(node.id, ["columns", name, "type"]) }],
  );
}

/** As DuckDB writes it; null where it is none. */
async function typeNamed(session: Session, written: string): Promise<string | null> {
  const type = normalType(written);
  if (!/^[A-Za-z_][\w\s()[\],"]*$/.test(type)) return null; // the text goes into a statement as it is
  try {
    const row = await session.row<{ type: string }>(`select typeof(cast(null as ${type})) as type`);
    return row === undefined || row.type === '"NULL"' ? null : row.type;
  } catch {
    return null;
  }
}
