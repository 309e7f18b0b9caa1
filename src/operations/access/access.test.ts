import { beforeEach, describe, expect, it } from "vitest";
import { createMemoryStore } from "../../store/memory.ts";
import { listAudit, noteEntry } from "./audit.ts";
import { accessPort } from "./port.ts";
import { createToken, holderOf, listTokens, revokeToken } from "./tokens.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 10, 21, 8);

let tables: ReturnType<typeof createMemoryStore>["tables"];
beforeEach(() => {
  ({ tables } = createMemoryStore());
});

describe("tokens", () => {
  it("last 90 days unless they are given another end, at most 366", async () => {
    const { expiresAt } = await createToken(tables, { name: "a", scope: "read" }, NOW_MS);
    expect(Date.parse(expiresAt)).toBe(NOW_MS + 90 * DAY_MS);
    await expect(createToken(tables, { name: "b", scope: "read", expires: "367d" }, NOW_MS)).rejects.toMatchObject({ code: "MR8112" });
    await expect(createToken(tables, { name: "b", scope: "read", expires: "soon" }, NOW_MS)).rejects.toMatchObject({ code: "MR8112" });
    await expect(createToken(tables, { name: "b", scope: "read", expires: "0s" }, NOW_MS)).rejects.toMatchObject({ code: "MR8112" });
  });

  it.each(["", " a", "a\nb", "a;b", "<script>", "x".repeat(65)])("are not named %j", async (name) => {
    await expect(createToken(tables, { name, scope: "read" }, NOW_MS)).rejects.toMatchObject({ code: "MR8112" });
  });

  it("have a name of their own while they live; a revoked one's name is free", async () => {
    await createToken(tables, { name: "ci", scope: "read" }, NOW_MS);
    await expect(createToken(tables, { name: "ci", scope: "read" }, NOW_MS)).rejects.toMatchObject({ code: "MR8113" });
    expect(await revokeToken(tables, "ci", NOW_MS)).toMatchObject({ name: "ci", status: "revoked" });
    await createToken(tables, { name: "ci", scope: "admin" }, NOW_MS + 1);
    const { tokens } = await listTokens(tables, NOW_MS + 1);
    expect(tokens.map(({ scope, status }) => [scope, status])).toEqual([
      ["admin", "live"],
      ["read", "revoked"],
    ]);
    await expect(revokeToken(tables, "nobody", NOW_MS)).rejects.toMatchObject({ code: "MR8114" });
  });

  it("are made at the same time by several without one getting lost", async () => {
    const names = Array.from({ length: 20 }, (_, at) => `t${at}`);
    await Promise.all(names.map((name) => createToken(tables, { name, scope: "read" }, NOW_MS)));
    expect((await listTokens(tables, NOW_MS)).tokens.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
  });

  it("tell when they were last used, and no answer but the first tells what they are", async () => {
    const { token } = await createToken(tables, { name: "a", scope: "operate" }, NOW_MS);
    expect(await holderOf(tables, token, NOW_MS + 1_000)).toMatchObject({ by: "a", scope: "operate", kind: "token" });
    const list = await listTokens(tables, NOW_MS);
    expect(list.tokens[0]).toMatchObject({ lastUsedAt: new Date(NOW_MS + 1_000).toISOString() });
    expect(JSON.stringify(list)).not.toContain(token.slice(-43));
    const otherEnd = `${token.slice(0, -1)}${token.endsWith("A") ? "B" : "A"}`;
    expect(await holderOf(tables, otherEnd, NOW_MS)).toBeUndefined();
  });
});

describe("the audit log", () => {
  const entry = (by: string, act: string) => ({
    at: new Date(NOW_MS).toISOString(),
    by,
    via: "api" as const,
    act,
    subject: null,
    environment: "prod",
    before: null,
    after: null,
    why: null,
    error: null,
  });

  it("counts without gaps, whoever writes at the same time", async () => {
    const numbers = await Promise.all(Array.from({ length: 30 }, () => noteEntry(tables, entry("a", "runs.start"))));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, at) => at + 1));
  });

  it("is found by who, by act and by the acts of a subject, over pages", async () => {
    for (let at = 0; at < 1_200; at++)
      await noteEntry(tables, entry(at % 100 === 0 ? "rare" : "often", at % 2 === 0 ? "runs.start" : "plan.apply"));
    const first = await listAudit(tables, { limit: 5, by: "rare" });
    expect(first.entries.map(({ entry: number }) => number)).toEqual([1_101, 1_001, 901, 801, 701]);
    const rest = await listAudit(tables, { limit: 100, by: "rare", cursor: first.next! });
    expect(rest.entries.map(({ entry: number }) => number)).toEqual([601, 501, 401, 301, 201, 101, 1]);
    expect(rest.next).toBeNull();
    expect((await listAudit(tables, { limit: 1_000, act: "plan" })).entries).toHaveLength(600);
    expect((await listAudit(tables, { limit: 1_000, act: "run" })).entries).toEqual([]);
  });
});

it("an idempotency key of one engine is known to another that shares the state", async () => {
  const clock = { now: () => NOW_MS };
  const [here, there] = [accessPort(tables, clock), accessPort(tables, clock)];
  const verdicts = await Promise.all([here.takeKey("k", "f"), there.takeKey("k", "f")]);
  expect(verdicts.map(({ state }) => state).toSorted()).toEqual(["new", "unknown"]);
  await here.keepReply("k", { status: 200, body: "{}" });
  expect(await there.takeKey("k", "f")).toEqual({ state: "done", reply: { status: 200, body: "{}" } });
  expect(await there.takeKey("k", "other")).toEqual({ state: "other" });
});
