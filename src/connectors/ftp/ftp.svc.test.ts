// FTP and FTPS against a real server (pyftpdlib), also through a line that is cut and stalls.
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bytesOf, find, signal, storeSuite } from "../../filestores/store.suite.ts";
import { startFtp, type TestFtp } from "../../../test/ftp.ts";
import { startTcpProxy } from "../../../test/tcp-proxy.ts";
import type { FtpSettings } from "./settings.ts";
import { FtpStore } from "./store.ts";

let plain: TestFtp;
let secure: TestFtp;
let folder: string;
beforeAll(async () => {
  [plain, secure] = [await startFtp("plain"), await startFtp("tls")];
  folder = mkdtempSync(join(tmpdir(), "millrace-ftp-test-"));
});
afterAll(async () => {
  await plain.stop();
  await secure.stop();
  rmSync(folder, { recursive: true });
});

const open = (settings: Partial<FtpSettings>): FtpStore => new FtpStore({ host: "127.0.0.1", user: "user", password: "pass", ...settings });

let age = 0;
function put(server: TestFtp, path: string, contents: Uint8Array | string): void {
  const full = join(server.files, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, contents);
  age += 10;
  utimesSync(full, 1_760_000_000 + age, 1_760_000_000 + age);
}

describe.each(["plain", "tls"] as const)("over %s", (security) => {
  const server = (): TestFtp => (security === "plain" ? plain : secure);
  storeSuite(() => ({
    open: () =>
      Promise.resolve(security === "plain" ? open({ port: plain.port, tls: "none" }) : open({ port: secure.port, ca: secure.certificate })),
    put: (files) => Promise.resolve(Object.entries(files).forEach(([path, contents]) => put(server(), path, contents))),
    get: (path) => Promise.resolve(readFileSync(join(server().files, path))),
  }));
});

describe("who answers and who asks", () => {
  const failure = async (settings: Partial<FtpSettings>): Promise<unknown> => {
    const store = open(settings);
    const thrown = await store.look("a.csv", signal).catch((error: unknown) => error);
    await store.close();
    return thrown;
  };

  it("never says a password in the open unless told so", async () => {
    expect(await failure({ port: plain.port })).toMatchObject({
      code: "MR3301",
      message: expect.stringContaining("does not speak TLS"),
      hint: expect.stringContaining("tls: none"),
    });
  });

  it("does not trust a certificate that nobody vouches for", async () => {
    expect(await failure({ port: secure.port })).toMatchObject({
      code: "MR3301",
      message: expect.stringContaining("certificate"),
      hint: expect.stringContaining("`ca`"),
    });
  });

  it("says in clear words what is wrong, without the password", async () => {
    expect(await failure({ port: plain.port, tls: "none", password: "wrong-secret" })).toMatchObject({
      code: "MR3301",
      message: expect.not.stringContaining("wrong-secret"),
    });
    expect(await failure({ port: 1, tls: "none" })).toMatchObject({ code: "MR3300", retryable: true });
    const store = open({ port: plain.port, tls: "none", root: "no/such/folder" });
    await expect(find(store, "*.csv")).rejects.toMatchObject({ code: "MR3306" });
    await store.close();
  });

  it("begins paths in the root", async () => {
    put(plain, "deep/er/x.csv", "x");
    for (const root of ["deep", "/deep/"]) {
      const store = open({ port: plain.port, tls: "none", root });
      expect((await find(store, "*/*.csv")).map(({ path }) => path)).toEqual(["er/x.csv"]);
      expect((await bytesOf(store, (await store.look("er/x.csv", signal))!)).toString()).toBe("x");
      await store.close();
    }
  });
});

describe("a control line with faults", () => {
  it("asks again after a cut and after a stall", async () => {
    put(plain, "line/a.csv", "abc");
    const proxy = await startTcpProxy(plain.port);
    const store = open({ port: proxy.port, tls: "none", timeout: "500ms" });
    for (const fault of [() => proxy.cut(), () => proxy.freeze(), () => proxy.loseNextAnswer(), () => undefined]) {
      expect((await find(store, "line/*.csv")).map(({ path }) => path)).toEqual(["line/a.csv"]);
      fault();
    }
    await store.close();
    await proxy.close();
  });

  it("leaves the old file when it breaks while it writes", async () => {
    const from = join(folder, "up.bin");
    writeFileSync(from, randomBytes(8_000_000));
    put(plain, "line/up.bin", "old");
    const proxy = await startTcpProxy(plain.port);
    const store = open({ port: proxy.port, tls: "none", timeout: "500ms" });
    await store.look("line/up.bin", signal);
    const cutter = setInterval(() => proxy.cut(), 5);
    try {
      await expect(store.upload("line/up.bin", { from, sizeBytes: 8_000_000, signal })).rejects.toMatchObject({ retryable: true });
    } finally {
      clearInterval(cutter);
      await store.close();
      await proxy.close();
    }
    expect(readFileSync(join(plain.files, "line/up.bin"), "utf8")).toBe("old");
  });
});
