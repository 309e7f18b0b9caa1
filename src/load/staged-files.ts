// Files on their way into stage tables, in the order in which they come: small ones share a table with those beside them (file-group.ts), others have their own.
import { asMillraceError, MillraceError } from "../model/errors.ts";
import type { StagedFile } from "../formats/format.ts";
import { physicalName, physicalTable } from "../sql/publish.ts";
import { ident, qualified } from "../sql/text.ts";
import type { FileDelivery } from "./connector.ts";
import { FileGroup, SMALL_FILE_BYTES_MAX, type GroupMember } from "./file-group.ts";
import { ColumnReadings, type Stage, type StagedItem, type StagingContext } from "./staged.ts";

export interface FileToStage {
  readonly delivery: FileDelivery;
  readonly status: StagedItem["status"];
}

interface OpenGroup {
  readonly name: string;
  readonly group: FileGroup;
  readonly files: FileToStage[];
  readonly isSmall: boolean;
}

/** Databases in memory, for the tables that a group takes over, of the loads of this process. */
let databases = 0;

export class StagedFiles {
  private readonly context: StagingContext;
  private readonly asText: ReadonlySet<string>;
  private readonly prefix: string;
  private readonly done: Stage[] = [];
  private open: OpenGroup | undefined;
  private tables = 0;
  /** In memory: what stands there is nobody's after a crash, and costs no log. */
  private readonly database = `_millrace_staged_${databases++}`;
  private isAttached = false;

  /** `prefix` begins the names of the tables, behind that of the load. */
  constructor(context: StagingContext, asText: ReadonlySet<string>, prefix: string) {
    this.context = context;
    this.asText = asText;
    this.prefix = prefix;
  }

  /** @throws what the reader throws, MR4016, MR4001. */
  async add(file: FileToStage): Promise<StagedItem> {
    const isSmall = file.delivery.sizeBytes !== null && file.delivery.sizeBytes <= SMALL_FILE_BYTES_MAX;
    if (this.open === undefined || !isSmall || !this.open.isSmall) {
      await this.settle();
      const name = this.nextName();
      const tables = this.tablesOf(name);
      const first = { ...(await this.read(file, tables.table, tables.rejectedTable)), ...tables };
      this.begin(name, first, file, isSmall);
      return first.item;
    }
    if (!this.isAttached) await this.context.session.run(`attach ':memory:' as ${ident(this.database)}`);
    this.isAttached = true;
    this.tables += 1;
    const table = qualified(this.database, "main", `t${this.tables}`);
    const rejectedTable = qualified(this.database, "main", `t${this.tables}_rejected`);
    const member = { ...(await this.read(file, table, rejectedTable)), table, rejectedTable };
    if (await this.open.group.take(member)) {
      this.open.files.push(file);
      return member.item;
    }
    await this.settle();
    const name = this.nextName();
    this.begin(name, await this.moved(member, this.tablesOf(name)), file, isSmall);
    return member.item;
  }

  /** The stages since the last time. */
  async close(): Promise<readonly Stage[]> {
    await this.settle();
    return this.done.splice(0);
  }

  /** Takes away what is not needed any more, however the load ended. Never throws. */
  async remove(): Promise<void> {
    if (!this.isAttached) return;
    this.isAttached = false;
    await this.context.session.run(`detach ${ident(this.database)}`).catch(() => undefined);
  }

  private nextName(): string {
    this.tables += 1;
    return `${this.prefix}${this.tables}`;
  }

  private physicalOf(name: string): string {
    return physicalName(this.context.request.asset, `${this.context.load}_${name}`);
  }

  private tablesOf(name: string): { readonly table: string; readonly rejectedTable: string } {
    const physical = this.physicalOf(name);
    return { table: physicalTable(physical), rejectedTable: physicalTable(`${physical}_rejected`) };
  }

  private begin(name: string, first: GroupMember, file: FileToStage, isSmall: boolean): void {
    const { session, load } = this.context;
    this.open = { name, group: new FileGroup(session, { physical: this.physicalOf(name), load, first }), files: [file], isSmall };
  }

  private async settle(): Promise<void> {
    const { open } = this;
    this.open = undefined;
    if (open === undefined) return;
    this.done.push(await open.group.close((labels) => this.again(open, labels)));
  }

  /** The same files with these labels as text, in one table as before. */
  private async again({ name, files }: OpenGroup, labels: ReadonlySet<string>): Promise<Stage> {
    const asText = new Set([...this.asText, ...labels]);
    const anew = new StagedFiles(this.context, asText, `${name}t${asText.size}_`);
    try {
      for (const file of files) {
        this.context.request.signal?.throwIfAborted();
        await anew.add(file);
      }
      const [stage, ...more] = await anew.close();
      if (stage !== undefined && more.length === 0) return stage;
    } finally {
      await anew.remove();
    }
    const first = files[0]?.delivery.name ?? "";
    throw new MillraceError({ code: "MR4001", message: `${first} and following: read as text they have other columns than before.` });
  }

  /** From memory to a table of its own. */
  private async moved(member: GroupMember, tables: Pick<GroupMember, "table" | "rejectedTable">): Promise<GroupMember> {
    const { session } = this.context;
    const own = { ...member, ...tables };
    await session.run(`create table ${own.table} as select * from ${member.table} limit 0`);
    const rows = await session.run(`insert into ${own.table} select * from ${member.table}`);
    if (rows !== member.file.rows)
      throw new MillraceError({ code: "MR4001", message: `${member.item.name}: ${member.file.rows} rows were read, but ${rows} arrived.` });
    await session.run(`drop table ${member.table}`);
    if (member.file.hasRejected) {
      await session.run(`create table ${own.rejectedTable} as select * from ${member.rejectedTable}`);
      await session.run(`drop table ${member.rejectedTable}`);
    }
    return own;
  }

  private async read({ delivery, status }: FileToStage, into: string, rejectedInto: string): Promise<Pick<GroupMember, "file" | "item">> {
    const { session, request, readings } = this.context;
    const { asText } = this;
    let file: StagedFile;
    try {
      file = await delivery.stage({
        connection: session.connection,
        into,
        rejectedInto,
        columns:
          asText.size === 0
            ? readings
            : new ColumnReadings(
                new Map([...readings, ...[...asText].map((label) => [label.trim(), "text" as const] as const)]),
                new Map(),
              ),
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
    const { quarantined, read } = file.records;
    if (read !== file.rows + quarantined) {
      throw new MillraceError({
        code: "MR4001",
        message: `${delivery.name}: ${read} records read, but ${file.rows} rows and ${quarantined} rejected records came of it.`,
      });
    }
    const item: StagedItem = {
      name: delivery.name,
      sizeBytes: file.sizeBytes,
      modifiedMs: delivery.modifiedMs,
      hash: file.hash,
      identity: delivery.identity,
      status,
      read,
      lines: file.lines,
      understood: file.understood,
    };
    return { file, item };
  }
}
