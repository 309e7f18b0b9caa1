// Which columns of a query's answer are personal: read from columns that are declared `pii:` or whose names tell of persons, or made of such, however far.
//   P1. Doubt masks: what is made of a personal column is personal unless it only counts or asks for null; a query whose origins cannot be read is personal
//       in all columns, where the project has any.
import type { PersonalAnswer } from "../../model/query-answers.ts";
import type { LineageSource } from "../../model/lineage.ts";
import { Lane } from "../tests/lane.ts";
import { maskedColumns, type MaskedColumns } from "../tests/record-mask.ts";
import { openWorld, type TestWorld } from "../tests/world.ts";
import type { Workspace } from "../workspace.ts";

/** Of the query among the project's: no asset has such a name. */
const QUERY = "~query";

export async function personalColumns(workspace: Workspace, { sql }: { readonly sql: string }): Promise<PersonalAnswer> {
  const text = sql.trim().replace(/(\s*;)+$/, "");
  const query = { id: QUERY, file: "query", sql: text, sqlOffset: 0, text };
  const lane = await Lane.open(workspace.dir, 1);
  try {
    const world = await lane.warehouse.session(({ connection }) =>
      openWorld(workspace, connection, { lineage: "columns", queries: [query] }),
    );
    const personal = maskedColumns({
      nodes: world.graph.nodes,
      lineageOf: (asset) => world.compilation.models.get(asset)?.lineage ?? null,
      passesOn,
    });
    const found = world.compilation.queries.get(QUERY);
    const [columns, lineage] = [found?.columns ?? null, found?.lineage ?? null];
    if (columns === null || lineage === null) return { columns: null, isAll: hasPersonal(world, personal) };
    return {
      columns: columns.map(({ name }) => ({
        name,
        isPersonal: (lineage.columns[name] ?? []).some((each) => isPersonal(personal, each)),
      })),
      isAll: false,
    };
  } finally {
    lane.close();
  }
}

function passesOn({ kind, hides }: LineageSource): boolean {
  return kind !== "condition" && hides !== true;
}

function isPersonal(personal: MaskedColumns, source: LineageSource): boolean {
  const { asset, path } = source;
  return passesOn(source) && (personal.isMasked(asset, path) || personal.isMasked(asset, path.split(".")[0]!));
}

function hasPersonal(world: TestWorld, personal: MaskedColumns): boolean {
  return [...world.graph.nodes.keys()].some((asset) => (world.columnsOf(asset) ?? []).some(({ name }) => personal.isMasked(asset, name)));
}
