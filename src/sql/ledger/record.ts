// The ledger's rows of a version that is published: the version itself, the step that led to it, and that readers of its environment see it.
// What is not known to be there is not looked for: a first version has no history.
import type { JsonValue } from "../../model/answers.ts";
import { environmentOfKey, plainAssetSql, PROD, splitLedgerAsset } from "../../model/environment.ts";
import { readBase } from "../environments/stored-view.ts";
import type { Contents } from "../fingerprint/contents.ts";
import type { AttemptToken } from "./fence.ts";
import { recordStep, type LoadStep } from "./steps.ts";
import type { Transaction } from "../session.ts";

/** Of a publication (publish.ts): what is noted. */
export interface VersionRecord {
  readonly asset: string;
  readonly body: { readonly kind: string; readonly physical?: string; readonly hidden?: readonly string[]; readonly sql?: string };
  /** Changes only when the contents may have changed. */
  readonly version: string;
  readonly codeHash: string;
  /** Version of each upstream asset that was read. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly sourceState?: string | null;
  readonly contentHash?: string | null;
  /** Ids of what it holds, where they follow from its code and its inputs. */
  readonly contents?: Contents | null;
  /** Rows of the asset; null for a view. */
  readonly rows: number | null;
  /** Results of the checks of this version, as JSON. */
  readonly checks?: JsonValue;
  readonly load?: string | null;
  readonly token: AttemptToken;
  /** How a load came from the version before; left out where the contents were made anew. */
  readonly step?: LoadStep;
  /** Of an environment's rows that depend on their past: from which version of prod they began (sql/ledger/begun.ts). */
  readonly begun?: string | undefined;
}

interface Recorded {
  /** Tables that lost their version because the same version was built again. */
  readonly replaced: readonly string[];
  /** Nothing was known of the asset before. */
  readonly isFirst: boolean;
}

/** What the ledger says of a version, and that it is the one readers see. */
export async function recordVersion(tx: Transaction, publication: VersionRecord, columns: readonly unknown[]): Promise<Recorded> {
  const { asset, body, version, token } = publication;
  const before = await tx.row<{ versions: number; same: number; replaced: readonly string[] | null }>(
    `select count(*) as versions, count(*) filter (version = $2) as same, list(physical) filter (version = $2 and physical is not null) as replaced
     from _millrace.versions where asset = $1`,
    [asset, version],
  );
  const isFirst = before === undefined || before.versions === 0;
  if (publication.step?.inPlace === true && body.physical !== undefined)
    await tx.run("update _millrace.versions set physical = null where asset = $1 and physical = $2", [asset, body.physical]);
  if ((before?.same ?? 0) > 0) await tx.run("delete from _millrace.versions where asset = $1 and version = $2", [asset, version]);
  await tx.run(
    `insert into _millrace.versions (asset, version, kind, physical, view_sql, code_hash, inputs, source_state, content_hash, rows, columns, hidden, checks,
       load, run, node, attempt, "at", contents, begun) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, now(), $18, $19)`,
    [
      asset,
      version,
      body.kind,
      body.physical ?? null,
      body.sql ?? null,
      publication.codeHash,
      JSON.stringify(publication.inputs),
      publication.sourceState ?? null,
      publication.contentHash ?? null,
      publication.rows,
      JSON.stringify(columns),
      JSON.stringify(body.hidden ?? []),
      JSON.stringify(publication.checks ?? []),
      publication.load ?? null,
      token.run,
      token.node,
      token.attempt,
      publication.contents == null ? null : JSON.stringify(publication.contents),
      publication.begun ?? null,
    ],
  );
  if (body.kind !== "share") await recordStep(tx, { ...publication, isFirst });
  await recordShown(tx, { asset, version, inputs: publication.inputs, isFirst });
  return { replaced: before?.replaced ?? [], isFirst };
}

/** Readers of the key's environment see this version. */
export async function recordShown(
  tx: Transaction,
  { asset, version, inputs, isFirst }: Pick<VersionRecord, "asset" | "version" | "inputs"> & Pick<Recorded, "isFirst">,
): Promise<void> {
  const environment = environmentOfKey(asset);
  const base = environment === PROD ? null : await readBase(tx, asset, inputs);
  // Of another environment something may be held that it had from prod.
  if (!isFirst || environment !== PROD)
    await tx.run(`delete from _millrace.environments where environment = $1 and ${plainAssetSql("asset")} = $2`, [
      environment,
      splitLedgerAsset(asset).asset,
    ]);
  await tx.run(`insert into _millrace.environments (environment, asset, version, "at", base) values ($1, $2, $3, now(), $4)`, [
    environment,
    asset,
    version,
    base,
  ]);
}
