// The records of one asset in quarantine, with their cells: which of them break the rule, what they may have meant, what lacks them, who decided what.
import type { QuarantineDecision, QuarantineRecord, QuarantineRecordsAnswer } from "../../model/quarantine-answers.ts";
import type { NodeId } from "../../model/graph.ts";
import type { CompiledCheck } from "../../load/check.ts";
import type { CommittedColumn } from "../../load/columns.ts";
import { editable, openRecords, tableOfRecords } from "../../load/amend/records.ts";
import { type CellSuggestion, suggestCells } from "../../load/amend/suggest.ts";
import { RAW_SHOWN_CHARACTERS } from "../../load/quarantine.ts";
import type { Graph } from "../../plan/graph.ts";
import { readLive } from "../../sql/ledger/publish.ts";
import type { Session } from "../../sql/session.ts";
import { ident, literal } from "../../sql/text.ts";
import { keySeen } from "../environments/keys.ts";
import { defineProject } from "../plan/definitions.ts";
import type { Workspace } from "../workspace.ts";
import { isLoaded } from "./amendment.ts";
import { assetNamed } from "./list.ts";

export interface QuarantineRecordsRequest {
  readonly asset: string;
  readonly rule?: string;
  readonly limit: number;
  /** `next` of the answer before. */
  readonly cursor?: string;
}

const TABLE = "_millrace_shown";
const DECISIONS_MAX = 20;

/** @throws MR6102 for an asset that is not there. */
export async function quarantineRecords(workspace: Workspace, request: QuarantineRecordsRequest): Promise<QuarantineRecordsAnswer> {
  const asset = await assetNamed(workspace, request.asset);
  const warehouse = await workspace.warehouse();
  const live = await warehouse.session((session) => readLive(session));
  const { graph, checks } = await defineProject(workspace, { live, lineage: "tables", params: {} });
  const node = graph.nodes.get(asset)!;
  const own = checks.get(asset) ?? [];
  const isCorrected = isLoaded(node) && node.spec.partition === undefined;
  const from = Number(request.cursor ?? 0);
  return warehouse.session(async (session) => {
    const key = await keySeen(session, asset);
    const columns = await columnsOf(session, key, live.get(asset)?.columns ?? []);
    const filter = { asset: key, ...(request.rule === undefined ? {} : { rule: request.rule }) };
    const total = await tableOfRecords(session, { ...filter, into: TABLE, columns });
    const shown = await readRecords(session, { columns, from, limit: request.limit });
    const failing = shown.map((record) => failingOf(record, { columns, checks: own }));
    const suggestions = isCorrected
      ? await suggestionsOf(session, { columns: requiredBy(own, columns), shown, failing })
      : new Map<string, never>();
    const rules = await session.rows<{ rule: string; rows: number }>(
      `select rule, count(*) as rows from _millrace.quarantine where ${openRecords({ asset: key })} group by all order by rows desc, rule`,
    );
    return {
      asset,
      acts: isCorrected ? ["fix", "accept", "replay", "discard"] : isLoaded(node) ? ["discard"] : ["accept", "replay", "discard"],
      columns: columns.map(({ name, type }) => ({ name, type, editable: isCorrected })),
      records: shown.map((record, index) => ({
        ...record,
        failing: failing[index]!,
        suggestion: suggestions.get(record.id) ?? null,
      })),
      total,
      next: from + shown.length < total ? String(from + shown.length) : null,
      rules: rules.map(({ rule, rows }) => {
        const { file = null, line = null } = own.find(({ name }) => name === rule)?.location ?? {};
        return { rule, rows, file: file ?? (isLoaded(node) ? node.file : null), line };
      }),
      downstream: below(graph, asset),
      decisions: await decisionsOf(session, key),
    };
  });
}

type Shown = Omit<QuarantineRecord, "failing" | "suggestion">;

/** Those of the contract, by their headers; those that a query made, by their names. */
async function columnsOf(
  session: Session,
  key: string,
  live: readonly { readonly name: string; readonly type: string }[],
): Promise<readonly CommittedColumn[]> {
  const schema = await session.row<{ columns: string }>(
    "select columns from _millrace.schemas where asset = $1 order by number desc limit 1",
    [key],
  );
  if (schema !== undefined) return editable(JSON.parse(schema.columns) as CommittedColumn[]);
  return live.map(({ name, type }) => ({ name, type, from: name }));
}

async function readRecords(
  session: Session,
  { columns, from, limit }: { readonly columns: readonly CommittedColumn[]; readonly from: number; readonly limit: number },
): Promise<readonly Shown[]> {
  const cells = columns.length === 0 ? "[]::varchar[]" : `[${columns.map(({ name }) => `r.${ident(name)}`).join(", ")}]`;
  const rows = await session.rows<Omit<Shown, "cells" | "isUnread"> & { readonly cells: string }>(
    `select r._id as id, r._rule as rule, r._reason as reason, r._file as file, r._line as line, q."at", q.run,
       left(r._raw, ${RAW_SHOWN_CHARACTERS}) as raw, to_json(${cells})::varchar as cells
     from (select *, rowid as place from ${TABLE} order by rowid limit ${limit} offset ${from}) r
     join _millrace.quarantine q on q.id = r._id and q.status = 'open' order by r.place`,
  );
  return rows.map((row) => {
    const values = JSON.parse(row.cells) as readonly (string | null)[];
    return { ...row, cells: values, isUnread: values.every((value) => value === null) };
  });
}

/** The contract names its column; a check reads some, or names them in its SQL. */
function failingOf(
  { rule, reason }: Shown,
  { columns, checks }: { readonly columns: readonly CommittedColumn[]; readonly checks: readonly CompiledCheck[] },
): readonly number[] {
  const named = /^(?:badValue|typeChange|required)\((.*)\)$/s.exec(rule)?.[1];
  const isNamed = (name: string): boolean => {
    if (named !== undefined) return name === named;
    const check = checks.find((each) => each.name === rule);
    if (check === undefined) return reason.startsWith(`${name}:`);
    if (check.columns.length > 0) return check.columns.some((column) => column.toLowerCase() === name.toLowerCase());
    return check.test.kind === "row" && (check.test.bad.match(/\w+/g) ?? []).some((word) => word.toLowerCase() === name.toLowerCase());
  };
  return columns.flatMap(({ name, from }, index) => (isNamed(name) || (from !== null && named === from) ? [index] : []));
}

async function suggestionsOf(
  session: Session,
  {
    columns,
    shown,
    failing,
  }: { readonly columns: readonly CommittedColumn[]; readonly shown: readonly Shown[]; readonly failing: readonly (readonly number[])[] },
): Promise<ReadonlyMap<string, CellSuggestion & { readonly column: string }>> {
  const found = new Map<string, CellSuggestion & { readonly column: string }>();
  for (const [place, column] of columns.entries()) {
    const ids = shown.filter((record, index) => failing[index]!.includes(place) && !record.isUnread).map(({ id }) => id);
    for (const [id, each] of await suggestCells(session, { table: TABLE, column, ids })) found.set(id, { column: column.name, ...each });
  }
  return found;
}

/** No value is no way out where a check would stop the load. */
function requiredBy(checks: readonly CompiledCheck[], columns: readonly CommittedColumn[]): readonly CommittedColumn[] {
  const stopping = checks.filter(({ kind, onFail }) => kind === "notNull" && onFail === "stop");
  const names = new Set(stopping.flatMap((check) => check.columns.map((name) => name.toLowerCase())));
  return columns.map((column) => (names.has(column.name.toLowerCase()) ? { ...column, required: true } : column));
}

/** Everything that is built of an asset, nearest first. */
function below({ dependents }: Pick<Graph, "dependents">, asset: NodeId): readonly NodeId[] {
  const found = new Set<NodeId>(dependents.get(asset));
  for (const id of found) for (const next of dependents.get(id) ?? []) found.add(next);
  return [...found];
}

async function decisionsOf(session: Session, key: string): Promise<readonly QuarantineDecision[]> {
  return session.rows<QuarantineDecision>(
    `select decision, act, "rows", "by", why, "at", run from _millrace.decisions where asset = ${literal(key)} order by "at" desc limit ${DECISIONS_MAX}`,
  );
}
