// The plan of a load's columns against its stages: asks the data what the plan must know, and stages files again whose text would be bent.
import type { ColumnSpec, SourceSpec } from "../model/definitions/source.ts";
import { messageOf, MillraceError, type SourceLocation } from "../model/errors.ts";
import { nearest } from "../model/suggest.ts";
import type { ColumnReading } from "../formats/format.ts";
import { normalType, TYPE_WORDS } from "../formats/types/parse.ts";
import { physicalTable } from "../sql/ledger/publish.ts";
import type { Session } from "../sql/session.ts";
import { ident, literal } from "../sql/text.ts";
import { planColumns, type ColumnFacts, type ColumnPlan, type CommittedColumn } from "./columns.ts";
import { refuseIncompatible } from "./compatible.ts";
import type { LoadContract } from "./contract.ts";
import type { Memory } from "./memory.ts";
import { refuseUnknownPii, usePiiKey } from "./pii.ts";
import { renameNotes } from "./renames.ts";
import type { LoadRequest } from "./request.ts";
import { nestedNotes, shapeStages } from "./nested-stages.ts";
import { ColumnReadings, type Stage, type Staged } from "./staged.ts";

/** How readers are to take each header: text where a conversion of ours needs the text. @throws MR4014. */
export async function readingsFor(
  session: Session,
  spec: Pick<SourceSpec, "columns">,
  committed: readonly CommittedColumn[] | null,
): Promise<ColumnReadings> {
  const types = await declaredTypes(session, spec.columns ?? {}); // a wrong type is told before anything is read
  const byLabel = new Map<string, ColumnReading>();
  const byName = new Map<string, ColumnReading>();
  for (const column of committed ?? []) if (column.type === "VARCHAR" && column.from !== null) byLabel.set(column.from.trim(), "text");
  for (const [name, column] of Object.entries(spec.columns ?? {})) {
    // A declared type alone is checked against the inferred one: where they agree nothing is converted. Text must be read as text.
    const type = types.get(name);
    const needsText =
      column.parse !== undefined || column.map !== undefined || (column.nulls?.length ?? 0) > 0 || type === "VARCHAR" || type === "JSON";
    if (!needsText && type === undefined) continue;
    byName.set(name, needsText ? "text" : "infer");
    if (column.from !== undefined) byLabel.set(column.from.trim(), needsText ? "text" : "infer");
  }
  return new ColumnReadings(byLabel, byName);
}

interface PlanRequest {
  readonly request: LoadRequest;
  readonly memory: Memory;
  readonly staged: Staged;
  readonly contract: LoadContract;
  readonly mode: string;
}

/** Stages and columns that fit each other. */
export async function planStages(
  session: Session,
  { request, memory, staged, contract, mode }: PlanRequest,
): Promise<{ stages: readonly Stage[]; plan: ColumnPlan }> {
  const declared = request.spec.columns ?? {};
  const types = await declaredTypes(session, declared);
  const committedLarge = memory.continues ? await largeColumns(session, memory) : new Set<string>();
  let stages = staged.stages;
  for (let round = 0; ; round++) {
    const needsFacts = stages.length > 1 || memory.committed !== null || types.size > 0;
    const facts: ReadonlyMap<string, ColumnFacts>[] = [];
    for (const stage of stages) facts.push(needsFacts ? await readFacts(session, stage) : new Map());
    const shaped = await shapeStages(session, stages, request.spec);
    const plan = planColumns({
      asset: request.asset,
      stages: stages.map((stage, index) => ({
        name: stage.items[0]?.name ?? request.asset,
        columns: shaped.columns[index]!,
        canStageAgain: stage.again !== null && round === 0,
        facts: (column) => {
          const known = facts[index]!.get(column.name) ?? { isEmpty: stage.rows === 0, isSmall: false };
          // A server's type holds without a value too.
          return stage.isTyped === true && (memory.committed === null || stage.rows > 0) ? { ...known, isEmpty: false } : known;
        },
      })),
      declared,
      declaredTypes: types,
      committed: memory.committed,
      committedLarge,
      contract,
      pii: request.spec.pii,
      style: request.spec.names ?? "snake",
      dropsMissing: mode === "replace" && request.replay === undefined && memory.live?.codeHash !== request.codeHash,
    });
    if (plan.asText.size === 0) {
      await checkDefaults(session, plan);
      refuseUnknownPii(request.asset, request.spec.pii ?? {}, new Set(plan.columns.map(({ name }) => name)));
      if (plan.columns.some(({ mask }) => mask === "hash")) await usePiiKey(session);
      if (memory.committed !== null)
        await refuseIncompatible(session, { asset: request.asset, mode: contract.compatibility, columns: plan.columns });
      const physical = memory.live?.physical ?? null;
      const renames = await renameNotes(session, { committed: memory.committed, physical, stages, plan });
      const notes = [...plan.notes, ...renames.notes, ...(await nestedNotes(session, stages, shaped.shapes))];
      return { stages, plan: { ...plan, notes, warnings: [...plan.warnings, ...renames.warnings, ...shaped.warnings] } };
    }
    const again: Stage[] = [];
    for (const [index, stage] of stages.entries()) {
      const labels = plan.asText.get(index);
      again.push(labels === undefined || stage.again === null ? stage : await stage.again(labels));
    }
    stages = again;
  }
}

/** @throws MR4621. */
async function checkDefaults(session: Session, { columns }: ColumnPlan): Promise<void> {
  for (const { name, type, defaultSql, spec } of columns) {
    if (defaultSql === null) continue;
    const row = await session.row<{ fits: boolean }>(`select (${defaultSql}) is not null as fits`);
    if (row?.fits !== true)
      throw new MillraceError({ code: "MR4621", message: `columns: ${name}: default: ${JSON.stringify(spec?.default)} is no ${type}.` });
  }
}

const EXACT_IN_DOUBLE = 2 ** 53;

async function readFacts(session: Session, stage: Stage): Promise<ReadonlyMap<string, ColumnFacts>> {
  if (stage.columns.length === 0) return new Map();
  const parts = stage.columns.flatMap((column, index) => {
    const cell = ident(column.name);
    const isInteger = /^U?(BIGINT|HUGEINT)$/.test(column.type);
    return [
      `count(${column.type === "VARCHAR" ? `nullif(${cell}, '')` : cell}) as n${index}`,
      ...(isInteger ? [`coalesce(max(${cell}) <= ${EXACT_IN_DOUBLE} and min(${cell}) >= -${EXACT_IN_DOUBLE}, true) as s${index}`] : []),
    ];
  });
  const row = (await session.row<Record<string, number | boolean>>(`select ${parts.join(", ")} from ${stage.table}`)) ?? {};
  return new Map(
    stage.columns.map((column, index) => [column.name, { isEmpty: row[`n${index}`] === 0, isSmall: row[`s${index}`] !== false }]),
  );
}

async function largeColumns(session: Session, { committed, live }: Memory): Promise<ReadonlySet<string>> {
  const integers = (committed ?? []).filter((column) => /^U?(BIGINT|HUGEINT)$/.test(column.type));
  if (integers.length === 0 || live?.physical == null) return new Set();
  const parts = integers.map(
    ({ name }, index) =>
      `coalesce(max(${ident(name)}) > ${EXACT_IN_DOUBLE} or min(${ident(name)}) < -${EXACT_IN_DOUBLE}, false) as c${index}`,
  );
  const row = (await session.row<Record<string, boolean>>(`select ${parts.join(", ")} from ${physicalTable(live.physical)}`)) ?? {};
  return new Set(integers.filter((_, index) => row[`c${index}`] === true).map(({ name }) => name));
}

/** Declared types as DuckDB writes them. @throws MR4014. */
export async function declaredTypes(
  session: Session,
  declared: Readonly<Record<string, ColumnSpec>>,
): Promise<ReadonlyMap<string, string>> {
  const types = new Map<string, string>();
  for (const [name, column] of Object.entries(declared)) {
    if (column.type === undefined) continue;
    types.set(name, await boundType(session, name, column.type));
  }
  return types;
}

async function boundType(session: Session, name: string, written: string): Promise<string> {
  const type = normalType(written);
  const unknown = (why: string, cause?: unknown): MillraceError =>
    new MillraceError({
      code: "MR4014",
      message: `columns: ${name}: the type ${JSON.stringify(written)} is not known${why}`,
      hint: hintOfType(written),
      cause,
    });
  // Only what can be a type: the text goes into a statement as it is.
  if (!/^[A-Za-z_][A-Za-z0-9_ ]*(\([\d\s,]+\))?(\[\d*\])*$/.test(type)) throw unknown(": it has signs that no type has");
  try {
    const row = await session.row<{ type: string }>(`select typeof(cast(null as ${type})) as type, ${literal(type)} as written`);
    return row?.type === '"NULL"' ? "VARCHAR" : (row?.type ?? type);
  } catch (error) {
    const [line = ""] = messageOf(error).split("\n", 1);
    // That there is no such type is said already; why a known one does not fit (`decimal(50,2)`) is not.
    throw unknown(/Type with name .* does not exist/.test(line) ? "" : `: ${line}`, error);
  }
}

/** For a type that DuckDB does not have, at its place. */
export function unknownType(where: string, written: string, location: SourceLocation | undefined): MillraceError {
  return new MillraceError({
    code: "MR4014",
    message: `${where}: the type ${JSON.stringify(written)} is not known`,
    hint: hintOfType(written),
    ...(location === undefined ? {} : { location }),
  });
}

function hintOfType(written: string): string {
  const [word = ""] = written.trim().split(/[([]/, 1);
  if (TYPE_WORDS.includes(word.trim().toLowerCase())) return "An example: decimal(18,2).";
  const near = nearest(word, TYPE_WORDS);
  return near.length === 0
    ? `Types are ${TYPE_WORDS.join(", ")}.`
    : `did you mean ${near.map((type) => JSON.stringify(type)).join(" or ")}?`;
}
