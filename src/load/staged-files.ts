// Files on their way into stage tables, in the order in which they come: small ones share a table with those beside them (file-group.ts), others have their own.
import { join } from "node:path";
import { asMillraceError, MillraceError } from "../model/errors.ts";
import type { SharedTable, StagedFile } from "../formats/format.ts";
import { physicalName, physicalTable } from "../sql/ledger/publish.ts";
import { ident, qualified } from "../sql/text.ts";
import type { FileDelivery } from "./connector.ts";
import { commonType, FileGroup, SMALL_FILE_BYTES_MAX, type GroupMember } from "./file-group.ts";
import { ColumnReadings, type Origin, type Stage, type StagedItem, type StagingContext } from "./staged.ts";

export interface FileToStage {
  readonly delivery: FileDelivery;
  readonly status: StagedItem["status"];
}

interface OpenGroup {
  readonly name: string;
  readonly group: FileGroup;
  readonly files: FileToStage[];
}

interface ReadFile extends FileToStage {
  readonly file: StagedFile;
  readonly item: StagedItem;
}

/** Files that one statement will read. */
interface OpenShare {
  readonly shared: SharedTable;
  readonly files: ReadFile[];
}

interface Tables {
  readonly table: string;
  readonly rejectedTable: string;
}

/** Databases in memory, for the tables that a group takes over, of the loads of this process. */
let databases = 0;

export class StagedFiles {
  private readonly context: StagingContext;
  private readonly asText: ReadonlySet<string>;
  private readonly prefix: string;
  private readonly done: Stage[] = [];
  private group: OpenGroup | undefined;
  private share: OpenShare | undefined;
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
    const { sizeBytes } = file.delivery;
    if (sizeBytes === null || sizeBytes > SMALL_FILE_BYTES_MAX) return this.addAlone(file);
    const tables = await this.inMemory();
    const read = { ...file, ...(await this.read(file, tables, "deferred")) };
    const { deferred } = read.file;
    if (deferred === undefined) {
      await this.settleShare();
      await this.join(memberOf([read], tables), [file]);
      return read.item;
    }
    if (this.share?.shared.take(read.file, commonType) === true) this.share.files.push(read);
    else {
      await this.settleShare();
      this.share = { shared: deferred.begin(read.file), files: [read] };
    }
    return read.item;
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

  /** A large file has a table to itself, where it is read into at once. */
  private async addAlone(file: FileToStage): Promise<StagedItem> {
    await this.settle();
    const name = this.nextName();
    const tables = this.tablesOf(name);
    const read = { ...file, ...(await this.read(file, tables, "table")) };
    this.begin(name, memberOf([read], tables), [file]);
    await this.settle();
    return read.item;
  }

  private async inMemory(): Promise<Tables> {
    if (!this.isAttached) await this.context.session.run(`attach ':memory:' as ${ident(this.database)}`);
    this.isAttached = true;
    const name = this.nextName();
    return { table: qualified(this.database, "main", name), rejectedTable: qualified(this.database, "main", `${name}_rejected`) };
  }

  private nextName(): string {
    this.tables += 1;
    return `${this.prefix}${this.tables}`;
  }

  private physicalOf(name: string): string {
    return physicalName(this.context.request.asset, `${this.context.load}_${name}`);
  }

  private tablesOf(name: string): Tables {
    const physical = this.physicalOf(name);
    return { table: physicalTable(physical), rejectedTable: physicalTable(`${physical}_rejected`) };
  }

  private begin(name: string, first: GroupMember, files: FileToStage[]): void {
    const { session, load } = this.context;
    this.group = { name, group: new FileGroup(session, { physical: this.physicalOf(name), load, first }), files };
  }

  /** Into the open group, or into one of its own. */
  private async join(member: GroupMember, files: FileToStage[]): Promise<void> {
    if (this.group !== undefined && (await this.group.group.take(member))) {
      this.group.files.push(...files);
      return;
    }
    await this.settleGroup();
    const name = this.nextName();
    this.begin(name, await this.moved(member, this.tablesOf(name)), files);
  }

  /** Reads the files that wait for each other; where the proof of them together fails, one by one. */
  private async settleShare(): Promise<void> {
    const { share } = this;
    this.share = undefined;
    if (share === undefined) return;
    const { shared, files } = share;
    const { session, request } = this.context;
    const tables = await this.inMemory();
    const path = join(request.tempDir, `${this.database}_bodies`);
    request.signal?.throwIfAborted();
    const failure = await shared.load({ connection: session.connection, into: tables.table, path, name: files[0]!.item.name });
    if (failure === null) {
      await this.join({ ...memberOf(files, tables), columns: shared.columns }, files);
      return;
    }
    await session.run(`drop table if exists ${tables.table}`);
    for (const { delivery, status, item } of files) {
      const own = await this.inMemory();
      const again = { delivery, status, ...(await this.read({ delivery, status }, own, "table")) };
      if (again.item.hash !== item.hash)
        throw new MillraceError({ code: "MR3106", message: `${delivery.name} changed while it was read`, retryable: true });
      await this.join(memberOf([again], own), [{ delivery, status }]);
    }
  }

  private async settle(): Promise<void> {
    await this.settleShare();
    await this.settleGroup();
  }

  private async settleGroup(): Promise<void> {
    const { group } = this;
    this.group = undefined;
    if (group === undefined) return;
    this.done.push(await group.group.close((labels) => this.again(group, labels)));
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
  private async moved(member: GroupMember, tables: Tables): Promise<GroupMember> {
    const { session } = this.context;
    await session.run(`create table ${tables.table} as select * from ${member.table} limit 0`);
    const rows = await session.run(`insert into ${tables.table} select * from ${member.table}`);
    if (rows !== member.rows)
      throw new MillraceError({ code: "MR4001", message: `${member.items[0]!.name}: ${member.rows} rows were read, but ${rows} arrived.` });
    await session.run(`drop table ${member.table}`);
    if (member.rejectedTable === null) return { ...member, table: tables.table };
    await session.run(`create table ${tables.rejectedTable} as select * from ${member.rejectedTable}`);
    await session.run(`drop table ${member.rejectedTable}`);
    return { ...member, ...tables };
  }

  private async read(
    { delivery, status }: FileToStage,
    { table, rejectedTable }: Tables,
    into: "table" | "deferred",
  ): Promise<Pick<ReadFile, "file" | "item">> {
    const { session, request, readings } = this.context;
    const { asText } = this;
    let file: StagedFile;
    try {
      file = await delivery.stage({
        connection: session.connection,
        into: table,
        rejectedInto: rejectedTable,
        columns:
          asText.size === 0
            ? readings
            : new ColumnReadings(
                new Map([...readings, ...[...asText].map((label) => [label.trim(), "text" as const] as const)]),
                new Map(),
              ),
        otherwise: "infer",
        repair: request.repair,
        ...(into === "deferred" ? { mayDefer: true as const } : {}),
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

/** Files whose rows stand one behind the other. A format without lines has one origin without a line. */
function memberOf(files: readonly Pick<ReadFile, "file" | "item">[], { table, rejectedTable }: Tables): GroupMember {
  const [{ file: first }] = files as [ReadFile];
  const origins: Origin[] = [];
  let rows = 0;
  let sizeBytes = 0;
  for (const { file, item } of files) {
    if (file.rows > 0 && file.origins.length === 0) origins.push({ file: item.name, firstRow: rows, line: null });
    if (file.rows > 0) for (const { firstRow, line } of file.origins) origins.push({ file: item.name, firstRow: firstRow + rows, line });
    rows += file.rows;
    sizeBytes += file.sizeBytes;
  }
  return {
    columns: first.columns,
    rows,
    sizeBytes,
    understood: first.understood,
    items: files.map(({ item }) => item),
    origins,
    table,
    rejectedTable: first.hasRejected ? rejectedTable : null,
  };
}
