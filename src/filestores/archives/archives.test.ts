// Archives: what independent writers made (tar-stream, zip by hand, fixtures of the xz, bzip2, zip and Python tools), and archives that were made to do harm.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateRawSync, gzipSync } from "node:zlib";
import { pack, type Header } from "tar-stream";
import { afterAll, describe, expect, it } from "vitest";
import type { SourceFile } from "../source-file.ts";
import { membersOf } from "./members.ts";
import { splitMembers } from "./names.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-archives-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TEXT = "id,name\n1,one\n2,two\n";
/** `s.csv` with TEXT in it, as GNU tar and xz or bzip2 pack it; and as Python's zipfile does with bzip2; and as `zip -e` does. */
const TAR_XZ =
  "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4Cf/AHhdADmLiGd0ORbMiZaRrUdbbUDtL7jm+fXc3uY+ICc2mXiAbU+lE9us7VLWMEUbBGE6gDtfOzoa6uI/g03Dmoy4MLJa4SDDX7xLt8iiFMo50DQ9WlOXKT08PuoGF0bRJKawD2B4f+lbcO+NvPSm3rVRYGryETuzD3RpAAAPNVKKXMkJjAABlAGAUAAAszEn+bHEZ/sCAAAAAARZWg==";
const TAR_BZ2 =
  "QlpoOTFBWSZTWV9tayUAAID7hMoRAEBABX8AAAhuI5+AAACACCAAdBpMpkyAANA9R6gkoIBoAANA+j5BrkIJpAEi26cmax5BiSBq63HD4t4xy7lkQscAJxJHIdNybvTN974HWc3PiS6ceLQy+TY5hBRWqs0B1JjxkREB+LuSKcKEgvtrWSg=";
const ZIP_BZ2 =
  "UEsDBC4AAAAMAIhgdV1p8yNDPAAAABQAAAAFAAAAcy5jc3ZCWmg5MUFZJlNZsbEfWwAABlmAABAABDAAJiOEgCAAIamTEb1TQgGgCkcmpRY+wvHWfF3JFOFCQsbEfWxQSwECLgMuAAAADACIYHVdafMjQzwAAAAUAAAABQAAAAAAAAAAAAAAgAEAAAAAcy5jc3ZQSwUGAAAAAAEAAQAzAAAAXwAAAAAA";
const ZIP_ENCRYPTED =
  "UEsDBAoACQAAAIhgdV1p8yNDIAAAABQAAAAFABwAcy5jc3ZVVAkAA8CIAWvAiAFrdXgLAAEEAAAAAAQAAAAAjCYUjv0mgx+qnA4mdVpO7dSLUslvHm1W7SwCNbdoggJQSwcIafMjQyAAAAAUAAAAUEsBAh4DCgAJAAAAiGB1XWnzI0MgAAAAFAAAAAUAGAAAAAAAAQAAAKSBAAAAAHMuY3N2VVQFAAPAiAFrdXgLAAEEAAAAAAQAAAAAUEsFBgAAAAABAAEASwAAAG8AAAAAAA==";

interface ZipMember {
  readonly name: string;
  readonly text: string | Buffer;
  /** What the directory says in place of the truth. */
  readonly says?: { readonly size?: number; readonly crc?: number; readonly offset?: number; readonly packed?: number };
}

/** A zip archive by the letter of the format. */
function zip(members: readonly ZipMember[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, text, says = {} } of members) {
    const bytes = Buffer.from(text);
    const packed = deflateRawSync(bytes);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(0x800, 2);
    shared.writeUInt16LE(8, 4);
    shared.writeUInt16LE(0x21, 8);
    shared.writeUInt32LE(says.crc ?? crc32(bytes), 10);
    shared.writeUInt32LE(says.packed ?? packed.length, 14);
    shared.writeUInt32LE(says.size ?? bytes.length, 18);
    shared.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from("PK\u0003\u0004", "latin1"), shared, Buffer.from(name), packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(says.offset ?? offset, 10);
    directory.push(Buffer.concat([Buffer.from("PK\u0001\u0002\u0014\u0000", "latin1"), shared, rest, Buffer.from(name)]));
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\u0005\u0006", 0, "latin1");
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}

async function tar(members: readonly (Partial<Header> & { readonly name: string } & { readonly text?: string })[]): Promise<Buffer> {
  const packing = pack();
  for (const { text = "", ...header } of members) packing.entry(header, text);
  packing.finalize();
  const pieces: Uint8Array[] = [];
  for await (const piece of packing) pieces.push(piece as Uint8Array);
  return Buffer.concat(pieces);
}

let files = 0;
function archive(name: string, bytes: Buffer): SourceFile {
  const place = join(folder, String(++files));
  mkdirSync(place);
  const path = join(place, "bytes");
  writeFileSync(path, bytes);
  return {
    name,
    plainName: name,
    sizeBytes: bytes.length,
    modifiedMs: 0,
    identity: "i",
    open: () =>
      Promise.resolve({ path, sizeBytes: bytes.length, hash: null, verify: () => Promise.resolve(), close: () => Promise.resolve() }),
  };
}

/** Name → contents of what the patterns name. */
async function read(name: string, bytes: Buffer, ...inner: string[]): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  const request = { archive: archive(name, bytes), inner, expandedMax: undefined, optional: false, depth: 0, tempDir: folder };
  for await (const member of membersOf(request)) {
    const open = await member.open({ tempDir: folder });
    contents[member.name] = await readFile(open.path, "utf8");
    await open.close();
  }
  return contents;
}

describe("zip", () => {
  it("gives the members that a pattern names, and all without one", async () => {
    const bytes = zip([
      { name: "a.csv", text: TEXT },
      { name: "d/b.csv", text: "b\n" },
      { name: "d/größe.txt", text: "c\n" },
      { name: "__MACOSX/._a.csv", text: "junk" },
    ]);
    expect(await read("x.zip", bytes, "*.csv")).toEqual({ "x.zip!a.csv": TEXT });
    expect(await read("x.zip", bytes, "**/*.csv")).toEqual({ "x.zip!a.csv": TEXT, "x.zip!d/b.csv": "b\n" });
    expect(Object.keys(await read("x.zip", bytes))).toEqual(["x.zip!a.csv", "x.zip!d/b.csv", "x.zip!d/größe.txt"]);
    await expect(read("x.zip", bytes, "*.parquet")).rejects.toMatchObject({
      code: "MR3408",
      hint: expect.stringContaining("a.csv") as string,
    });
  });

  it("is read with bzip2 inside, and gone into when it lies within another", async () => {
    expect(await read("x.zip", Buffer.from(ZIP_BZ2, "base64"))).toEqual({ "x.zip!s.csv": TEXT });
    const inner = zip([{ name: "in.csv", text: TEXT }]);
    const outer = zip([{ name: "deep/inner.zip", text: inner }]);
    expect(await read("x.zip", outer)).toEqual({ "x.zip!deep/inner.zip!in.csv": TEXT });
    expect(await read("x.zip", outer, "**/*.zip", "in.*")).toEqual({ "x.zip!deep/inner.zip!in.csv": TEXT });
    let nested = inner;
    for (let i = 0; i < 5; i++) nested = zip([{ name: "n.zip", text: nested }]);
    await expect(read("x.zip", nested)).rejects.toMatchObject({ code: "MR3405" });
  });

  it("refuses an encrypted member by name, when it is wanted", async () => {
    await expect(read("x.zip", Buffer.from(ZIP_ENCRYPTED, "base64"))).rejects.toMatchObject({
      code: "MR3402",
      message: "x.zip!s.csv is encrypted",
    });
  });

  it("refuses names that lead out of it", async () => {
    for (const name of ["../evil.csv", "/etc/passwd.csv", "a/../../b.csv", "C:/x.csv"]) {
      await expect(read("x.zip", zip([{ name, text: TEXT }]))).rejects.toMatchObject({
        code: "MR3404",
        message: expect.stringContaining(name) as string,
      });
    }
  });

  it("names the member whose checksum, size or data are wrong", async () => {
    const message = expect.stringContaining("x.zip!b.csv") as string;
    for (const says of [{ crc: 1 }, { size: 19 }, { size: 21 }]) {
      const bytes = zip([{ name: "b.csv", text: TEXT, says }]);
      await expect(read("x.zip", bytes)).rejects.toMatchObject({ code: "MR3110", message });
    }
    const damaged = zip([{ name: "b.csv", text: TEXT.repeat(500) }]);
    damaged[60] = (damaged[60] ?? 0) ^ 0xff;
    await expect(read("x.zip", damaged)).rejects.toMatchObject({ code: "MR3110", message });
  });

  it("is refused when it is cut off anywhere", async () => {
    const bytes = zip([{ name: "b.csv", text: TEXT }]);
    for (const length of [0, 4, 40, bytes.length - 23, bytes.length - 1]) {
      await expect(read("x.zip", bytes.subarray(0, length))).rejects.toMatchObject({
        code: "MR3400",
        message: expect.stringContaining("x.zip") as string,
      });
    }
  });

  it("refuses bombs: members that overlap, sizes out of proportion, two of one name", async () => {
    const shared = { offset: 0, packed: 9_000 };
    const text = Buffer.alloc(9_000_000);
    const overlapping = zip([
      { name: "a.csv", text },
      ...["b", "c"].map((name) => ({ name: `${name}.csv`, text: "", says: { ...shared, size: 9_000_000 } })),
    ]);
    await expect(read("x.zip", overlapping)).rejects.toMatchObject({ code: "MR3405" });
    const large = zip([{ name: "a.csv", text: "x", says: { size: 3_000_000_000 } }]);
    await expect(read("x.zip", large)).rejects.toMatchObject({ code: "MR3405" });
    const lying = zip([{ name: "a.csv", text: Buffer.alloc(20_000_000), says: { size: 10 } }]);
    await expect(read("x.zip", lying)).rejects.toMatchObject({ code: "MR3110" });
    const twice = zip([
      { name: "a.csv", text: "1" },
      { name: "a.csv", text: "2" },
    ]);
    await expect(read("x.zip", twice)).rejects.toMatchObject({ code: "MR3406" });
  });
});

describe("tar", () => {
  const long = `${"folder/".repeat(30)}file.csv`;
  const members = [
    { name: "./a.csv", text: TEXT },
    { name: "d", type: "directory" as const },
    { name: "d/b.csv", text: "b\n".repeat(5_000) },
    { name: long, text: "long\n" },
    { name: "größe.csv", text: "" },
  ];

  it("gives its members, with long names and empty ones, plain and compressed", async () => {
    const expected = {
      "x.tar!a.csv": TEXT,
      "x.tar!d/b.csv": "b\n".repeat(5_000),
      [`x.tar!${long}`]: "long\n",
      "x.tar!größe.csv": "",
    };
    const plain = await tar(members);
    expect(await read("x.tar", plain)).toEqual(expected);
    expect(await read("x.tar", gzipSync(plain))).toEqual(expected);
    expect(await read("x.txz", Buffer.from(TAR_XZ, "base64"))).toEqual({ "x.txz!s.csv": TEXT });
    expect(await read("x.tbz2", Buffer.from(TAR_BZ2, "base64"), "s.*")).toEqual({ "x.tbz2!s.csv": TEXT });
  });

  it("takes the later of two members of one name, as tar does", async () => {
    expect(
      await read(
        "x.tar",
        await tar([
          { name: "a.csv", text: "old" },
          { name: "a.csv", text: "new" },
        ]),
      ),
    ).toEqual({ "x.tar!a.csv": "new" });
  });

  it("is refused when it is cut off, damaged, or goes on after its end", async () => {
    const bytes = await tar(members);
    const message = expect.stringContaining("x.tar") as string;
    for (const length of [512 * 2, 512 * 3 + 100, bytes.length - 1024]) {
      await expect(read("x.tar", bytes.subarray(0, length))).rejects.toMatchObject({ code: "MR3400", message });
    }
    const damaged = Buffer.from(bytes);
    damaged[512 * 2 + 5] = 0x41;
    await expect(read("x.tar", damaged)).rejects.toMatchObject({ code: "MR3400", message });
    await expect(read("x.tar", Buffer.concat([bytes, bytes]))).rejects.toMatchObject({ code: "MR3400", message });
    await expect(read("x.tar", Buffer.from("just text, no archive"))).rejects.toMatchObject({ code: "MR3400", message });
  });

  it("refuses links that are wanted, names that lead out, and what is no archive for us", async () => {
    const linked = await tar([
      { name: "a.csv", type: "symlink", linkname: "/etc/passwd" },
      { name: "b.csv", text: TEXT },
    ]);
    await expect(read("x.tar", linked, "a.csv")).rejects.toMatchObject({ code: "MR3407", message: "x.tar!a.csv is a link" });
    expect(await read("x.tar", linked, "b.csv")).toEqual({ "x.tar!b.csv": TEXT });
    await expect(read("x.tar", await tar([{ name: "../evil.csv", text: TEXT }]))).rejects.toMatchObject({ code: "MR3404" });
    await expect(read("x.7z", Buffer.from("377abcaf271c0004", "hex"))).rejects.toMatchObject({ code: "MR3403" });
  });
});

describe("a path with members", () => {
  it("divides at the `!` behind an archive or a pattern, and nowhere else", () => {
    expect(splitMembers("d/a.zip!x/*.csv")).toEqual({ outer: "d/a.zip", inner: ["x/*.csv"] });
    expect(splitMembers("d/*!b.csv")).toEqual({ outer: "d/*", inner: ["b.csv"] });
    expect(splitMembers("o.tar.gz!i.zip!b.csv")).toEqual({ outer: "o.tar.gz", inner: ["i.zip", "b.csv"] });
    expect(splitMembers("wow!.csv")).toEqual({ outer: "wow!.csv", inner: [] });
  });
});
