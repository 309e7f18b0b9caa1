// bzip2 and xz against what their own commands wrote, in one stream and in several, and damaged at every byte.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { compressionOf, expandFile } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-compression-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TEXT = "id,name\n1,one\n2,two\n";
const FIXTURES = {
  bzip2: "QlpoOTFBWSZTWbGxH1sAAAZZgAAQAAQwACYjhIAgACGpkxG9U0IBoApHJqUWPsLx1nxdyRThQkLGxH1s",
  xz: "/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQATaWQsbmFtZQoxLG9uZQoyLHR3bwoA+wMdguSLj7sAASwU+AptAx+2830BAAAAAARZWg==",
} as const;

async function expand(bytes: Buffer): Promise<string> {
  const [path, into] = [join(folder, "in"), join(folder, "out")];
  writeFileSync(path, bytes);
  const compression = compressionOf(path);
  if (compression === "none") throw new Error("not known");
  await expandFile({ path, name: "sales.csv", compression, into });
  return readFile(into, "utf8");
}

describe.each(Object.entries(FIXTURES))("%s", (_, fixture) => {
  const bytes = Buffer.from(fixture, "base64");

  it("gives the contents, of several streams too", async () => {
    expect(await expand(bytes)).toBe(TEXT);
    expect(await expand(Buffer.concat([bytes, bytes, bytes]))).toBe(TEXT.repeat(3));
  });

  it("fails when it is cut off anywhere, with the name of the file", async () => {
    for (let length = 10; length < bytes.length; length++) {
      await expect(expand(bytes.subarray(0, length))).rejects.toMatchObject({
        code: "MR3110",
        message: expect.stringContaining("sales.csv") as string,
      });
    }
  });

  it("never gives other contents when a byte is wrong, and fails when something follows", async () => {
    for (let place = 10; place < bytes.length; place++) {
      const damaged = Buffer.from(bytes);
      damaged[place] = (damaged[place] ?? 0) ^ 0x15;
      const read = await expand(damaged).catch((error: { code?: string }) => error.code);
      expect([TEXT, "MR3110"]).toContain(read); // bits of padding carry nothing
    }
    await expect(expand(Buffer.concat([bytes, Buffer.from("more data")]))).rejects.toMatchObject({ code: "MR3110" });
  });
});
