// Pages of a load that was cut off, for the next try of the same load: a journal in `ROOT/<asset>/pending/<key>/`. The key says what makes it the same load:
// definition, options, partition, and where it began (since, position). Another key means another question, and its answers do not belong together.
import { createHash } from "node:crypto";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Json, RowsDelivery } from "../connector.ts";
import { Journal, PAGES_FILE, unfinishedIn, type Unfinished } from "./journal.ts";
import type { PendingPages } from "./port.ts";
import { assetFolder, PENDING, writing } from "./place.ts";

/** Older than this, what a source said is no longer gone on from: its pages may lie otherwise by now. */
export const RESUME_MS_MAX = 3_600_000;
const KEY_CHARACTERS = 24;

/** What makes two tries the same load. */
export interface Question {
  readonly asset: string;
  readonly codeHash: string;
  /** The connector's options as it gets them; only a hash of them is kept. */
  readonly options: unknown;
  readonly partition: string | null;
  readonly fullRefresh: boolean;
  readonly since: Json | undefined;
  readonly position: Json | undefined;
}

/** Looks what an earlier try left. What is too old, damaged or of another question is removed. @throws MR4303. */
export async function openPending(root: string, question: Question, nowMs: number): Promise<PendingPages> {
  const parent = join(assetFolder(root, question.asset), PENDING);
  const folder = join(parent, keyOf(question));
  await removeOld(parent, nowMs);
  const left: Unfinished | null = await unfinishedIn(folder);
  if (left === null) await rm(folder, { recursive: true, force: true });
  return {
    pages: left?.pages ?? 0,
    resume: left?.position,
    received: () => left?.deliveries() ?? none(),
    open: async () => {
      await writing(folder, () => mkdir(folder, { recursive: true }));
      return Journal.open(folder, left ?? undefined);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

async function* none(): AsyncGenerator<RowsDelivery> {}

function keyOf({ asset, codeHash, options, partition, fullRefresh, since, position }: Question): string {
  const said = [asset, codeHash, options, partition, fullRefresh, since ?? null, position ?? null];
  const text = JSON.stringify(said, (_key, each: unknown) => (typeof each === "bigint" ? String(each) : each));
  return createHash("sha256").update(text).digest("hex").slice(0, KEY_CHARACTERS);
}

/** By the time of the last page. */
export async function removeOld(parent: string, nowMs: number): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    const written = await stat(join(parent, name, PAGES_FILE)).catch(() => null);
    if (written === null || nowMs - written.mtimeMs > RESUME_MS_MAX) await rm(join(parent, name), { recursive: true, force: true });
  }
}
