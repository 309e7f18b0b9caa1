// Pages of rows on their way into one stage table. What is no object is rejected with its place; everything else is a row.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { physicalName, physicalTable } from "../sql/ledger/publish.ts";
import type { Session } from "../sql/session.ts";
import { literal } from "../sql/text.ts";
import type { RowsDelivery } from "./connector.ts";
import { nestedTypes } from "./nested-type.ts";
import { RowsFile } from "./rows-file.ts";
import { writeOrigins, type Origin, type Stage, type StagedItem, type StagingContext } from "./staged.ts";

/** Rejected elements of pages that are kept in memory before they are written. */
const REJECTED_PER_INSERT = 500;

/** All rows deliveries of a load: one temporary file, one stage table, one item per delivery. What is no object is rejected. */
export class Pages {
  private readonly context: StagingContext;
  private readonly physical: string;
  private readonly file: RowsFile;
  private readonly items: StagedItem[] = [];
  private readonly origins: Origin[] = [];
  private fittedTo = "";
  private readonly rejected: { file: string; line: number; raw: string }[] = [];

  constructor(context: StagingContext) {
    this.context = context;
    this.physical = physicalName(context.request.asset, `${context.load}_pages`);
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
    const { session, load, committed } = this.context;
    const hash = this.file.finish();
    const columns = await this.load(committed);
    await writeOrigins(session, this.physical, load, this.origins);
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

  /** The stage with the types that these columns ask for. */
  async fit(stage: Stage, committed: StagingContext["committed"]): Promise<Stage> {
    if (!this.file.hasNested || JSON.stringify(committed) === this.fittedTo) return stage;
    await this.context.session.run(`drop table ${stage.table}`);
    return { ...stage, columns: await this.load(committed) };
  }

  remove(): void {
    this.file.remove();
  }

  private load(committed: StagingContext["committed"]): Promise<Stage["columns"]> {
    const { session, request, readings } = this.context;
    this.fittedTo = JSON.stringify(committed);
    return this.file.load(session, physicalTable(this.physical), nestedTypes({ spec: request.spec, committed, readings }));
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
