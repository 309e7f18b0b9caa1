// Staging: every delivery in a table of its own (all pages of rows in one), outside the publishing transaction. A stage table knows where each
// of its rows came from by the order of rows; nothing refers to it until it is published or its rows are taken over.
//   S1. A delivery that cannot be read fails the load and is named.
//   S2. Files that were taken before (append, merge) are recognised by path and content before they are read.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { asMillraceError, MillraceError } from "../model/errors.ts";
import { snakeName } from "../model/names.ts";
import type { ColumnReading, FileUnderstanding, LineOrigin, StagedColumn, StagedFile } from "../formats/format.ts";
import { physicalName, physicalTable } from "../sql/publish.ts";
import type { Session } from "../sql/session.ts";
import { literal } from "../sql/text.ts";
import type { FileDelivery, Json, RowsDelivery } from "./connector.ts";
import type { LoadRequest } from "./request.ts";
import { RowsFile } from "./rows-file.ts";

/** One file, or one page of rows: a row of `_millrace.files`. */
export interface StagedItem {
  readonly name: string;
  readonly sizeBytes: number | null;
  readonly modifiedMs: number | null;
  readonly hash: string | null;
  readonly status: "loaded" | "replaced" | "unchanged" | "ignored";
  /** Records read: rows in the stage table + records the reader rejected. */
  readonly read: number;
  readonly lines: StagedFile["lines"];
  readonly understood: FileUnderstanding | null;
}

export interface Stage {
  readonly physical: string;
  /** Qualified and quoted. */
  readonly table: string;
  readonly columns: readonly StagedColumn[];
  readonly rows: number;
  /** Table of records the reader could not take; null when there are none. */
  readonly rejected: string | null;
  readonly items: readonly StagedItem[];
  readonly kind: "file" | "rows";
  readonly understood: FileUnderstanding | null;
  /** Stages the file again with these labels as text; null for rows. */
  readonly again: ((labels: ReadonlySet<string>) => Promise<Stage>) | null;
}

export interface Staged {
  readonly stages: readonly Stage[];
  /** Files that were not read because they were taken before. */
  readonly skipped: readonly StagedItem[];
  /** Names of files whose earlier rows are replaced. */
  readonly replacedFiles: readonly string[];
  readonly contentHash: string;
  readonly position: Json | undefined;
}

export interface StagingContext {
  readonly session: Session;
  readonly request: LoadRequest;
  readonly load: string;
  /** Path → hash of the contents taken last (append, merge); empty when every load reads everything. */
  readonly taken: ReadonlyMap<string, string>;
  readonly readings: ColumnReadings;
}

/** How each header is to be read, found by the name it will get. Readers ask by label. */
export class ColumnReadings extends Map<string, ColumnReading> {
  private readonly byName: ReadonlyMap<string, ColumnReading>;
  constructor(byLabel: ReadonlyMap<string, ColumnReading>, byName: ReadonlyMap<string, ColumnReading>) {
    super(byLabel);
    this.byName = byName;
  }
  override get(label: string): ColumnReading | undefined {
    return super.get(label.trim()) ?? this.byName.get(snakeName(label));
  }
  override has(label: string): boolean {
    return this.get(label) !== undefined;
  }
}

/** Stages all deliveries. @throws what a delivery throws, MR4015, MR4009, MR4016. */
export async function stageDeliveries(context: StagingContext): Promise<Staged> {
  const { request } = context;
  const stages: Stage[] = [];
  const skipped: StagedItem[] = [];
  const replacedFiles: string[] = [];
  const names = new Set<string>();
  const contents = createHash("sha256");
  let pages: Pages | undefined;
  let position: Json | undefined;
  try {
    for await (const delivery of request.deliveries) {
      request.signal?.throwIfAborted();
      if (delivery.kind === "rows") {
        pages ??= new Pages(context, stages.length);
        pages.add(delivery);
        if (delivery.position !== undefined) position = delivery.position;
        continue;
      }
      if (names.has(delivery.name))
        throw new MillraceError({ code: "MR4015", message: `${delivery.name} was delivered twice in one load.` });
      names.add(delivery.name);
      const known = context.taken.get(delivery.name);
      const hash = context.taken.size === 0 ? null : await delivery.hash();
      const status = statusOf(request, delivery.name, known, hash);
      contents.update(`${delivery.name}\0${hash ?? ""}\0`);
      if (status === "unchanged" || status === "ignored") {
        skipped.push({
          name: delivery.name,
          sizeBytes: delivery.sizeBytes,
          modifiedMs: delivery.modifiedMs,
          hash,
          status,
          read: 0,
          lines: null,
          understood: null,
        });
        continue;
      }
      if (status === "replaced") replacedFiles.push(delivery.name);
      const stage = await stageFile(context, delivery, stages.length, status, new Set());
      contents.update(stage.items[0]?.hash ?? "");
      stages.push(stage);
    }
    if (pages !== undefined) {
      const { stage, hash } = await pages.finish();
      contents.update(hash);
      stages.push(stage);
    }
  } finally {
    pages?.remove();
  }
  return { stages, skipped, replacedFiles, contentHash: contents.digest("hex"), position };
}

function statusOf(request: LoadRequest, name: string, known: string | undefined, hash: string | null): StagedItem["status"] {
  if (known === undefined) return "loaded";
  if (known === hash) return "unchanged";
  const policy = request.spec.changedFile ?? "replace";
  switch (policy) {
    case "replace":
      return "replaced";
    case "append":
      return "loaded";
    case "ignore":
      return "ignored";
    case "fail":
      throw new MillraceError({ code: "MR4009", message: `${name} changed after it was loaded into ${request.asset}.` });
    default:
      return policy satisfies never;
  }
}

async function stageFile(
  context: StagingContext,
  delivery: FileDelivery,
  index: number,
  status: StagedItem["status"],
  asText: ReadonlySet<string>,
): Promise<Stage> {
  const { session, request, load } = context;
  const physical = physicalName(request.asset, `${load}_${index}${asText.size === 0 ? "" : `t${asText.size}`}`);
  const rejectedName = `${physical}_rejected`;
  const readings =
    asText.size === 0
      ? context.readings
      : new ColumnReadings(
          new Map([...context.readings, ...[...asText].map((label) => [label.trim(), "text" as const] as const)]),
          new Map(),
        );
  let file: StagedFile;
  try {
    file = await delivery.stage({
      connection: session.connection,
      into: physicalTable(physical),
      rejectedInto: physicalTable(rejectedName),
      columns: readings,
      otherwise: "infer",
      repair: request.repair,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
  } catch (error) {
    if (error instanceof MillraceError || request.signal?.aborted === true) throw error;
    throw new MillraceError({
      code: "MR4016",
      message: `${delivery.name} could not be loaded: ${asMillraceError(error).message}`,
      cause: error,
    });
  }
  const quarantined = file.records.quarantined;
  if (file.records.read !== file.rows + quarantined) {
    throw new MillraceError({
      code: "MR4001",
      message: `${delivery.name}: ${file.records.read} records read, but ${file.rows} rows and ${quarantined} rejected records came of it.`,
    });
  }
  await writeOrigins(session, physical, load, delivery.name, file.origins.length === 0 && file.rows > 0 ? [] : file.origins, file.rows);
  return {
    physical,
    table: physicalTable(physical),
    columns: file.columns,
    rows: file.rows,
    rejected: file.hasRejected ? physicalTable(rejectedName) : null,
    items: [
      {
        name: delivery.name,
        sizeBytes: file.sizeBytes,
        modifiedMs: delivery.modifiedMs,
        hash: file.hash,
        status,
        read: file.records.read,
        lines: file.lines,
        understood: file.understood,
      },
    ],
    kind: "file",
    understood: file.understood,
    again: (labels) => stageFile(context, delivery, index, status, new Set([...asText, ...labels])),
  };
}

/** Where the rows of a stage table stand in their file; a format without lines has one entry without a line. */
async function writeOrigins(
  session: Session,
  physical: string,
  load: string,
  file: string,
  origins: readonly LineOrigin[],
  rows: number,
): Promise<void> {
  if (rows === 0) return;
  const appender = await session.connection.createAppender("origins", "_millrace");
  const entries: readonly { firstRow: number; line: number | null }[] = origins.length === 0 ? [{ firstRow: 0, line: null }] : origins;
  for (const origin of entries) {
    appender.appendVarchar(physical);
    appender.appendVarchar(load);
    appender.appendVarchar(file);
    appender.appendBigInt(BigInt(origin.firstRow));
    if (origin.line === null) appender.appendNull();
    else appender.appendBigInt(BigInt(origin.line));
    appender.endRow();
  }
  appender.closeSync();
}

/** Rejected elements of pages that are kept in memory before they are written. */
const REJECTED_PER_INSERT = 500;

/** All rows deliveries of a load: one temporary file, one stage table, one item per delivery. What is no object is rejected. */
class Pages {
  private readonly context: StagingContext;
  private readonly physical: string;
  private readonly file: RowsFile;
  private readonly items: StagedItem[] = [];
  private readonly origins: { file: string; firstRow: number; line: number }[] = [];
  private readonly rejected: { file: string; line: number; raw: string }[] = [];

  constructor(context: StagingContext, index: number) {
    this.context = context;
    this.physical = physicalName(context.request.asset, `${context.load}_${index}`);
    this.file = new RowsFile(join(context.request.tempDir, `${this.physical}.ndjson`));
  }

  add(delivery: RowsDelivery): void {
    const { rows } = delivery;
    const name = delivery.name.replaceAll("\0", ""); // it becomes part of statements
    let isRun = false;
    for (const [index, row] of (rows as readonly unknown[]).entries()) {
      if (row === null || typeof row !== "object" || Array.isArray(row)) {
        this.rejected.push({ file: name, line: index + 1, raw: JSON.stringify(row) ?? String(row) });
        isRun = false;
        continue;
      }
      if (!isRun) this.origins.push({ file: name, firstRow: this.file.rows, line: index + 1 });
      isRun = true;
      this.file.add(row as Readonly<Record<string, unknown>>);
    }
    this.items.push({
      name,
      sizeBytes: null,
      modifiedMs: null,
      hash: null,
      status: "loaded",
      read: rows.length,
      lines: null,
      understood: null,
    });
  }

  async finish(): Promise<{ stage: Stage; hash: string }> {
    const { session, load } = this.context;
    const hash = this.file.finish();
    const columns = await this.file.load(session, physicalTable(this.physical));
    const appender = await session.connection.createAppender("origins", "_millrace");
    for (const origin of this.origins) {
      appender.appendVarchar(this.physical);
      appender.appendVarchar(load);
      appender.appendVarchar(origin.file);
      appender.appendBigInt(BigInt(origin.firstRow));
      appender.appendBigInt(BigInt(origin.line));
      appender.endRow();
    }
    appender.closeSync();
    return {
      hash: createHash("sha256").update(hash).update(JSON.stringify(this.rejected)).digest("hex"),
      stage: {
        physical: this.physical,
        table: physicalTable(this.physical),
        columns,
        rows: this.file.rows,
        rejected: await this.writeRejected(session),
        items: this.items,
        kind: "rows",
        understood: null,
        again: null,
      },
    };
  }

  remove(): void {
    this.file.remove();
  }

  private async writeRejected(session: Session): Promise<string | null> {
    if (this.rejected.length === 0) return null;
    const table = physicalTable(`${this.physical}_rejected`);
    await session.run(
      `create table ${table} (file varchar, kind varchar, line bigint, lines bigint, rule varchar, reason varchar, raw varchar)`,
    );
    for (let from = 0; from < this.rejected.length; from += REJECTED_PER_INSERT) {
      const values = this.rejected
        .slice(from, from + REJECTED_PER_INSERT)
        .map(
          ({ file, line, raw }) =>
            `(${literal(file)}, 'quarantined', ${line}, 1, 'notAnObject', 'an element that is no object', ${literal(raw)})`,
        );
      await session.run(`insert into ${table} values ${values.join(", ")}`);
    }
    return table;
  }
}
