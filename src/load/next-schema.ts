// What the next load would make of an asset's columns, before it: by the contract, from what a look at the source shows, or from the definition alone.
import { MillraceError } from "../model/errors.ts";
import type { SourceSpec } from "../model/definitions/source.ts";
import type { NextSchema } from "../model/answers.ts";
import type { StagedColumn } from "../formats/format.ts";
import { proposeRenames, type ColumnProfile } from "../schemas/renames.ts";
import { ownerOf } from "../sql/ledger/publish.ts";
import type { Session } from "../sql/session.ts";
import { ident, qualified } from "../sql/text.ts";
import { planColumns, variantName, type ColumnPlan, type CommittedColumn } from "./columns.ts";
import { refuseIncompatible } from "./compatible.ts";
import { completeContract } from "./contract.ts";
import { loadModeOf } from "./memory.ts";
import { shapeColumns } from "./nested-shape.ts";
import { declaredTypes } from "./plan-stages.ts";
import { schemaChanges } from "./schema-changes.ts";

export interface NextSchemaRequest {
  readonly asset: string;
  readonly spec: SourceSpec;
  /** What a look at the source showed; null: it gives what it gave. */
  readonly delivered: readonly StagedColumn[] | null;
  /** The definition is another than the one of the live version. */
  readonly isRedefined: boolean;
}

/** Undefined for an asset that was never loaded. Errors of the contract are in the answer. */
export async function nextSchema(
  session: Session,
  { asset, spec, delivered, isRedefined }: NextSchemaRequest,
): Promise<NextSchema | undefined> {
  const known = await session.row<{ columns: string }>(
    "select columns from _millrace.schemas where asset = $1 order by number desc limit 1",
    [await ownerOf(session, asset)],
  );
  if (known === undefined) return undefined;
  const before = JSON.parse(known.columns) as CommittedColumn[];
  const columns =
    delivered ?? before.flatMap(({ name, type, from }) => (from === null ? [] : [{ name, label: from, type, exactText: true, why: "" }]));
  const mode = loadModeOf(spec);
  const contract = completeContract(spec.contract);
  try {
    const plan = planColumns({
      asset,
      stages: [
        {
          name: asset,
          columns: shaped(columns, spec),
          canStageAgain: false,
          facts: () => ({ isEmpty: false, isSmall: true }),
        },
      ],
      declared: spec.columns ?? {},
      declaredTypes: await declaredTypes(session, spec.columns ?? {}),
      committed: before,
      committedLarge: new Set(),
      contract,
      pii: spec.pii,
      style: spec.names ?? "snake",
      dropsMissing: mode === "replace" && isRedefined,
    });
    await refuseIncompatible(session, { asset, mode: contract.compatibility, columns: plan.columns });
    const after = outcome(plan, before);
    const changes = schemaChanges(before, after, plan);
    return { changes, columns: after, ddl: ddlOf(asset, mode === "replace", before, after), warnings: renames(plan, before), fails: null };
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    return { changes: [], columns: before, ddl: [], warnings: [], fails: { code: error.code, message: error.message } };
  }
}

function shaped(columns: readonly StagedColumn[], spec: SourceSpec): readonly StagedColumn[] {
  if (spec.nested === undefined) return columns;
  const own = new Map(Object.entries(spec.columns ?? {}).flatMap(([name, { from }]) => (from === undefined ? [] : [[from.trim(), name]])));
  return shapeColumns(columns, spec.nested, { style: spec.names ?? "snake", nameOf: (label) => own.get(label.trim()) }).columns;
}

/** Columns that Millrace added stay. */
function outcome(plan: ColumnPlan, before: readonly CommittedColumn[]): readonly CommittedColumn[] {
  const after: CommittedColumn[] = plan.columns.flatMap(({ name, type, from, hasVariant }) => [
    { name, type, from: from ?? name },
    ...(hasVariant ? [{ name: variantName(name), type: "VARCHAR", from: null }] : []),
  ]);
  const names = new Set(after.map(({ name }) => name));
  return [...after, ...before.filter(({ name, from }) => from === null && !names.has(name))];
}

function ddlOf(
  asset: string,
  isReplaced: boolean,
  before: readonly CommittedColumn[],
  after: readonly CommittedColumn[],
): readonly string[] {
  const bare = (columns: readonly CommittedColumn[]): string => JSON.stringify(columns.map(({ name, type }) => [name, type]));
  if (bare(before) === bare(after)) return [];
  const table = qualified(asset.slice(0, asset.indexOf(".")), asset.slice(asset.indexOf(".") + 1));
  if (isReplaced) return [`create or replace table ${table} (${after.map(({ name, type }) => `${ident(name)} ${type}`).join(", ")})`];
  const earlier = new Map(before.map((column) => [column.name, column.type]));
  return after.flatMap(({ name, type }) => {
    const known = earlier.get(name);
    if (known === undefined) return [`alter table ${table} add column ${ident(name)} ${type}`];
    return known === type ? [] : [`alter table ${table} alter column ${ident(name)} type ${type}`];
  });
}

/** By their names alone: the values are looked at when they are loaded. */
function renames({ changes }: ColumnPlan, before: readonly CommittedColumn[]): readonly string[] {
  const profile = (name: string): ColumnProfile => {
    const type = before.find((column) => column.name === name)?.type ?? "VARCHAR";
    return { name, type, emptyShare: null, distinct: null, rows: null, lengthMean: null };
  };
  const named = (...kinds: string[]): ColumnProfile[] =>
    changes.filter(({ change }) => kinds.includes(change)).map(({ column }) => profile(column));
  const gone = named("missing", "removed");
  const added = named("added").map((column) => ({ ...column, type: gone[0]?.type ?? column.type }));
  return proposeRenames(gone, added, () => null).map(
    ({ from, to, why }) => `${to} may be ${from} under another name: ${why}; to say so: columns: { ${from}: { from: … } }`,
  );
}
