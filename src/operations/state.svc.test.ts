// The state where `state:` says, in a real PostgreSQL that is started here; what doctor says of it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startPostgres, type TestPostgres } from "../../test/postgres.ts";
import { eventNamed } from "../testing/store.suite.ts";
import { Workspace } from "./workspace.ts";

let server: TestPostgres;
let url: string;
const folders: string[] = [];
beforeAll(async () => {
  server = await startPostgres({ fsync: "off" });
  url = await server.createDatabase();
});
afterAll(async () => {
  await server.stop();
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function workspace(yaml: string, secrets = ""): Workspace {
  const dir = mkdtempSync(join(tmpdir(), "millrace-state-"));
  folders.push(dir);
  writeFileSync(join(dir, "millrace.yaml"), `name: p\n${yaml}`);
  writeFileSync(join(dir, "secrets.env"), secrets);
  const parts = (): never => {
    throw new Error("the state needs no parts");
  };
  return Workspace.open({ dir, env: undefined, parts, signal: new AbortController().signal });
}

describe("state: postgres", () => {
  it("is opened by a url with secrets, which are kept out of logs, and shared by all who name it", async () => {
    const withSecret = url.replace("millrace@", "millrace:${secret:STATE_PASSWORD}@");
    const one = workspace(`state: { postgres: { url: "${withSecret}", schema: shared } }`, "STATE_PASSWORD=hush");
    const two = workspace(`connections: { db: { postgres: { url: "${url}" } } }\nstate: { postgres: { connection: db, schema: shared } }`);
    expect(await (await one.store()).append("r", 0, [eventNamed("a")])).toBe(true);
    expect(await (await two.store()).read("r")).toHaveLength(1);
    expect(one.secretValues()).toContain("hush");
    await one.close();
    await two.close();
  });

  it("refuses settings that cannot be meant", async () => {
    const problem = async (yaml: string): Promise<unknown> =>
      workspace(yaml)
        .store()
        .then(String, (error: unknown) => error);
    expect(await problem("state: { postgres: { schema: s } }")).toMatchObject({ message: expect.stringContaining("url or connection") });
    expect(await problem(`state: { sqlite: {}, postgres: { url: "${url}" } }`)).toMatchObject({
      message: expect.stringContaining("one place"),
    });
    expect(await problem("state: { postgres: { connection: nobody } }")).toMatchObject({ code: "MR6032" });
    expect(await problem(`state: { postgres: { url: "${url}", patience: soon } }`)).toMatchObject({
      message: expect.stringContaining("duration"),
    });
    expect(await problem(`state: { postgres: { url: "${url}", ssl: require } }`)).toMatchObject({
      message: expect.stringContaining("SSL"),
    });
  });

  it("is looked at by doctor", async () => {
    expect(await workspace("").stateDoctor()).toEqual([]);
    expect(await workspace(`state: { postgres: { url: "${url}", ssl: disable } }`).stateDoctor()).toMatchObject([
      { name: "state database", status: "ok", detail: expect.stringContaining("0 engines") },
    ]);
    expect(await workspace(`state: { postgres: { url: "${url}x" } }`).stateDoctor()).toMatchObject([
      { status: "failed", detail: expect.stringContaining("MR6031") },
    ]);
  });
});
