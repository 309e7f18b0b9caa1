// A load that was cut off goes on after the pages that it had received: no row twice, none lost, and only where the question is the same.
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MillraceError } from "../../model/errors.ts";
import { openWarehouse, type Warehouse } from "../../sql/warehouse.ts";
import type { RowsDelivery } from "../connector.ts";
import { request } from "../deliveries.suite.ts";
import { load, startOfLoad } from "../load.ts";
import type { LoadRequest, LoadResult } from "../request.ts";
import { INDEX_FILE, PAGES_FILE } from "./journal.ts";
import { openPending, RESUME_MS_MAX } from "./pending.ts";

let folder: string;
let root: string;
let warehouse: Warehouse;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "millrace-pending-"));
  root = join(folder, "raw");
  warehouse = await openWarehouse({ path: join(folder, "warehouse.duckdb") });
});
afterEach(() => {
  warehouse.close();
  rmSync(folder, { recursive: true });
});

const PAGES = 10;
let asked: number[] = [];

/** A source of ten pages of ten rows; it dies before page `diesAt`. */
async function* source(resume: unknown, diesAt: number): AsyncGenerator<RowsDelivery> {
  for (let at = (resume as { next?: number } | undefined)?.next ?? 0; at < PAGES; at++) {
    if (at === diesAt) throw new MillraceError({ code: "MR3501", message: "the connection was lost", retryable: true });
    asked.push(at);
    const rows = Array.from({ length: 10 }, (_, index) => ({ id: at * 10 + index, big: 2n ** 70n + BigInt(at) }));
    yield { kind: "rows", name: `page ${at}`, rows, position: { next: at + 1 } };
  }
}

interface Try {
  readonly diesAt?: number;
  readonly codeHash?: string;
  readonly options?: unknown;
  readonly spec?: Partial<LoadRequest["spec"]>;
  readonly now?: number;
}

async function attempt({
  diesAt = -1,
  codeHash = "code",
  options = {},
  spec = { load: "append" },
  now = Date.now(),
}: Try): Promise<LoadResult> {
  asked = [];
  const made = request(folder, { deliveries: [], spec, codeHash });
  const start = await startOfLoad(warehouse, made);
  const pending = await openPending(root, { asset: "raw.t", codeHash, options, partition: null, fullRefresh: false, ...start }, now);
  async function* deliveries(): AsyncGenerator<RowsDelivery> {
    yield* pending.received();
    yield* source(pending.resume ?? start.position, diesAt);
  }
  return load(warehouse, { ...made, deliveries: deliveries(), raw: { root, pending } });
}

const rows = (sql: string): Promise<unknown[]> => warehouse.session((session) => session.rows(sql));
const pendingFolders = (): string[] => readdirSync(join(root, "raw.t", "pending"));

async function whole(): Promise<void> {
  expect(await rows("select count(*)::integer as n, count(distinct id)::integer as d, max(big)::varchar as big from raw.t")).toEqual([
    { n: 100, d: 100, big: String(2n ** 70n + 9n) },
  ]);
  expect(pendingFolders()).toEqual([]);
}

describe("the next try", () => {
  it("asks only for the pages that are missing, wherever it was cut off", async () => {
    for (const diesAt of [0, 3, 6]) await expect(attempt({ diesAt })).rejects.toMatchObject({ code: "MR3501" });
    expect(asked).toEqual([3, 4, 5]);
    const { load: id } = await attempt({});
    expect(asked).toEqual([6, 7, 8, 9]);
    await whole();
    expect(readdirSync(join(root, "raw.t", id))).toEqual([PAGES_FILE]);
    expect(await rows("select rows, kind from _millrace.raw")).toEqual([{ rows: 100, kind: "rows" }]);
    expect(await rows("select count(*)::integer as n from _millrace.files where status = 'loaded'")).toEqual([{ n: 10 }]);
  });

  it("reads what the kill left whole, and no half of a page", async () => {
    for (const cut of [1, 30, 200]) {
      await expect(attempt({ diesAt: 4, options: { cut } })).rejects.toMatchObject({ code: "MR3501" });
      const at = join(root, "raw.t", "pending", pendingFolders()[0]!);
      truncateSync(join(at, PAGES_FILE), Math.max(0, readFileSync(join(at, PAGES_FILE)).length - cut));
      await attempt({ options: { cut } });
      await whole();
      await warehouse.session((session) =>
        session.run(
          "drop view raw.t; delete from _millrace.versions; delete from _millrace.environments; delete from _millrace.files; delete from _millrace.cursors; delete from _millrace.raw;",
        ),
      );
    }
  });

  it("begins anew when the disk lost what the index promised", async () => {
    await expect(attempt({ diesAt: 4 })).rejects.toMatchObject({ code: "MR3501" });
    const at = join(root, "raw.t", "pending", pendingFolders()[0]!);
    const bytes = readFileSync(join(at, PAGES_FILE));
    writeFileSync(join(at, PAGES_FILE), Buffer.alloc(bytes.length));
    expect(readFileSync(join(at, INDEX_FILE), "utf8")).toContain('"next":4');
    await attempt({});
    expect(asked).toHaveLength(PAGES);
    await whole();
  });

  it("begins anew with another definition, other options, after a while, or where the load now begins elsewhere", async () => {
    await expect(attempt({ diesAt: 4 })).rejects.toMatchObject({ code: "MR3501" });
    await expect(attempt({ diesAt: 1, codeHash: "another" })).rejects.toMatchObject({ code: "MR3501" });
    expect(asked).toEqual([0]);
    await expect(attempt({ diesAt: 2, options: { url: "another" } })).rejects.toMatchObject({ code: "MR3501" });
    expect(asked).toEqual([0, 1]);
    for (const name of pendingFolders()) {
      const old = (Date.now() - RESUME_MS_MAX - 1000) / 1000;
      utimesSync(join(root, "raw.t", "pending", name, PAGES_FILE), old, old);
    }
    await attempt({});
    expect(asked).toHaveLength(PAGES);
    await whole();
    await attempt({}); // it begins after page 10 now
    expect(asked).toEqual([]);
  });

  it("after everything came and could not be loaded asks for everything again", async () => {
    const spec: Partial<LoadRequest["spec"]> = { load: "append", columns: { id: { type: "boolean" } }, contract: { badValue: "fail" } };
    await expect(attempt({ spec })).rejects.toMatchObject({ code: "MR4005" });
    await expect(attempt({ spec })).rejects.toMatchObject({ code: "MR4005" });
    expect(asked).toHaveLength(PAGES);
    expect(readdirSync(join(root, "raw.t"))).toEqual(["pending"]);
  });
});
