// What every store of files must do, tried on a real server: the promises P1–P3 of store.ts.
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FileStore, StoredFile } from "./store.ts";
import { pathPatterns } from "./pattern.ts";

export interface StoreBench {
  open(): Promise<FileStore>;
  /** Puts files there without the store under test; paths as the store says them. */
  put(files: Readonly<Record<string, Uint8Array | string>>): Promise<void>;
  /** What lies there, read without the store under test. */
  get(path: string): Promise<Uint8Array | null>;
}

export const signal: AbortSignal = new AbortController().signal;

/** The files that a pattern finds, as the machinery asks for them. */
export async function find(store: FileStore, pattern: string): Promise<StoredFile[]> {
  const found: StoredFile[] = [];
  for (const one of pathPatterns(pattern))
    for await (const file of store.list({ prefix: one.prefix, depthMax: one.depthMax, mayHold: one.mayHold, signal }))
      if (one.matches(file.path)) found.push(file);
  return found.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

export async function bytesOf(store: FileStore, file: StoredFile, fromByte = 0): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of store.download(file, { fromByte, signal })) pieces.push(piece);
  return Buffer.concat(pieces);
}

export function storeSuite(bench: () => StoreBench): void {
  describe("as every store", () => {
    let store: FileStore;
    let folder: string;
    const big = randomBytes(1_500_001);
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "millrace-store-"));
      await bench().put({
        "in/a.csv": "a",
        "in/b.csv": "bb",
        "in/b.txt": "",
        "in/sub/c d%20ü.csv": "ccc",
        "in/sub/deep/e.csv": "eeeee",
        "in-between/f.csv": "f",
        "top.csv": "t",
        "big/file.bin": big,
      });
      store = await bench().open();
    });
    afterAll(async () => {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    });
    const paths = async (pattern: string): Promise<string[]> => (await find(store, pattern)).map(({ path }) => path);

    it("lists what a pattern may mean, each file once, with sizes", async () => {
      expect(await paths("in/*.csv")).toEqual(["in/a.csv", "in/b.csv"]);
      expect(await paths("in/**/*.csv")).toEqual(["in/a.csv", "in/b.csv", "in/sub/c d%20ü.csv", "in/sub/deep/e.csv"]);
      expect(await paths("in/s*/*.csv")).toEqual(["in/sub/c d%20ü.csv"]);
      expect(await paths("in*/*.csv")).toEqual(["in-between/f.csv", "in/a.csv", "in/b.csv"]);
      expect(await paths("*.csv")).toEqual(["top.csv"]);
      expect(await paths("nowhere/*.csv")).toEqual([]);
      expect((await find(store, "in/b.*")).map(({ sizeBytes }) => sizeBytes)).toEqual([2, 0]);
    });

    it("looks at one file, and knows that there is none and that a folder is none", async () => {
      expect(await store.look("in/sub/c d%20ü.csv", signal)).toMatchObject({ path: "in/sub/c d%20ü.csv", sizeBytes: 3 });
      expect(await store.look("in/none.csv", signal)).toBeNull();
      expect(await store.look("in", signal)).toBeNull();
    });

    it("says the same of a file whether it lists it or looks at it", async () => {
      const [listed] = await find(store, "in/a.c*");
      expect(await store.look("in/a.csv", signal)).toEqual(listed);
    });

    it("gives all bytes, and those from any byte on", async () => {
      const file = (await store.look("big/file.bin", signal))!;
      expect((await bytesOf(store, file)).equals(big)).toBe(true);
      expect((await bytesOf(store, file, 1_000_003)).equals(big.subarray(1_000_003))).toBe(true);
      expect((await bytesOf(store, (await store.look("in/b.txt", signal))!)).length).toBe(0);
    });

    it("says that a file is gone", async () => {
      const file = (await store.look("in/a.csv", signal))!;
      await expect(bytesOf(store, { ...file, path: "in/gone.csv" })).rejects.toMatchObject({ code: "MR3302" });
    });

    it("never gives another version than the one that was asked for", async () => {
      await bench().put({ "changing/x.csv": "one" });
      const [before] = await find(store, "changing/*");
      await bench().put({ "changing/x.csv": "another" });
      await expect(bytesOf(store, before!)).rejects.toMatchObject({ code: "MR3303" });
    });

    it("writes a file whole into folders that it makes, over an old one, and leaves nothing else", async () => {
      if (store.upload === undefined) return;
      const from = join(folder, "up.bin");
      for (const contents of [big, Buffer.from("short")]) {
        writeFileSync(from, contents);
        await store.upload("out/new folder/up.bin", { from, sizeBytes: contents.length, signal });
        expect(Buffer.from((await bench().get("out/new folder/up.bin"))!).equals(contents)).toBe(true);
      }
      expect(await paths("out/**")).toEqual(["out/new folder/up.bin"]);
      expect(await paths("out/new folder/.*")).toEqual([]);
      await store.remove!("out/new folder/up.bin", signal);
      await store.remove!("out/new folder/up.bin", signal);
      expect(await paths("out/**")).toEqual([]);
    });
  });
}
