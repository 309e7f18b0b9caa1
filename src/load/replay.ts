// Loading again what is in an asset already: files that were taken are noted as changed, so that the next load takes their rows out and reads them anew.
// Noted in one transaction; whatever runs next does it, also after a kill.
import type { Session, Transaction } from "../sql/session.ts";
import { DEFAULT_ENVIRONMENT } from "../sql/publish.ts";

export interface TakenFile {
  readonly file: string;
  readonly load: string;
  readonly rows: number;
}

/** Files whose rows stand in the asset; of some loads, or of the rows that `where` picks. @throws DuckDB's error for a condition that is none. */
export async function takenFiles(
  session: Session,
  asset: string,
  { loads, where }: { readonly loads?: readonly string[]; readonly where?: string },
): Promise<readonly TakenFile[]> {
  const picked =
    where === undefined
      ? ""
      : `and (load, file) in (select (_load, _file) from _millrace.rows($1) where (${where}))`.replace(
          "$1",
          `'${asset.replaceAll("'", "''")}'`,
        );
  return session.rows<TakenFile>(
    `select file, load, rows_loaded as "rows" from _millrace.files where asset = $1 and status in ('loaded', 'replaced') and hash is not null
       and ($2::json is null or list_contains(from_json($2, '["varchar"]'), load)) ${picked} order by file`,
    [asset, loads === undefined ? null : JSON.stringify(loads)],
  );
}

/** The next load finds these files changed, and its source, too. */
export async function noteChanged(tx: Transaction, asset: string, files: readonly string[]): Promise<void> {
  await tx.run(
    `update _millrace.files set hash = 'replay' where asset = $1 and status in ('loaded', 'replaced') and hash is not null
       and list_contains(from_json($2, '["varchar"]'), file)`,
    [asset, JSON.stringify(files)],
  );
  await tx.run(
    `update _millrace.versions set source_state = null where asset = $1
       and version = (select version from _millrace.environments where environment = $2 and asset = $1)`,
    [asset, DEFAULT_ENVIRONMENT],
  );
}
