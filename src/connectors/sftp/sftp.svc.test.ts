// SFTP against a real OpenSSH server, also through a line that is cut, stalls, drips and loses halves of answers.
import { createHook } from "node:async_hooks";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { fetchFile } from "../../filestores/fetch.ts";
import { bytesOf, find, signal, storeSuite } from "../../filestores/store.suite.ts";
import { startSftp, type TestSftp } from "../../../test/sftp.ts";
import { startTcpProxy, type TcpProxy } from "../../../test/tcp-proxy.ts";
import type { SftpSettings } from "./settings.ts";
import { SftpStore } from "./store.ts";

let server: TestSftp;
let proxy: TcpProxy;
let folder: string;
beforeAll(async () => {
  server = await startSftp();
  proxy = await startTcpProxy(server.port);
  folder = mkdtempSync(join(tmpdir(), "millrace-sftp-test-"));
});
afterAll(async () => {
  await proxy.close();
  await server.stop();
  rmSync(folder, { recursive: true });
});

function storeOf(more: { readonly [Key in keyof SftpSettings]?: SftpSettings[Key] | undefined } = {}): SftpStore {
  const { port, user, privateKey, hostKey, files } = server;
  return new SftpStore({ host: "127.0.0.1", port, user, privateKey, hostKey, root: files, ...more } as SftpSettings, folder);
}

function put(path: string, contents: Uint8Array | string): void {
  mkdirSync(dirname(join(server.files, path)), { recursive: true });
  writeFileSync(join(server.files, path), contents);
}

storeSuite(() => ({
  open: () => Promise.resolve(storeOf()),
  put: (files) => Promise.resolve(Object.entries(files).forEach(([path, contents]) => put(path, contents))),
  get: (path) => Promise.resolve(readFileSync(join(server.files, path))),
}));

describe("who answers and who asks", () => {
  const failure = async (more: Parameters<typeof storeOf>[0]): Promise<Error & { code: string; hint?: string }> => {
    const store = storeOf(more);
    try {
      return await store.look("a", signal).then(
        () => {
          throw new Error("it let us in");
        },
        (error: unknown) => error as Error & { code: string },
      );
    } finally {
      await store.close();
    }
  };

  it("is a server with the key that was named, by key or key file", async () => {
    put("hello.csv", "x");
    for (const more of [
      {},
      { privateKey: undefined, privateKeyFile: server.privateKeyFile },
      { hostKey: ["SHA256:other", `${server.hostKey}=`] },
      { hostKey: "any" },
    ]) {
      const store = storeOf(more);
      expect(await store.look("hello.csv", signal)).toMatchObject({ sizeBytes: 1 });
      await store.close();
    }
  });

  it("is refused when it has another key, before anything of ours is said", async () => {
    const error = await failure({ hostKey: "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" });
    expect(error).toMatchObject({ code: "MR3301", message: expect.stringContaining(server.hostKey) });
  });

  it("is refused when no key was named; the message says which one it has", async () => {
    const error = await failure({ hostKey: undefined });
    expect(error).toMatchObject({ code: "MR3301", hint: expect.stringContaining(`hostKey: "${server.hostKey}"`) });
  });

  it("is refused in clear words: a user, a password, a broken key, a port where nobody listens", async () => {
    expect(await failure({ privateKey: undefined, password: "wrong-secret" })).toMatchObject({
      code: "MR3301",
      message: expect.not.stringContaining("wrong-secret"),
    });
    expect(await failure({ privateKey: "no key at all" })).toMatchObject({ code: "MR3301" });
    expect(await failure({ privateKeyFile: "none", privateKey: undefined })).toMatchObject({ code: "MR3305" });
    expect(await failure({ port: 1 })).toMatchObject({ code: "MR3300", retryable: true });
  });

  it("is known at once not to be there: its port is asked once, and the run may ask again", async () => {
    let connects = 0;
    const hook = createHook({ init: (_id, type) => void (connects += type === "TCPCONNECTWRAP" ? 1 : 0) }).enable();
    try {
      expect(await failure({ port: 1, timeout: "1s" })).toMatchObject({ code: "MR3300", retryable: true });
    } finally {
      hook.disable();
    }
    expect(connects).toBe(1);
  });

  it("says that the root does not exist", async () => {
    const store = storeOf({ root: "/no/such/folder" });
    await expect(find(store, "*.csv")).rejects.toMatchObject({ code: "MR3306" });
    await store.close();
  });
});

describe("a line with faults", () => {
  const contents = randomBytes(6_000_000);
  beforeAll(() => put("line/big.bin", contents));
  afterEach(() => proxy.cut());

  /** Fetches through the proxy while `fault` is done to it after `afterBytes` bytes have come. */
  async function fetchWith(fault: () => void, afterBytes: number, times: number): Promise<Buffer> {
    const store = storeOf({ port: proxy.port, timeout: "1s" });
    try {
      const file = (await store.look("line/big.bin", signal))!;
      let left = times;
      let seen = 0;
      const faulty = {
        origin: store.origin,
        list: store.list.bind(store),
        look: store.look.bind(store),
        close: () => store.close(),
        async *download(...args: Parameters<SftpStore["download"]>) {
          for await (const piece of store.download(...args)) {
            yield piece;
            seen += piece.length;
            if (seen >= afterBytes && left > 0) {
              left -= 1;
              seen = 0;
              fault();
            }
          }
        },
      };
      const into = join(folder, "fetched.bin");
      await fetchFile(faulty, file, { name: "big", into, silenceMs: 1_000, signal });
      return readFileSync(into);
    } finally {
      await store.close();
    }
  }

  it("goes on at the byte where it was cut, five times in one file", async () => {
    expect((await fetchWith(() => proxy.cut(), 1_000_000, 5)).equals(contents)).toBe(true);
  });

  it("goes on after the server's answer was lost half way", async () => {
    expect((await fetchWith(() => proxy.loseNextAnswer(), 1_500_000, 3)).equals(contents)).toBe(true);
  });

  it("goes on after a stall in which nothing passes and nothing is closed", async () => {
    expect((await fetchWith(() => proxy.freeze(), 3_000_000, 1)).equals(contents)).toBe(true);
  });

  it("does not wait for a line that only drips", async () => {
    expect((await fetchWith(() => proxy.drip(), 2_000_000, 2)).equals(contents)).toBe(true);
  });

  it("lists and looks again after a cut, as if nothing had been", async () => {
    const store = storeOf({ port: proxy.port, timeout: "1s" });
    for (let n = 0; n < 3; n++) {
      expect((await find(store, "line/*.bin")).map(({ path }) => path)).toEqual(["line/big.bin"]);
      if (n === 1) proxy.freeze();
      else proxy.cut();
    }
    await store.close();
  });

  it("shows the whole file or the old one when the line is cut while it writes", async () => {
    const from = join(folder, "up.bin");
    writeFileSync(from, contents);
    put("line/up.bin", "old");
    const store = storeOf({ port: proxy.port, timeout: "1s" });
    const cutter = setInterval(() => proxy.cut(), 25);
    const cutting = setTimeout(() => clearInterval(cutter), 400);
    try {
      await store.upload("line/up.bin", { from, sizeBytes: contents.length, signal });
      expect(readFileSync(join(server.files, "line/up.bin")).equals(contents)).toBe(true);
    } catch (error) {
      expect(error).toMatchObject({ code: "MR3300" });
      expect(readFileSync(join(server.files, "line/up.bin"), "utf8")).toBe("old");
    } finally {
      clearInterval(cutter);
      clearTimeout(cutting);
      await store.close();
    }
  });

  it("gives up with a clear error when nobody answers any more", async () => {
    const dead = await startTcpProxy(1);
    const store = storeOf({ port: dead.port, timeout: "300ms" });
    await expect(store.look("line/big.bin", signal)).rejects.toMatchObject({ code: "MR3300", retryable: true });
    await store.close();
    await dead.close();
  });
});

it("is quick over a line, since many pieces are on their way", async () => {
  const contents = randomBytes(50_000_000);
  put("speed/big.bin", contents);
  const store = storeOf();
  const file = (await store.look("speed/big.bin", signal))!;
  const startMs = performance.now();
  expect((await bytesOf(store, file)).equals(contents)).toBe(true);
  console.info(`SFTP: ${Math.round(50_000 / (performance.now() - startMs))} MB/s`);
  await store.close();
  expect(readdirSync(join(server.files, "speed"))).toEqual(["big.bin"]);
});
