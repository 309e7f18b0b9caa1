// One module of a user, its functions carried out inline, in a thread and in a process: nobody can tell which it was.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Isolation } from "../model/definitions/isolation.ts";
import { loadDefinition } from "../project/modules.ts";
import { createIsolator, type Isolator, type Surroundings } from "./isolation.ts";

const module = "pipelines/user.ts";
const text = `
import { defineAsset, defineTask } from "millrace";
export const rates = defineAsset({
  name: "raw.rates",
  async *extract({ since, log }) {
    log.warn("since " + since);
    console.log("rows of", { page: 1 });
    for (let page = 0; page < 3; page++) yield [{ page, big: 12345678901234567890n, at: new Date(0), bytes: new Uint8Array([1, 2]), none: null }];
  },
});
export const scored = defineAsset({
  name: "clean.scored", needs: ["clean.sales"],
  async *transform({ read }) {
    for await (const rows of read("clean.sales")) yield rows.map((row) => ({ ...row, twice: row.id * 2 }));
  },
});
export const broken = defineAsset({
  name: "raw.broken",
  *extract() {
    yield [{ a: 1 }];
    const nothing = undefined;
    nothing.oops;
  },
});
export const endless = defineAsset({
  name: "raw.endless",
  async *extract({ signal }) {
    for (let n = 0; ; n++) { signal.throwIfAborted(); yield [{ n }]; }
  },
});
export const train = defineTask({
  name: "train",
  run: async ({ params, ask, query }) => {
    let rows = 0;
    for await (const batch of query("select 1")) rows += batch.length;
    return { region: params.region, answer: await ask("six", 7), rows, version: 1, secret: process.env.HIDDEN_TOKEN ?? null };
  },
});
`;
const dir = mkdtempSync(join(tmpdir(), "millrace-isolation-"));
mkdirSync(join(dir, "pipelines"));
writeFileSync(join(dir, module), text);
process.env["HIDDEN_TOKEN"] = "hidden-value";
const isolator: Isolator = createIsolator({
  module: new URL("../user-code.ts", import.meta.url),
  secretNames: () => ["HIDDEN_TOKEN"],
});
afterAll(async () => {
  await isolator.close();
  rmSync(dir, { recursive: true, force: true });
});

const unlimited = { memoryBytes: null, cpuMs: null, env: [] };
type AnyDefinition = Readonly<Record<string, (context: unknown) => never>>;

describe.each(["inline", "thread", "process"] as const)("%s", (kind) => {
  const lines: string[] = [];
  const around = (isolation: Partial<Isolation> = {}, signal = new AbortController().signal): Surroundings => ({
    node: "the.node",
    isolation: { kind, ...unlimited, ...isolation },
    signal,
    log: (level, message) => lines.push(`${level} ${message}`),
  });
  const code = (exportName: string, path: string, codeHash = "1") => ({ projectDir: dir, module, exportName, path: [path], codeHash });
  async function* batches(exportName: string, path: string, context: object, surroundings = around()): AsyncGenerator {
    const definition = (await loadDefinition(dir, module, exportName)) as AnyDefinition;
    const { signal, log } = surroundings;
    const given = { ...context, signal, log: Object.assign(() => {}, { warn: (said: string) => log("warn", said) }) };
    yield* isolator.batches(code(exportName, path), surroundings, given, () => definition[path]!(given));
  }
  const all = async (iterable: AsyncIterable<unknown>): Promise<unknown[]> => {
    const list: unknown[] = [];
    for await (const each of iterable) list.push(each);
    return list;
  };

  it("hands over what extract yields, batch by batch, exactly, and what it logs and prints", async () => {
    lines.length = 0;
    const found = await all(batches("rates", "extract", { since: 41n }));
    expect(found).toEqual(
      [0, 1, 2].map((page) => [{ page, big: 12345678901234567890n, at: new Date(0), bytes: new Uint8Array([1, 2]), none: null }]),
    );
    expect(lines).toEqual(["warn since 41", "info rows of { page: 1 }"]);
  });

  it("gives transform the rows it reads, all of them", async () => {
    const read = async function* (asset: string) {
      for (let first = 0; first < 10_000; first += 2_048)
        yield Array.from({ length: Math.min(2_048, 10_000 - first) }, (_, index) => ({ id: first + index, asset }));
    };
    const rows = (await all(batches("scored", "transform", { read }))).flat() as { readonly id: number; readonly twice: number }[];
    expect(rows).toHaveLength(10_000);
    expect(rows.every(({ id, twice }, index) => id === index && twice === 2 * index)).toBe(true);
    expect(rows.at(-1)).toEqual({ id: 9_999, twice: 19_998, asset: "clean.sales" });
  });

  it("throws what the function throws, after the batches before, with its place in the user's module", async () => {
    const seen: unknown[] = [];
    const error = await (async () => {
      for await (const batch of batches("broken", "extract", {})) seen.push(batch);
    })().catch((thrown: unknown) => thrown as Error);
    expect(seen).toEqual([[{ a: 1 }]]);
    expect(error).toMatchObject({ name: "TypeError", message: expect.stringContaining("oops") as string });
    expect((error as Error).stack).toMatch(/pipelines\/user\.ts:\d+:\d+/);
  });

  it("ends the function when nobody takes its batches any more", async () => {
    for await (const batch of batches("endless", "extract", {})) if ((batch as { n: number }[])[0]!.n === 5) break;
    expect(await all(batches("rates", "extract", { since: 1 }))).toHaveLength(3);
  });

  it("hands on an abort", async () => {
    const controller = new AbortController();
    const seen: unknown[] = [];
    const ended = (async () => {
      for await (const batch of batches("endless", "extract", {}, around({}, controller.signal)))
        if (seen.push(batch) === 3) controller.abort(new Error("enough"));
    })();
    await expect(ended).rejects.toThrow("enough");
  });

  it("returns what a task returns, which may ask its context, and shows a secret only where it is told to", async () => {
    const task = (await loadDefinition(dir, module, "train")) as AnyDefinition;
    const context = {
      params: { region: "north" },
      ask: async (word: string, number: number) => `${word} times ${number}`,
      async *query() {
        yield [{ a: 1 }, { a: 2 }];
      },
    };
    const run = async (isolation: Partial<Isolation>): Promise<unknown> =>
      isolator.value(code("train", "run"), around(isolation), context, () => task["run"]!(context));
    const expected = { region: "north", answer: "six times 7", rows: 2, version: 1 };
    expect(await run({})).toEqual({ ...expected, secret: kind === "process" ? null : "hidden-value" });
    expect(await run({ env: ["HIDDEN_TOKEN"] })).toEqual({ ...expected, secret: "hidden-value" });
  });
});

it("a warm worker loads a module again when its code has changed", async () => {
  const run = async (codeHash: string): Promise<unknown> =>
    isolator.value(
      { projectDir: dir, module: "pipelines/changing.ts", exportName: "train", path: ["run"], codeHash },
      { node: "task:train", isolation: { kind: "process", ...unlimited }, signal: new AbortController().signal, log: () => {} },
      {},
      () => expect.unreachable(),
    );
  const write = (version: number): void =>
    writeFileSync(
      join(dir, "pipelines/changing.ts"),
      `import { defineTask } from "millrace";\nexport const train = defineTask({ name: "train", run: () => ${version} });\n`,
    );
  write(1);
  expect(await run("a")).toBe(1);
  write(2);
  expect(await run("b")).toBe(2);
  await expect(run("b")).resolves.toBe(2);
});
