// Attachments from a real IMAP server (Dovecot): each message once, nothing in the mailbox changed, damaged ones refused.
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { find, bytesOf, signal } from "../../filestores/store.suite.ts";
import type { Delivery } from "../../load/connector.ts";
import { request } from "../../load/deliveries.suite.ts";
import { load } from "../../load/load.ts";
import { openWarehouse } from "../../sql/warehouse.ts";
import { startImap, type TestImap } from "../../../test/imap.ts";
import { startTcpProxy } from "../../../test/tcp-proxy.ts";
import { email } from "./index.ts";
import type { EmailSettings } from "./settings.ts";
import { EmailStore } from "./store.ts";

let server: TestImap;
const stores: EmailStore[] = [];
beforeEach(async () => {
  server = await startImap();
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  await server.stop();
});

function open(more: Partial<EmailSettings> = {}): EmailStore {
  const store = new EmailStore({
    host: "127.0.0.1",
    port: server.port,
    user: "user",
    password: "pass",
    tls: "none",
    timeout: "2s",
    ...more,
  });
  stores.push(store);
  return store;
}

interface Attached {
  readonly name?: string;
  /** The header as it stands, in place of `name`. */
  readonly disposition?: string;
  readonly body: string;
  readonly encoding?: string;
  readonly type?: string;
}

const base64 = (text: string | Buffer): string =>
  Buffer.from(text)
    .toString("base64")
    .replaceAll(/(.{76})/g, "$1\n");

function message(attached: readonly Attached[], headers: Readonly<Record<string, string>> = {}): string {
  const all = {
    From: "Sales <sales@example.com>",
    To: "data@example.org",
    Subject: "Daily report",
    Date: "Mon, 05 Jan 2026 08:00:00 +0000",
    "Message-ID": `<${randomBytes(6).toString("hex")}@example.com>`,
    ...headers,
  };
  const head = Object.entries(all)
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${name}: ${value}`);
  const parts = attached.map(
    ({ name, disposition, body, encoding = "base64", type = "text/csv" }) =>
      `--edge\nContent-Type: ${type}\nContent-Transfer-Encoding: ${encoding}\nContent-Disposition: ${disposition ?? `attachment; filename="${name}"`}\n\n${body}\n`,
  );
  return `${head.join("\n")}\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="edge"\n\n--edge\nContent-Type: text/plain\n\nHello.\n${parts.join("")}--edge--\n`;
}

const csv = (name: string, text: string): Attached => ({ name, body: base64(text) });
const names = async (store: EmailStore, pattern = "*/*"): Promise<string[]> =>
  (await find(store, pattern)).map(({ path }) => path.split("/")[1]!).toSorted();

describe("attachments", () => {
  it("are files of their messages, whatever their names and encodings", async () => {
    const big = randomBytes(3_500_000);
    server.deliver(
      message([
        csv("a.csv", "id\n1\n"),
        csv("a.csv", "id\n2\n"),
        { disposition: "attachment; filename*=UTF-8''%C3%BCber%20all.csv", body: base64("ü") },
        { disposition: 'attachment; filename="../../etc/pass*wd.csv"', body: base64("x") },
        { name: "plain.csv", encoding: "7bit", body: "id,n\n1,2" },
        { name: "quoted.csv", encoding: "quoted-printable", body: "caf=C3=A9,=\nb=3D1" },
        { name: "big.bin", type: "application/octet-stream", body: base64(big) },
      ]),
    );
    const store = open();
    const files = await find(store, "*/*");
    expect(files.map(({ path }) => path.split("/")[1])).toEqual([
      "2-a.csv",
      "a.csv",
      "big.bin",
      "pass_wd.csv",
      "plain.csv",
      "quoted.csv",
      "über all.csv",
    ]);
    expect(files[0]!.path).toMatch(/^2026-01-05-[0-9a-f]{16}\//);
    const texts = new Map<string, Buffer>();
    for (const file of files) texts.set(file.path.split("/")[1]!, await bytesOf(store, file));
    expect(texts.get("a.csv")!.toString()).toBe("id\n1\n");
    expect(texts.get("2-a.csv")!.toString()).toBe("id\n2\n");
    expect(texts.get("plain.csv")!.toString().replaceAll("\r\n", "\n")).toBe("id,n\n1,2");
    expect(texts.get("quoted.csv")!.toString()).toBe("café,b=1");
    expect(texts.get("big.bin")!.equals(big)).toBe(true);
    const file = files.find(({ path }) => path.endsWith("big.bin"))!;
    expect((await bytesOf(store, file, 2_000_001)).equals(big.subarray(2_000_001))).toBe(true);
  });

  it("are those of messages that are asked for", async () => {
    server.deliver(message([csv("one.csv", "1")]));
    server.deliver(message([csv("two.csv", "2")], { From: "other@example.net", Subject: "Weekly" }));
    server.deliver(message([csv("three.csv", "3")], { To: "else@example.org" }), "Archive");
    server.deliver("From: a@example.com\nSubject: no attachment\nMessage-ID: <n@x>\n\nHello.\n");
    expect(await names(open())).toEqual(["one.csv", "two.csv"]);
    expect(await names(open({ from: "sales@" }))).toEqual(["one.csv"]);
    expect(await names(open({ subject: "weekly" }))).toEqual(["two.csv"]);
    expect(await names(open({ folder: ["INBOX", "Archive"], to: "else@" }))).toEqual(["three.csv"]);
    expect(await names(open({ folder: ["INBOX", "Archive"] }), "*/t*.csv")).toEqual(["three.csv", "two.csv"]);
    expect(await names(open({ since: "2025-01-01" }))).toEqual(["one.csv", "two.csv"]);
    expect(await names(open({ since: "2025-01-01", subject: "nothing like it" }))).toEqual([]);
  });

  it("leave every flag of the mailbox as it was", async () => {
    server.deliver(message([csv("one.csv", "1")]));
    const store = open();
    for (const file of await find(store, "*/*")) await bytesOf(store, file);
    // "new/" is what nobody has seen, "2,S" would be seen; the name alone may change.
    expect(server.messages().filter((name) => /:2,\w*S/.test(name))).toEqual([]);
    expect(server.messages()).toHaveLength(1);
  });

  it("keep their names when the mailbox is rebuilt or a message lies in two folders", async () => {
    const twice = message([csv("one.csv", "1")]);
    server.deliver(twice);
    server.deliver(twice, "Archive");
    const before = await find(open({ folder: ["INBOX", "Archive"] }), "*/*");
    expect(before).toHaveLength(1);
    server.rebuild();
    const after = await find(open({ folder: ["Archive", "INBOX"] }), "*/*");
    expect(after.map(({ path, identity }) => [path, identity])).toEqual(before.map(({ path, identity }) => [path, identity]));
    // Numbers of another mailbox are never trusted. (The server counts its rebuilds in seconds, so that the old number may still be the new one.)
    const version = JSON.stringify({ ...JSON.parse(before[0]!.version!), uidValidity: "1" });
    await expect(bytesOf(open(), { ...before[0]!, version })).rejects.toMatchObject({ code: "MR3303" });
  });

  it("of several messages without, or with the same, Message-ID are all there", async () => {
    server.deliver(message([csv("x.csv", "1")], { "Message-ID": "" }));
    server.deliver(message([csv("x.csv", "2")], { "Message-ID": "" }));
    server.deliver(message([csv("y.csv", "1")], { "Message-ID": "<same@example.com>" }));
    server.deliver(message([csv("y.csv", "22222")], { "Message-ID": "<same@example.com>" }));
    expect(await names(open())).toEqual(["x.csv", "x.csv", "y.csv", "y.csv"]);
  });
});

describe("a damaged attachment is refused", () => {
  it.each([
    ["base64 that ends in the middle", { name: "b.csv", body: base64("id\n1\n2\n3").slice(0, -2) }, /ends in the middle/],
    ["base64 with other characters", { name: "b.csv", body: `${base64("id\n1\n")}\n<html>` }, /goes on after its end|cannot be there/],
    ["quoted-printable that is none", { name: "b.csv", encoding: "quoted-printable", body: "a=ZZb" }, /quoted-printable holds/],
    ["an encoding that nobody knows", { name: "b.csv", encoding: "x-uuencode", body: "begin" }, /not known/],
  ] as const)("%s", async (_what, attached, why) => {
    server.deliver(message([csv("a.csv", "id\n1\n"), attached]));
    const store = open();
    const [good, bad] = await find(store, "*/*");
    expect((await bytesOf(store, good!)).toString()).toBe("id\n1\n");
    await expect(bytesOf(store, bad!)).rejects.toMatchObject({ code: "MR3320", retryable: false, message: expect.stringMatching(why) });
  });
});

describe("who answers", () => {
  it("says in clear words what is wrong, without the password", async () => {
    await expect(find(open({ folder: "Reports" }), "*/*")).rejects.toMatchObject({
      code: "MR3321",
      message: expect.stringContaining("INBOX"),
    });
    await expect(find(open({ port: 1 }), "*/*")).rejects.toMatchObject({ code: "MR3300", retryable: true });
    await expect(find(open({ since: "yesterday" }), "*/*")).rejects.toMatchObject({ code: "MR3305" });
    // Last: after a wrong password the server lets everybody wait.
    await expect(find(open({ password: "wrong-secret", timeout: "30s" }), "*/*")).rejects.toMatchObject({
      code: "MR3301",
      message: expect.not.stringContaining("wrong-secret"),
    });
  });

  it("is asked again after a cut and after a stall", async () => {
    const body = randomBytes(2_500_000);
    server.deliver(message([{ name: "b.bin", body: base64(body) }]));
    const proxy = await startTcpProxy(server.port);
    const store = open({ port: proxy.port, timeout: "500ms" });
    for (const fault of [() => proxy.cut(), () => proxy.freeze(), () => proxy.loseNextAnswer(), () => undefined]) {
      const [file] = await find(store, "*/*");
      expect(file!.path).toMatch(/b\.bin$/);
      fault();
    }
    expect(
      createHash("sha256")
        .update(await bytesOf(store, (await find(store, "*/*"))[0]!))
        .digest("hex"),
    ).toBe(createHash("sha256").update(body).digest("hex"));
    await store.close();
    await proxy.close();
  });
});

it("loads each message once, and new ones when they come", async () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-email-"));
  const warehouse = await openWarehouse({ path: join(folder, "warehouse.duckdb") });
  const connections = { post: { host: "127.0.0.1", port: server.port, user: "user", password: "pass", tls: "none" } };
  const spec = { load: "append" } as const;
  const run = async (): Promise<number> =>
    warehouse.session(async ({ connection }) => {
      const context = {
        connection,
        projectDir: folder,
        tempDir: join(folder, "temp"),
        since: undefined,
        signal,
        connections,
        log: () => undefined,
      };
      const deliveries: Delivery[] = [];
      for await (const delivery of email.read!({ connection: "post", path: "*.csv" }, context)) deliveries.push(delivery);
      return (await load(warehouse, request(folder, { deliveries, spec }))).rows.loaded;
    });
  try {
    server.deliver(message([csv("a.csv", "id\n1\n2\n"), { name: "note.txt", body: base64("no rows") }]));
    expect(await run()).toBe(2);
    expect(await run()).toBe(0);
    server.deliver(message([csv("a.csv", "id\n3\n")]));
    server.rebuild();
    expect(await run()).toBe(1);
    expect(await warehouse.session((session) => session.rows("select id from raw.t order by id"))).toEqual([
      { id: 1 },
      { id: 2 },
      { id: 3 },
    ]);
  } finally {
    warehouse.close();
    rmSync(folder, { recursive: true });
  }
});
