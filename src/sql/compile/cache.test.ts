import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openCompileCache } from "./cache.ts";

const dir = mkdtempSync(join(tmpdir(), "millrace-compile-cache-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function filled(name: string, entries: number): string {
  const path = join(dir, name, "compile.json");
  const cache = openCompileCache(path);
  for (let n = 0; n < entries; n++) cache.put(`key ${n}`, { n, text: "line\nand\ttab" });
  cache.save();
  return path;
}

describe("the compiler's cache", () => {
  it("keeps what was put, and adds to its file what is new without writing the rest again", () => {
    const path = filled("adds", 1_000);
    const before = readFileSync(path, "utf8");
    const cache = openCompileCache(path);
    for (let n = 0; n < 1_000; n++) expect(cache.get(`key ${n}`)).toEqual({ n, text: "line\nand\ttab" });
    cache.put("new", [1]);
    cache.save();
    const after = readFileSync(path, "utf8");
    expect(after.startsWith(before)).toBe(true);
    expect(after.length - before.length).toBeLessThan(20);
    expect(openCompileCache(path).get("new")).toEqual([1]);
  });

  it("does without lines that were cut off, and without files of another version", () => {
    const path = filled("cut", 10);
    truncateSync(path, readFileSync(path).length - 5);
    const cache = openCompileCache(path);
    expect(cache.get("key 9")).toBeUndefined();
    expect(cache.get("key 8")).toMatchObject({ n: 8 });
    cache.put("key 9", "again");
    cache.save();
    expect(openCompileCache(path).get("key 9")).toBe("again");
    appendFileSync(path, "\n\nno entry\n\t{}");
    expect(openCompileCache(path).get("key 8")).toMatchObject({ n: 8 });
    writeFileSync(path, '{"format":"millrace-compile-1","entries":{"key 8":1}}');
    expect(openCompileCache(path).get("key 8")).toBeUndefined();
  });

  it("leaves out what nobody asks for once it is most of the file", () => {
    const path = filled("old", 5_000);
    const before = readFileSync(path).length;
    const cache = openCompileCache(path);
    for (let n = 0; n < 100; n++) cache.get(`key ${n}`);
    cache.put("new", 1);
    cache.save();
    expect(readFileSync(path).length).toBeLessThan(before / 10);
    expect(openCompileCache(path).get("key 99")).toMatchObject({ n: 99 });
  });
});
