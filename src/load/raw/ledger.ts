// What the ledger knows of the raw zone: one row per load that was kept, one per file, journal of pages, or table in it. Committed with the rows.
import { plainAssetSql } from "../../model/environment.ts";
import type { Session, Transaction } from "../../sql/session.ts";
import { literal, value } from "../../sql/text.ts";
import type { Json } from "../connector.ts";
import type { PartitionRequest } from "../partition-port.ts";

/** A thing that was received, and where it lies below the folder of its load. */
export interface RawPiece {
  readonly kind: "file" | "rows" | "table";
  /** As it was called when it came; the first page's for pages. */
  readonly name: string;
  readonly path: string;
  /** Where it begins in a file that holds several. */
  readonly offset: number;
  readonly storedBytes: number;
  readonly encoding: "none" | "gzip" | "parquet";
  /** Of what was received. */
  readonly sizeBytes: number | null;
  /** SHA-256: of a file's own bytes; of what is stored for pages and tables. */
  readonly hash: string;
  readonly modifiedMs: number | null;
  readonly rows: number | null;
  readonly position: Json | undefined;
  /** Of tables. */
  readonly columns: readonly PieceColumn[] | null;
}

export interface PieceColumn {
  readonly name: string;
  readonly label: string;
  readonly type: string;
  readonly exactText: boolean;
  readonly why: string;
  /** Parquet has no such type: it stands there as text. */
  readonly asText: boolean;
}

/** A load whose deliveries are kept. */
export interface RawLoad {
  readonly load: string;
  readonly mode: string;
  readonly partition: PartitionRequest | null;
  readonly fullRefresh: boolean;
  readonly pieces: readonly RawPiece[];
  /** Names of what could not be kept. */
  readonly missing: readonly string[];
}

/** What a load hands to its transaction. */
export interface RawManifest {
  readonly pieces: readonly RawPiece[];
  readonly missing: readonly string[];
}

const PIECES_PER_INSERT = 200;

export interface ManifestEntry {
  readonly asset: string;
  readonly load: string;
  readonly mode: string;
  readonly partition: PartitionRequest | undefined;
  readonly fullRefresh: boolean;
}

/** In the transaction of the load. */
export async function writeManifest(tx: Transaction, entry: ManifestEntry, { pieces, missing }: RawManifest): Promise<void> {
  const { asset, load, mode, partition, fullRefresh } = entry;
  await tx.run(`insert into _millrace.raw_loads values ($1, $2, $3, $4, $5, $6, $7, now())`, [
    load,
    asset,
    mode,
    partition === undefined ? null : JSON.stringify(partition),
    fullRefresh,
    JSON.stringify(missing),
    pieces.reduce((sum, piece) => sum + piece.storedBytes, 0),
  ]);
  for (let from = 0; from < pieces.length; from += PIECES_PER_INSERT) {
    const rows = pieces.slice(from, from + PIECES_PER_INSERT).map((piece, index) => {
      const { kind, name, path, offset, storedBytes, encoding, sizeBytes, hash, modifiedMs } = piece;
      const cells = [load, asset, from + index, kind, name, path, offset, storedBytes, encoding, sizeBytes, hash, modifiedMs, piece.rows];
      const texts = [piece.position, piece.columns ?? undefined].map((each) => (each === undefined ? null : JSON.stringify(each)));
      return `(${[...cells, ...texts].map((cell) => value(cell)).join(", ")})`;
    });
    await tx.run(`insert into _millrace.raw values ${rows.join(", ")}`);
  }
}

/** What is kept of these loads; a load of which nothing is kept is not in it. */
export async function readManifests(session: Session, asset: string, loads: readonly string[]): Promise<ReadonlyMap<string, RawLoad>> {
  const chosen = `asset = ${literal(asset)} and list_contains(from_json($1, '["varchar"]'), load)`;
  const list = [JSON.stringify(loads)];
  const heads = await session.rows<Record<string, string | boolean | null>>(
    `select load, mode, partition, full_refresh, missing from _millrace.raw_loads where ${chosen}`,
    list,
  );
  const rows = await session.rows<Record<string, string | number | null>>(
    `select * exclude (asset) from _millrace.raw where ${chosen} order by load, ordinal`,
    list,
  );
  const pieces = groupByLoad(rows);
  return new Map(
    heads.map((head) => {
      const load = String(head["load"]);
      return [
        load,
        {
          load,
          mode: String(head["mode"]),
          partition: head["partition"] === null ? null : (JSON.parse(String(head["partition"])) as PartitionRequest),
          fullRefresh: head["full_refresh"] === true,
          pieces: (pieces.get(load) ?? []).map(pieceOf),
          missing: JSON.parse(String(head["missing"])) as string[],
        },
      ];
    }),
  );
}

function groupByLoad<Row extends Readonly<Record<string, unknown>>>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const load = String(row["load"]);
    const group = groups.get(load);
    if (group === undefined) groups.set(load, [row]);
    else group.push(row);
  }
  return groups;
}

function pieceOf(row: Readonly<Record<string, string | number | null>>): RawPiece {
  const text = (key: string): string => String(row[key]);
  const number = (key: string): number | null => (row[key] === null ? null : Number(row[key]));
  return {
    kind: text("kind") as RawPiece["kind"],
    name: text("name"),
    path: text("path"),
    offset: Number(row["first_byte"]),
    storedBytes: Number(row["stored_bytes"]),
    encoding: text("encoding") as RawPiece["encoding"],
    sizeBytes: number("size"),
    hash: text("hash"),
    modifiedMs: number("modified_ms"),
    rows: number("rows"),
    position: row["position"] === null ? undefined : (JSON.parse(text("position")) as Json),
    columns: row["columns"] === null ? null : (JSON.parse(text("columns")) as PieceColumn[]),
  };
}

/** Loads of an asset that have a folder. */
export async function loadsKept(session: Session, asset: string): Promise<ReadonlySet<string>> {
  const rows = await session.rows<{ load: string }>(`select load from _millrace.raw_loads where ${plainAssetSql("asset")} = $1`, [asset]);
  return new Set(rows.map(({ load }) => load));
}

/** Forgets what was kept of loads; their folders go after the commit. */
export async function forgetLoads(tx: Transaction, asset: string, loads: readonly string[]): Promise<void> {
  const chosen = `asset = $1 and list_contains(from_json($2, '["varchar"]'), load)`;
  for (const table of ["raw", "raw_loads"]) await tx.run(`delete from _millrace.${table} where ${chosen}`, [asset, JSON.stringify(loads)]);
}
