// What the ledger remembers of an asset when its next load begins.
import type { LoadMode, SourceSpec } from "../model/definitions/source.ts";
import { readLiveVersion, type LiveVersion } from "../sql/ledger/publish.ts";
import type { Session } from "../sql/session.ts";
import type { CommittedColumn } from "./columns.ts";
import { readCursor, type Cursor } from "./cursor.ts";
import type { LoadRequest } from "./request.ts";

export interface Memory {
  /** The version readers see, whatever the load will forget. */
  readonly live: LiveVersion | undefined;
  /** Columns as committed last; null before the first load and with `fullRefresh`. */
  readonly committed: readonly CommittedColumn[] | null;
  readonly schemaNumber: number;
  readonly cursor: Cursor | undefined;
  /** Path → hash of files whose rows stand in the asset (append, merge). */
  readonly taken: ReadonlyMap<string, string>;
  /** The same for the files of the last `replace`, where the same definition would read them again. */
  readonly lastFiles: ReadonlyMap<string, string>;
  /** Path → what its source knew the file by when its contents had this hash. */
  readonly identities: ReadonlyMap<string, { readonly identity: string; readonly hash: string }>;
  /** The rows of the asset are added to in place. */
  readonly continues: boolean;
}

/** The mode of a source: as written, else append when it has a cursor and no key, else replace. */
export function loadModeOf(spec: Pick<SourceSpec, "load" | "cursor" | "primaryKey">): LoadMode {
  return spec.load ?? (spec.cursor !== undefined && spec.primaryKey === undefined ? "append" : "replace");
}

/** Reads it all. */
export async function readMemory(session: Session, request: LoadRequest, mode: LoadMode): Promise<Memory> {
  const { asset } = request;
  const live = await readLiveVersion(session, asset);
  const schema = await session.row<{ number: number; columns: string }>(
    "select number, columns from _millrace.schemas where asset = $1 order by number desc limit 1",
    [asset],
  );
  const forgets = request.fullRefresh || live === undefined;
  const isPartition = request.partition !== undefined;
  const continues = live !== undefined && live.kind === "table" && (isPartition || (!forgets && mode !== "replace"));
  const isRepeat = !isPartition && !forgets && mode === "replace" && live.codeHash === request.codeHash;
  const known =
    continues || isRepeat
      ? await session.rows<{ file: string; hash: string }>(
          `select file, arg_max(hash, "at") as hash from _millrace.files
         where asset = $1 and status in ('loaded', 'replaced') and hash is not null group by file`,
          [asset],
        )
      : [];
  const identified =
    known.length === 0
      ? []
      : await session.rows<{ file: string; identity: string; hash: string }>(
          `select file, arg_max(identity, "at") as identity, arg_max(hash, "at") as hash from _millrace.files
         where asset = $1 and identity is not null and hash is not null group by file`,
          [asset],
        );
  const hashes = new Map(known.map((entry) => [entry.file, entry.hash]));
  return {
    live,
    // A replay begins with the columns that its first load had, unless they are to be others.
    committed:
      (forgets && !continues && request.replay === undefined) || schema === undefined
        ? null
        : (JSON.parse(schema.columns) as CommittedColumn[]),
    schemaNumber: schema?.number ?? 0,
    cursor: forgets ? undefined : await readCursor(session, asset),
    // A snapshot is of everything that is there now: its files are read whenever one of them changed.
    taken: continues && !isPartition && mode !== "snapshot" ? hashes : new Map(),
    lastFiles: isRepeat ? hashes : new Map(),
    identities: new Map(identified.map(({ file, identity, hash }) => [file, { identity, hash }])),
    continues,
  };
}
