// Rows of the partitions' grid that were told before, per asset: they hold while what they were made of is the same, so that telling all of them again
// costs what changed. They outlive the process in .millrace/cache; a file that is missing, damaged or not writable only costs time.
//   K1. The signature names all that a row is made of but the length of its axis: places may be added at the end, and these are missing.
import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Coordinate } from "../../plan/partitions/space.ts";
import type { Session } from "../../sql/session.ts";
import type { Workspace } from "../workspace.ts";
import { numbersOf, runLengths } from "./run-lengths.ts";

/** Changes when the same ledger is told in another way. */
const FORMAT = "millrace-partitions-1";
const FILE_BYTES_MAX = 16_000_000;
const PARTITIONS_MAX = 50_000_000;
const ENVIRONMENTS_MAX = 4;
const LETTERS = "abcdefghij";

export interface KeptRows {
  readonly signature: string;
  /** Of the places that the axis had, in their order. */
  readonly places: string;
  readonly count: number;
  /** Places that the asset has partitions at. */
  readonly from: number;
  readonly to: number;
  /** By their key, a number per place. */
  readonly rows: ReadonlyMap<string, Uint8Array>;
}

export interface GridKept {
  get(asset: string): KeptRows | undefined;
  set(asset: string, kept: KeptRows): void;
  delete(asset: string): void;
  /** Forgets all others: they are no more. */
  only(assets: ReadonlySet<string>): void;
  /** Writes what was set since. */
  save(): void;
}

const environments = new Map<string, GridKept>();

/** What is kept of a project's environment. */
export async function gridKept(workspace: Workspace): Promise<GridKept> {
  const { name } = await workspace.environment();
  const path = join(workspace.stateDir("cache"), `partitions.${createHash("sha256").update(name).digest("hex").slice(0, 16)}.json`);
  const known = environments.get(path) ?? openKept(path);
  environments.delete(path);
  environments.set(path, known);
  for (const [oldest] of environments) {
    if (environments.size <= ENVIRONMENTS_MAX) break;
    environments.delete(oldest);
  }
  return known;
}

function openKept(path: string): GridKept {
  const assets = load(path);
  let partitions = 0;
  for (const kept of assets.values()) partitions += sizeOf(kept);
  let isDirty = false;
  const remove = (asset: string): void => {
    const known = assets.get(asset);
    if (known === undefined) return;
    partitions -= sizeOf(known);
    isDirty = true;
    assets.delete(asset);
  };
  return {
    get: (asset) => assets.get(asset),
    set(asset, kept) {
      remove(asset);
      if (partitions + sizeOf(kept) > PARTITIONS_MAX) return;
      partitions += sizeOf(kept);
      isDirty = true;
      assets.set(asset, kept);
    },
    delete: remove,
    only(wanted) {
      for (const asset of assets.keys()) if (!wanted.has(asset)) remove(asset);
    },
    save() {
      if (isDirty) store(path, assets);
      isDirty = false;
    },
  };
}

function sizeOf({ rows }: KeptRows): number {
  let size = 0;
  for (const numbers of rows.values()) size += numbers.length;
  return size;
}

type Written = readonly [
  asset: string,
  signature: string,
  places: string,
  count: number,
  from: number,
  to: number,
  rows: readonly (readonly [string, string])[],
];

function load(path: string): Map<string, KeptRows> {
  try {
    const [format, all] = JSON.parse(readFileSync(path, "utf8")) as readonly [string, readonly Written[]];
    if (format !== FORMAT) return new Map();
    return new Map(
      all.map(([asset, signature, places, count, from, to, rows]) => [
        asset,
        { signature, places, count, from, to, rows: new Map(rows.map(([key, cells]) => [key, numbersOf(cells, LETTERS, count)])) },
      ]),
    );
  } catch {
    return new Map(); // missing or damaged: it is made again
  }
}

function store(path: string, assets: ReadonlyMap<string, KeptRows>): void {
  const all = [...assets].map(([asset, { signature, places, count, from, to, rows }]): Written => {
    const cells = [...rows].map(([key, numbers]) => [key, runLengths(numbers, LETTERS)] as const);
    return [asset, signature, places, count, from, to, cells];
  });
  const text = JSON.stringify([FORMAT, all]);
  const own = `${path}.${process.pid}.${randomUUID().slice(0, 8)}`;
  try {
    if (text.length > FILE_BYTES_MAX) return rmSync(path, { force: true });
    if (!existsSync(dirname(path))) mkdirSync(dirname(path), { recursive: true });
    writeFileSync(own, text);
    renameSync(own, path);
  } catch {
    rmSync(own, { force: true });
  }
}

/** A short text that is another one when anything in it is. */
export function signatureOf(made: unknown): string {
  return createHash("sha256").update(JSON.stringify(made)).digest("base64url").slice(0, 22);
}

export function placesSignature(places: readonly Coordinate[], count: number): string {
  return signatureOf(places.slice(0, count));
}

/** Per key of the ledger a text that is another one when any of its rows is: each row that is written has a time or a version of its own. */
export async function ledgerPrints(session: Session): Promise<ReadonlyMap<string, string>> {
  const rows = await session.rows<{ asset: string; print: string }>(
    `select asset, count(*) || '.' || sum(hash("at", partition, version, code_hash, quarantined)) as print from _millrace.partitions group by asset`,
  );
  return new Map(rows.map(({ asset, print }) => [asset, print]));
}
