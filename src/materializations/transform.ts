// An asset that TypeScript makes from others: rows stream through the user's generator into a file, and from there into a new table that is
// audited and published like a model's. Memory is a batch, whatever the number of rows; nothing is visible until the end.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RowsFile } from "../load/rows-file.ts";
import type { PartitionContext } from "../model/definitions/partition.ts";
import type { TransformAssetInput, TransformContext } from "../model/define.ts";
import { messageOf, MillraceError, type SourceLocation } from "../model/errors.ts";
import { physicalTable, readLiveVersion } from "../sql/ledger/publish.ts";
import type { Session } from "../sql/session.ts";
import { ident } from "../sql/text.ts";
import { buildOnce, commitTable, countRows, type Build } from "./commit.ts";
import type { BuildRequest, BuildResult } from "../load/build-port.ts";
import type { PartitionRequest } from "../load/partition-port.ts";
import { buildPartition, partitionContext } from "./partition.ts";
import { isTemporary } from "./statement.ts";
import { upstreamReader } from "./transform-read.ts";
import { typedColumns } from "./transform-types.ts";

/** What a definition of `defineAsset({ needs, transform })` says. */
export type TransformDefinition = Pick<TransformAssetInput, "transform" | "columns">;

export interface TransformRequest extends BuildRequest {
  readonly asset: string;
  readonly needs: readonly string[];
  /** File of the definition, as in messages. */
  readonly file: string;
  /** Imports the user's module; only called when there is work. */
  definition(): Promise<TransformDefinition>;
  readonly log: TransformContext["log"];
  /** For rows on their way into DuckDB. Default: the system's. */
  readonly tempDir?: string;
}

/** Builds the asset. @throws MR4606, MR4608, MR4609, MR4602, MR4501, MR5006. */
export async function transformAsset(request: TransformRequest): Promise<BuildResult> {
  if (request.partition !== undefined) return transformPartitions(request, request.partition);
  const build: Build = { asset: request.asset, parametersKey: null, request };
  return buildOnce(build, async (version) => {
    const definition = await request.definition();
    const folder = mkdtempSync(join(request.tempDir ?? tmpdir(), "millrace-transform-"));
    const file = new RowsFile(join(folder, "rows.ndjson"));
    try {
      const reader = upstreamReader(request.warehouse, request.asset, request.needs, request.signal);
      await collect(request, definition, reader.read, file);
      file.finish();
      const sources = { asset: request.asset, declared: definition.columns ?? {}, read: reader.types };
      return await commitTable(build, version, async (tx, physical) => {
        const table = physicalTable(physical);
        const yielded = physicalTable(`${physical}__yielded`);
        await file.load(tx, yielded);
        if (file.rows === 0 && (await createEmpty(tx, request.asset, table))) {
          await tx.run(`drop table ${yielded}`);
          return 0;
        }
        const columns = await typedColumns(tx, yielded, sources);
        await tx.run(
          columns === null
            ? `alter table ${yielded} rename to ${ident(physical)}`
            : `create table ${table} as select ${columns} from ${yielded}`,
        );
        if (columns !== null) await tx.run(`drop table ${yielded}`);
        return countRows(tx, table);
      });
    } finally {
      file.remove();
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

/** The same for some partitions: the generator is asked once for each. */
async function transformPartitions(request: TransformRequest, partition: PartitionRequest): Promise<BuildResult> {
  let definition: TransformDefinition | undefined;
  return buildPartition({
    asset: request.asset,
    request,
    partition,
    parametersKey: null,
    isJoined: false,
    async fill(session, table, span) {
      definition ??= await request.definition();
      const folder = mkdtempSync(join(request.tempDir ?? tmpdir(), "millrace-transform-"));
      const file = new RowsFile(join(folder, "rows.ndjson"));
      const yielded = 'temp.main."_millrace_yielded"';
      try {
        const reader = upstreamReader(request.warehouse, request.asset, request.needs, request.signal);
        await collect(request, definition, reader.read, file, partitionContext(span));
        file.finish();
        await session.run(`drop table if exists ${yielded}; drop table if exists ${table}`);
        await file.load(session, yielded);
        if (file.rows === 0 && (await createEmpty(session, request.asset, table))) return 0;
        const columns = await typedColumns(session, yielded, {
          asset: request.asset,
          declared: definition.columns ?? {},
          read: reader.types,
        });
        await session.run(`create temp table ${table} as select ${columns ?? "*"} from ${yielded}`);
        return file.rows;
      } finally {
        await session.run(`drop table if exists ${yielded}`).catch(() => undefined); // the next build of this session replaces it
        file.remove();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  });
}

/** No row tells no columns: the asset keeps those it had. */
async function createEmpty(tx: Session, asset: string, table: string): Promise<boolean> {
  const columns = (await readLiveVersion(tx, asset))?.columns ?? [];
  if (columns.length === 0) return false;
  await tx.run(
    `create ${isTemporary(table) ? "temp " : ""}table ${table} (${columns.map((column) => `${ident(column.name)} ${column.type}`).join(", ")})`,
  );
  return true;
}

async function collect(
  request: TransformRequest,
  { transform }: TransformDefinition,
  read: TransformContext["read"],
  file: RowsFile,
  partition?: PartitionContext,
): Promise<void> {
  const { asset, signal, log } = request;
  try {
    for await (const batch of transform({ read, signal, log, ...(partition === undefined ? {} : { partition }) })) {
      signal.throwIfAborted();
      if (!Array.isArray(batch)) throw notRows(request, batch, "a batch is an array of rows");
      for (const row of batch as readonly unknown[]) {
        if (!isRow(row)) throw notRows(request, row, "a row is an object with the columns as its keys");
        file.add(row);
      }
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof MillraceError) throw error;
    const location = placeInModule(error, request.file);
    throw new MillraceError({
      code: "MR4609",
      message: `${asset}: ${messageOf(error)}`,
      ...(location === undefined ? {} : { location }),
      cause: error,
    });
  }
}

function isRow(row: unknown): row is Record<string, unknown> {
  if (typeof row !== "object" || row === null || Array.isArray(row) || row instanceof Date || row instanceof Uint8Array) return false;
  return Object.keys(row).length > 0;
}

function notRows({ asset, file }: TransformRequest, given: unknown, hint: string): MillraceError {
  const what = given === null ? "null" : Array.isArray(given) ? "a list" : typeof given === "object" ? "an object" : JSON.stringify(given);
  return new MillraceError({
    code: "MR4606",
    message: `${asset}: transform yielded ${what ?? typeof given}`,
    hint,
    location: { file, line: 1, column: 1 },
  });
}

/** The first line of the user's own file in the stack of what it threw. */
function placeInModule(error: unknown, file: string): SourceLocation | undefined {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  for (const line of stack.split("\n")) {
    const found = /\(?((?:file:\/\/)?[^()\s]+):(\d+):(\d+)\)?$/.exec(line);
    if (found !== null && found[1]!.endsWith(file)) return { file, line: Number(found[2]), column: Number(found[3]) };
  }
  return undefined;
}
