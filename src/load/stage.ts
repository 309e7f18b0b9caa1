// Staging: every delivery in a table of its own (all pages of rows in one, small files in one: file-group.ts), outside the publishing transaction.
// A stage table knows where each of its rows came from by the order of rows; nothing refers to it until it is published or its rows are taken over.
//   S1. A delivery that cannot be read fails the load and is named.
//   S2. Files that were taken before (append, merge) are recognised by path and content before they are read.
//   S3. A replace whose files are all the same as last time reads none of them: their contents' hashes tell.
import { createHash } from "node:crypto";
import { MillraceError } from "../model/errors.ts";
import { physicalName, physicalTable } from "../sql/ledger/publish.ts";
import type { Delivery, FileDelivery, Json, TableDelivery } from "./connector.ts";
import { Pages } from "./pages.ts";
import type { LoadRequest } from "./request.ts";
import { writeOrigins, type Held, type Stage, type Staged, type StagedItem, type StagingContext } from "./staged.ts";
import { StagedFiles } from "./staged-files.ts";

/** Stages all deliveries. @throws what a delivery throws, MR4015, MR4009, MR4016. */
export async function stageDeliveries(context: StagingContext): Promise<Held> {
  const staging = new Staging(context);
  try {
    const same = new SameAsBefore(context);
    for await (const delivery of context.request.deliveries) {
      context.request.signal?.throwIfAborted();
      for (const ready of await same.hold(delivery)) await staging.add(ready);
    }
    if (same.isComplete()) staging.skipAll(same.held);
    else for (const delivery of same.held) await staging.add(delivery);
    return await staging.finish();
  } catch (error) {
    staging.release();
    throw error;
  } finally {
    await staging.close();
  }
}

/** S3: holds deliveries back as long as each is a file of the last load, unchanged. */
class SameAsBefore {
  readonly held: FileDelivery[] = [];
  private readonly heldNames = new Set<string>();
  private readonly last: ReadonlyMap<string, string>;
  private readonly identities: StagingContext["identities"];
  private isSame: boolean;

  constructor({ lastFiles, identities }: Pick<StagingContext, "lastFiles" | "identities">) {
    this.last = lastFiles;
    this.identities = identities;
    this.isSame = lastFiles.size > 0;
  }

  /** The deliveries that must be staged now. */
  async hold(delivery: Delivery): Promise<readonly Delivery[]> {
    if (!this.isSame) return [delivery];
    const known = delivery.kind === "file" ? this.last.get(delivery.name) : undefined;
    if (
      delivery.kind === "file" &&
      known !== undefined &&
      !this.heldNames.has(delivery.name) &&
      known === (await hashOf(delivery, this.identities))
    ) {
      this.held.push(delivery);
      this.heldNames.add(delivery.name);
      return [];
    }
    this.isSame = false;
    return [...this.held.splice(0), delivery];
  }

  isComplete(): boolean {
    return this.isSame && this.held.length === this.last.size;
  }
}

class Staging {
  private readonly context: StagingContext;
  private readonly stages: Stage[] = [];
  private readonly skipped: StagedItem[] = [];
  private readonly replacedFiles: string[] = [];
  private readonly names = new Set<string>();
  private readonly contents = createHash("sha256");
  private pages: Pages | undefined;
  private readonly files: StagedFiles;
  private position: Json | undefined;

  constructor(context: StagingContext) {
    this.context = context;
    this.files = new StagedFiles(context, new Set(), "f");
  }

  async add(delivery: Delivery): Promise<void> {
    if (delivery.kind === "rows") {
      await this.context.keeper?.page(delivery);
      this.pages ??= new Pages(this.context);
      this.pages.add(delivery);
      if (delivery.position !== undefined) this.position = delivery.position;
      return;
    }
    const { name } = delivery;
    const { taken, request } = this.context;
    if (delivery.kind === "table") {
      this.stages.push(...(await this.files.close()));
      const { stage, hash, position } = await stageTable(this.context, delivery, this.stages.length);
      this.note(name, hash);
      this.stages.push(stage);
      if (position !== undefined) this.position = position;
      return;
    }
    if (this.names.has(name)) throw new MillraceError({ code: "MR4015", message: `${name} was delivered twice in one load.` });
    this.names.add(name);
    const hash = taken.size === 0 ? null : await hashOf(delivery, this.context.identities);
    const status = statusOf(request, name, taken.get(name), hash);
    if (status === "unchanged" || status === "ignored") {
      this.skip(delivery, hash, status);
      return;
    }
    if (status === "replaced") this.replacedFiles.push(name);
    const staging = this.files.add({ delivery, status });
    const keeping = this.context.keeper?.file(
      delivery,
      staging.then((item) => item.hash!),
    );
    await Promise.allSettled([staging, keeping]);
    const item = await staging;
    await keeping;
    this.note(name, item.hash ?? "");
  }

  /** S3: the contents are those of the last load. */
  skipAll(deliveries: readonly FileDelivery[]): void {
    for (const delivery of deliveries) this.skip(delivery, this.context.lastFiles.get(delivery.name) ?? null, "unchanged");
  }

  async finish(): Promise<Held> {
    this.stages.push(...(await this.files.close()));
    // A source that yields nothing at all has delivered no rows.
    if (this.stages.length === 0 && this.skipped.length === 0) this.pages ??= new Pages(this.context);
    const { pages } = this;
    if (pages !== undefined) {
      const { stage, hash } = await pages.finish();
      this.contents.update(hash);
      this.stages.push(stage);
    }
    const staged: Staged = {
      stages: this.stages,
      skipped: this.skipped,
      replacedFiles: this.replacedFiles,
      contentHash: this.contents.digest("hex"),
      position: this.position,
    };
    return {
      release: () => this.release(),
      async fit(committed) {
        const last = staged.stages.at(-1);
        if (pages === undefined || last === undefined) return staged;
        return { ...staged, stages: [...staged.stages.slice(0, -1), await pages.fit(last, committed)] };
      },
    };
  }

  release(): void {
    this.pages?.remove();
  }

  async close(): Promise<void> {
    await this.files.remove();
  }

  private skip({ name, sizeBytes, modifiedMs, identity }: FileDelivery, hash: string | null, status: StagedItem["status"]): void {
    this.note(name, hash ?? "");
    this.skipped.push({ name, sizeBytes, modifiedMs, hash, identity, status, read: 0, lines: null, understood: null });
  }

  private note(name: string, hash: string): void {
    this.contents.update(JSON.stringify([name, hash]));
  }
}

/** Of the contents; those of a file that its source knows by the same as before are not read for it. */
async function hashOf(delivery: FileDelivery, identities: StagingContext["identities"]): Promise<string> {
  const before = identities.get(delivery.name);
  return before !== undefined && before.identity === delivery.identity ? before.hash : delivery.hash();
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

/** Rows that the connector brought itself; the hash does not depend on their order. */
async function stageTable(
  { session, request, load, keeper }: StagingContext,
  delivery: TableDelivery,
  index: number,
): Promise<{ readonly stage: Stage; readonly hash: string; readonly position: Json | undefined }> {
  const physical = physicalName(request.asset, `${load}_${index}`);
  const table = physicalTable(physical);
  const { connection } = session;
  const filled = await delivery.fill({ connection, into: table, ...(request.signal === undefined ? {} : { signal: request.signal }) });
  const found = await session.row<{ rows: number; hash: string }>(
    `select count(*) as rows, coalesce(sum(hash(t)::hugeint), 0)::varchar as hash from ${table} t`,
  );
  const { name } = delivery;
  const { rows } = filled;
  if (found === undefined || found.rows !== rows) {
    throw new MillraceError({ code: "MR4001", message: `${name}: ${rows} rows were sent, but ${found?.rows ?? 0} arrived.` });
  }
  await keeper?.table(delivery.name, physical, filled);
  await writeOrigins(session, physical, load, rows === 0 ? [] : [{ file: name, firstRow: 0, line: 1 }]);
  const item: StagedItem = {
    name,
    sizeBytes: null,
    modifiedMs: null,
    hash: null,
    status: "loaded",
    read: rows,
    lines: null,
    understood: null,
  };
  const stage: Stage = {
    physical,
    table,
    columns: filled.columns,
    rows,
    rejected: null,
    items: [item],
    kind: "rows",
    ...(filled.exact === true ? { exact: true } : {}),
    isTyped: true,
    understood: null,
    again: null,
  };
  return { stage, hash: `${rows}|${found.hash}`, position: filled.position };
}
