// Names that lead out of their folder, patterns, and files that are replaced whole.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { replaceFile, withTempFolder } from "./files.ts";
import { matcherOf, matchFiles, unfoldBraces } from "./glob.ts";
import { joinInside, resolveInside } from "./paths.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-platform-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const matches = (pattern: string, names: readonly string[]): readonly string[] => names.filter((name) => matcherOf(pattern).test(name));
const write = async (beside: string): Promise<void> => writeFileSync(beside, "x");

describe("a name that somebody else chose", () => {
  it("stays below its folder", () => {
    expect(joinInside("/srv/out", "a/b.csv")).toBe("/srv/out/a/b.csv");
    expect(joinInside("/srv/out", "..a/b..c")).toBe("/srv/out/..a/b..c");
    expect(joinInside("/srv/out", `it's "quoted".csv`)).toBe(`/srv/out/it's "quoted".csv`);
  });

  it("is refused when it leads out, in every way we know", () => {
    for (const name of ["../x", "a/../../x", "a/..", "..", "/etc/passwd", "C:\\x", "C:x", "a\\..\\x", "a\0b", "", ".", "x".repeat(5000)]) {
      expect(() => joinInside("/srv/out", name), name).toThrowError(expect.objectContaining({ code: "MR3150" }));
    }
  });

  it("is refused when a symbolic link on its way leads out", async () => {
    mkdirSync(join(folder, "inside/real"), { recursive: true });
    mkdirSync(join(folder, "outside"));
    symlinkSync(join(folder, "outside"), join(folder, "inside/link"));
    symlinkSync(join(folder, "inside/real"), join(folder, "inside/own"));
    const inside = join(folder, "inside");
    await expect(resolveInside(inside, "real/new.csv")).resolves.toBe(join(inside, "real/new.csv"));
    await expect(resolveInside(inside, "own/new.csv")).resolves.toBe(join(inside, "own/new.csv"));
    await expect(resolveInside(inside, "link/new.csv")).rejects.toMatchObject({ code: "MR3150" });
    await expect(resolveInside(inside, "link")).rejects.toMatchObject({ code: "MR3150" });
  });
});

describe("a pattern", () => {
  it("unfolds braces, nested too, and leaves an open one alone", () => {
    expect(unfoldBraces("a{b,c{d,e}}f")).toEqual(["abf", "acdf", "acef"]);
    expect(unfoldBraces("{a,b}/{c,d}")).toEqual(["a/c", "a/d", "b/c", "b/d"]);
    expect(unfoldBraces("a{b")).toEqual(["a{b"]);
  });

  it("matches names by stars, question marks and classes", () => {
    expect(matches("sales_*.csv", ["sales_1.csv", "sales_.csv", "sales.csv", "xsales_1.csv"])).toEqual(["sales_1.csv", "sales_.csv"]);
    expect(matches("?.csv", ["a.csv", "ab.csv", ".csv"])).toEqual(["a.csv"]);
    expect(matches("[a-c].txt", ["a.txt", "d.txt"])).toEqual(["a.txt"]);
    expect(matches("[!a-c].txt", ["a.txt", "d.txt"])).toEqual(["d.txt"]);
    expect(matches("[]x].txt", ["].txt", "x.txt", "y.txt"])).toEqual(["].txt", "x.txt"]);
    expect(matches("a.c(1)+", ["a.c(1)+", "abc(1)+"])).toEqual(["a.c(1)+"]);
  });

  it("finds files in one order, below folders, past hidden ones and rings of links", async () => {
    const tree = join(folder, "tree");
    for (const path of ["b.csv", "a/1.csv", "a/2.txt", "a/deep/3.csv", "a-b/4.csv", ".hidden/5.csv", "a/.part.csv", "Z.csv"]) {
      mkdirSync(join(tree, path, ".."), { recursive: true });
      writeFileSync(join(tree, path), "");
    }
    symlinkSync(tree, join(tree, "a/ring"));
    expect(await matchFiles(tree, "**/*.csv")).toEqual(["Z.csv", "a/1.csv", "a/deep/3.csv", "a-b/4.csv", "b.csv"]);
    expect(await matchFiles(tree, "a/*")).toEqual(["a/1.csv", "a/2.txt"]);
    expect(await matchFiles(tree, "{a,a-b}/*.{csv,txt}")).toEqual(["a/1.csv", "a/2.txt", "a-b/4.csv"]);
    expect(await matchFiles(tree, "./a/**")).toEqual(["a/1.csv", "a/2.txt", "a/deep/3.csv"]);
    expect(await matchFiles(tree, join(tree, "*.csv"))).toEqual([join(tree, "Z.csv"), join(tree, "b.csv")]);
    expect(await matchFiles(tree, "../tree/b.*")).toEqual(["../tree/b.csv"]);
    expect(await matchFiles(tree, "none/*.csv")).toEqual([]);
  });
});

describe("a file that is replaced", () => {
  it("is the old one until the new one is whole, and stays when writing fails", async () => {
    const path = join(folder, "made/on/the/way/out.csv");
    await replaceFile(path, async (beside) => writeFileSync(beside, "old"));
    await expect(
      replaceFile(path, async (beside) => {
        writeFileSync(beside, "half of the n");
        expect(readFileSync(path, "utf8")).toBe("old");
        throw new Error("the query failed");
      }),
    ).rejects.toThrow("the query failed");
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(join(path, ".."))).toEqual(["out.csv"]);
  });

  it("is refused where a folder is, and where a part of the way is a file", async () => {
    mkdirSync(join(folder, "afolder"), { recursive: true });
    writeFileSync(join(folder, "afile"), "");
    await expect(replaceFile(join(folder, "afolder"), write)).rejects.toMatchObject({ code: "MR3102" });
    await expect(replaceFile(join(folder, "afile/below/out.csv"), write)).rejects.toMatchObject({ code: "MR3140" });
  });
});

describe("what was written beside an output", () => {
  it("by a process that is gone is removed, by one that lives stays", async () => {
    const place = join(folder, "beside");
    mkdirSync(place);
    const gone = spawnSync(process.execPath, ["--version"]).pid;
    const living = `.${process.ppid}-00000000.part.out.csv`;
    for (const name of [`.${gone}-00000000.part.out.csv`, living, ".other.csv"]) writeFileSync(join(place, name), "half");
    mkdirSync(join(place, `.${gone}-00000000.part.folder/a=1`), { recursive: true });
    await replaceFile(join(place, "out.csv"), async (beside) => writeFileSync(beside, "whole"));
    expect(readdirSync(place).toSorted()).toEqual([living, ".other.csv", "out.csv"].toSorted());
  });
});

describe("a temporary folder", () => {
  it("is gone afterwards, also after a failure", async () => {
    let seen = "";
    await expect(
      withTempFolder(join(folder, "temp"), async (temp) => {
        seen = temp;
        writeFileSync(join(temp, "x"), "");
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    expect(seen).not.toBe("");
    expect(existsSync(seen)).toBe(false);
  });
});
