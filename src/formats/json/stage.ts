// From the account of a file to its stage table, by the cheapest road that is provably right:
//   1. DuckDB reads the file as it is, with the types that all records were seen to have;
//   2. else it reads a rewritten copy, and what cannot be a row is in the table of rejected records.
import { join } from "node:path";
import type { FileUnderstanding, LineOrigin, StagedFile, StageRequest } from "../format.ts";
import { planColumns, planValue, type ColumnPlan } from "./columns.ts";
import { createEmpty, loadAsIs, loadRejected, loadRewritten, prove } from "./load.ts";
import type { JsonScan } from "./scan.ts";
import { COLUMNS_MAX } from "./scanner.ts";
import { work } from "./work.ts";

export interface RecordPlan {
  readonly kind: "columns" | "value";
  readonly columns: readonly ColumnPlan[];
  /** The file as it is would not give these columns. */
  readonly needsRewrite: boolean;
}

export interface RecordFile {
  /** JSON lines: the file itself, or the records of a document. */
  readonly path: string;
  readonly scan: JsonScan;
  readonly plan: RecordPlan;
  /** Where the records stood in the file of the user; null when `path` is that file. */
  readonly stood: readonly LineOrigin[] | null;
  /** `into` holds the records already, read as the plan says. */
  readonly isLoaded: boolean;
  readonly understood: Omit<FileUnderstanding, "doubts" | "warnings" | "road" | "confidence" | "compression">;
}

/** What the records of a file become: columns when most of them are objects, else one column. */
export function planRecords(scan: JsonScan, request: Pick<StageRequest, "columns" | "otherwise">): RecordPlan {
  const { root } = scan;
  const sound = scan.records - scan.bad;
  const isTable = root.members.length > 0 && root.members.length < COLUMNS_MAX && scan.others * 2 <= sound;
  if (!isTable) {
    const reading = request.columns.get("value") ?? request.otherwise;
    const isMixed = scan.others < sound || root.members.length > 0;
    return { kind: "value", columns: [planValue(root, root.values, reading, isMixed)], needsRewrite: true };
  }
  const { columns, needsRewrite } = planColumns(root, request.columns, request.otherwise);
  const isPlain = scan.bad === 0 && scan.others === 0 && scan.duplicates === 0 && !scan.hasBom && !scan.hasLoneReturn;
  return { kind: "columns", columns, needsRewrite: needsRewrite || !isPlain };
}

/** Creates the tables of the request. Throws MR3123 when the account and the table differ. */
export async function stageRecords(
  request: StageRequest,
  file: RecordFile,
  temp: string,
): Promise<Omit<StagedFile, "lines" | "sizeBytes" | "hash">> {
  const { connection, into } = request;
  const { scan, plan } = file;
  const doubts = doubtsOf(scan, plan);
  const understood = { ...file.understood, compression: "none", confidence: 1, doubts, warnings: [] as string[] } as const;
  if (scan.records === 0) {
    await createEmpty(connection, into);
    const records = { read: 0, quarantined: 0, repaired: 0 };
    return { rows: 0, columns: [], origins: [], hasRejected: false, records, understood: { ...understood, road: "no records" } };
  }
  if (!plan.needsRewrite) {
    if (!file.isLoaded) await loadAsIs(connection, into, file.path, plan.columns, scan.longestBytes);
    const values = plan.columns.map((column) => column.values);
    await prove(connection, into, request.name, scan.records, plan.columns, values);
    const records = { read: scan.records, quarantined: 0, repaired: 0 };
    const origins = file.stood ?? scan.origins;
    const road = file.stood === null ? "the file as it is" : "the records of the document, as they are";
    return { rows: scan.records, columns: staged(plan.columns), origins, hasRejected: false, records, understood: { ...understood, road } };
  }
  const job = {
    path: file.path,
    copy: join(temp, "rewritten.ndjson"),
    rejected: join(temp, "rejected.ndjson"),
    columns: plan.columns.map(({ key, writing }) => ({ key, writing })),
    records: plan.kind,
    repair: request.repair,
    stood: file.stood,
  };
  const rewritten = await work("rewrite", job, scan.sizeBytes, request.signal);
  await loadRewritten(connection, into, job.copy, plan.columns, rewritten.longestBytes);
  await prove(connection, into, request.name, rewritten.rows, plan.columns, rewritten.values);
  const { rows, quarantined, repaired, origins } = rewritten;
  const hasRejected = quarantined + repaired > 0;
  if (hasRejected) await loadRejected(connection, request.rejectedInto, job.rejected, rewritten.longestBytes);
  const warnings =
    repaired === 0 ? [] : [`${repaired === 1 ? "one record has" : `${repaired} records have`} a key twice; the last value counts`];
  return {
    rows,
    columns: staged(plan.columns),
    origins,
    hasRejected,
    records: { read: rows + quarantined, quarantined, repaired },
    understood: { ...understood, warnings, road: "a rewritten copy" },
  };
}

export function staged(columns: readonly ColumnPlan[]): StagedFile["columns"] {
  return columns.map(({ name, label, type, exactText, why }) => ({ name, label, type, exactText, why }));
}

function doubtsOf(scan: JsonScan, plan: RecordPlan): readonly string[] {
  const doubts: string[] = [];
  const sound = scan.records - scan.bad;
  if (scan.bad > 0) doubts.push(`${scan.bad} of ${scan.records} records are no valid JSON`);
  if (plan.kind === "columns" && scan.others > 0) doubts.push(`${scan.others} of ${sound} records are no objects`);
  if (plan.kind === "value" && sound > 0) {
    const many = scan.root.members.length >= COLUMNS_MAX;
    doubts.push(
      many
        ? `more than ${COLUMNS_MAX} different keys: the records are one column of JSON`
        : "the records are no objects: they are one column",
    );
  }
  for (const column of plan.columns) {
    if (column.why.startsWith("values of several kinds")) doubts.push(`${column.label}: ${column.why}`);
    if (column.name !== column.label)
      doubts.push(`the key ${JSON.stringify(column.label)} became the column ${JSON.stringify(column.name)}`);
  }
  return doubts;
}
