// Keeps what a load receives, beside staging it: files as they came, pages as a journal, tables as Parquet. Everything is on disk before the transaction of
// the load begins, and counts only once that has committed.
//   K1. Small files are compressed into one bundle (one file to sync, whatever their number). Large ones are cloned, or copied, which costs nearly nothing
//       while the reader works; `retention` compresses them later (settle.ts). Compressed ones stay as they are.
//   K2. A load that does not commit leaves nothing but, where the connector can go on, the journal of its pages.
import { constants } from "node:fs";
import { copyFile, type FileHandle, open, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { physicalTable } from "../../sql/ledger/publish.ts";
import type { FileDelivery, FilledTable, RowsDelivery } from "../connector.ts";
import { INDEX_FILE, Journal, type KeptPages, PAGES_FILE } from "./journal.ts";
import { loadsKept, type RawManifest, type RawPiece } from "./ledger.ts";
import { assetFolder, closeFolder, loadFolder, openFolder, sweepAsset, writing } from "./place.ts";
import type { Keeping } from "./port.ts";
import { writeTable } from "./table-file.ts";
import type { Warehouse } from "../../sql/warehouse.ts";

/** Files up to this size are compressed while they are loaded. */
const SMALL_BYTES = 1 << 20;
const BUNDLE_FILE = "files.gz";

/** Of a load that came to nothing: there is no table yet. */
const NO_VERSION = "none";

const compress = promisify(gzip);
const swept = new Set<string>();

export class Keeper {
  private readonly keeping: Keeping;
  private readonly warehouse: Warehouse;
  private readonly asset: string;
  private readonly load: string;
  private readonly pieces: Promise<RawPiece>[] = [];
  private readonly missing: string[] = [];
  private readonly folder: string;
  private isOpen = false;
  private bundle: { readonly file: FileHandle; end: number } | undefined;
  private bundled: Promise<unknown> = Promise.resolve();
  private journal: Journal | undefined;
  /** Pages that the journal has already. */
  private pagesThere: number;
  private firstPage = "";
  private failure: unknown;

  constructor(
    warehouse: Warehouse,
    { asset, load, keeping }: { readonly asset: string; readonly load: string; readonly keeping: Keeping },
  ) {
    this.warehouse = warehouse;
    this.asset = asset;
    this.load = load;
    this.keeping = keeping;
    this.folder = loadFolder(keeping.root, asset, load);
    this.pagesThere = keeping.pending?.pages ?? 0;
  }

  /** Starts keeping a file; `hash` is asked for when it was staged. */
  async file(delivery: FileDelivery, hash: Promise<string>): Promise<void> {
    hash.catch(() => undefined); // the stage tells
    if (delivery.original === undefined) {
      this.missing.push(delivery.name);
      return;
    }
    await this.open();
    const path = await delivery.original();
    const { size } = await stat(path);
    if (size > SMALL_BYTES) {
      const name = `file-${String(this.pieces.length).padStart(4, "0")}`;
      const into = join(this.folder, name);
      // Copied while the file is there; synced meanwhile.
      await writing(into, () => copyFile(path, into, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE));
      this.add(this.large(delivery, name, { sizeBytes: size, hash }));
    } else {
      const piece = this.small(delivery, path, hash);
      this.add(piece);
      await Promise.allSettled([piece]);
    }
  }

  /** @throws MR4303. */
  async page(delivery: RowsDelivery): Promise<void> {
    if (this.firstPage === "") this.firstPage = delivery.name;
    if (this.journal === undefined) {
      const { pending } = this.keeping;
      this.journal = pending === undefined ? await Journal.open(await this.open()) : await pending.open();
    }
    if (this.pagesThere > 0) this.pagesThere -= 1;
    else await this.journal.add(delivery);
  }

  /** Starts keeping a table that the connector has filled. */
  async table(name: string, physical: string, filled: FilledTable): Promise<void> {
    const folder = await this.open();
    const path = `table-${String(this.pieces.length).padStart(4, "0")}.parquet`;
    const { rows, position } = filled;
    await new Promise<void>((resolve) => {
      const written = writing(join(folder, path), () =>
        writeTable(this.warehouse, { table: physicalTable(physical), path: join(folder, path), columns: filled.columns }, resolve),
      );
      written.catch(() => resolve()); // told by `finish`
      this.add(
        written.then(({ columns, storedBytes, hash }) => {
          return { ...NOTHING, kind: "table", name, path, storedBytes, encoding: "parquet", hash, rows, position, columns };
        }),
      );
    });
  }

  /** Nothing more comes; everything is synced. @throws MR4303. */
  async finish(): Promise<RawManifest> {
    if (this.journal !== undefined) this.add(this.finishPages(this.journal));
    const pieces = await Promise.all(this.pieces);
    if (this.failure !== undefined) throw this.failure;
    const { bundle } = this;
    this.bundle = undefined;
    if (bundle !== undefined) {
      await writing(this.folder, async () => {
        await bundle.file.sync();
        await bundle.file.close();
      });
    }
    if (this.isOpen) await syncFolder(this.folder);
    return { pieces, missing: this.missing };
  }

  /** After the commit. */
  async committed({ version }: { readonly version: string }): Promise<void> {
    if (version === NO_VERSION) return this.discard("drop");
    closeFolder(this.folder);
    await this.keeping.pending?.remove();
  }

  /** The load does not commit (K2). `pages` are kept when another try may go on after them. */
  async discard(pages: "keep" | "drop"): Promise<void> {
    await Promise.allSettled([...this.pieces, this.bundled]);
    await this.bundle?.file.close().catch(() => undefined);
    await this.journal?.finish().catch(() => undefined);
    await rm(this.folder, { recursive: true, force: true }).catch(() => undefined);
    closeFolder(this.folder);
    if (pages === "drop") await this.keeping.pending?.remove();
  }

  private async open(): Promise<string> {
    if (!this.isOpen) await this.sweepOnce();
    if (!this.isOpen) await openFolder(this.keeping.root, this.asset, this.load);
    this.isOpen = true;
    return this.folder;
  }

  /** What loads left that were killed: looked for by the first load of this process. */
  private async sweepOnce(): Promise<void> {
    const folder = assetFolder(this.keeping.root, this.asset);
    if (swept.has(folder)) return;
    swept.add(folder);
    await sweepAsset(this.keeping.root, this.asset, await this.warehouse.session((session) => loadsKept(session, this.asset)));
  }

  private add(piece: Promise<RawPiece>): void {
    piece.catch((error: unknown) => (this.failure ??= error));
    this.pieces.push(piece);
  }

  /** K1. */
  private async small(delivery: FileDelivery, path: string, hash: Promise<string>): Promise<RawPiece> {
    const bytes = await readFile(path);
    const encoding = isCompressed(bytes) ? "none" : "gzip";
    const stored = encoding === "gzip" ? await compress(bytes, { level: 1 }) : bytes;
    const place = this.bundled.then(() => writing(this.folder, () => this.append(stored)));
    this.bundled = place.catch(() => undefined);
    const offset = await place;
    return {
      ...fileOf(delivery),
      path: BUNDLE_FILE,
      offset,
      storedBytes: stored.length,
      encoding,
      sizeBytes: bytes.length,
      hash: await hash,
    };
  }

  private async append(bytes: Uint8Array): Promise<number> {
    this.bundle ??= { file: await open(join(this.folder, BUNDLE_FILE), "wx", 0o600), end: 0 };
    const offset = this.bundle.end;
    for (let at = 0; at < bytes.length;) at += (await this.bundle.file.write(bytes, at)).bytesWritten;
    this.bundle.end += bytes.length;
    return offset;
  }

  private async large(
    delivery: FileDelivery,
    name: string,
    { sizeBytes, hash }: { readonly sizeBytes: number; readonly hash: Promise<string> },
  ): Promise<RawPiece> {
    const path = join(this.folder, name);
    await writing(path, () => syncFile(path));
    return { ...fileOf(delivery), path: name, storedBytes: sizeBytes, encoding: "none", sizeBytes, hash: await hash };
  }

  private async finishPages(journal: Journal): Promise<RawPiece> {
    const kept: KeptPages = await journal.finish();
    const folder = await this.open();
    if (journal.folder !== folder) {
      await writing(folder, () => rename(join(journal.folder, PAGES_FILE), join(folder, PAGES_FILE)));
    } else await rm(join(folder, INDEX_FILE), { force: true });
    const { bytes, hash, rows } = kept;
    return { ...NOTHING, kind: "rows", name: this.firstPage, path: PAGES_FILE, storedBytes: bytes, encoding: "gzip", hash, rows };
  }
}

const NOTHING: Omit<RawPiece, "kind" | "name" | "path" | "storedBytes" | "encoding" | "hash"> = {
  offset: 0,
  sizeBytes: null,
  modifiedMs: null,
  rows: null,
  position: undefined,
  columns: null,
};

function fileOf({
  name,
  modifiedMs,
}: FileDelivery): Pick<RawPiece, "kind" | "name" | "modifiedMs" | "offset" | "rows" | "position" | "columns"> {
  return { ...NOTHING, kind: "file", name, modifiedMs };
}

/** By their first bytes: gzip, zstd, bzip2, xz, zip, Parquet. */
export function isCompressed(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 6)).toString("hex");
  return ["1f8b", "28b52ffd", "425a68", "fd377a585a", "504b0304", "50415231"].some((magic) => head.startsWith(magic));
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r+");
  await file.sync();
  await file.close();
}

async function syncFolder(folder: string): Promise<void> {
  for (const path of [folder, join(folder, "..")]) {
    const handle = await open(path, "r");
    await handle.sync().catch(() => undefined); // some file systems cannot
    await handle.close();
  }
}
