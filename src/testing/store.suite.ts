// What every store must do (invariants S1–S6 of src/store/store.ts). A store's own test calls it; a store of a third party can, too.
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../model/events.ts";
import type { StoreEvent } from "../model/store-events.ts";
import type { EngineCard, EventStore } from "../store/store.ts";

export interface StoreUnderTest {
  readonly store: EventStore;
  /** A second handle on the same data, as another process or the next start has it; null for a store that does not outlive its handle. */
  readonly reopen: (() => EventStore | Promise<EventStore>) | null;
  remove(): void | Promise<void>;
}

export function eventNamed(node: string, at = 0): RunEvent {
  return { type: "node_skipped", at, node, because: "x" };
}

export const cardNamed = (id: string, more: Partial<EngineCard> = {}): EngineCard => ({
  id,
  host: "h",
  pid: 7,
  version: "1.2.3",
  url: null,
  startedAt: 1_760_000_000_000,
  holdsWarehouse: false,
  ...more,
});
/** Long enough for a store that looks for changes from time to time. */
const CHANGE_MS = 20_000;
const row = (key: string, rank: number, label = "x") => ({ key, label, rank, body: { key } });
const namesOf = (events: readonly StoreEvent[]): readonly string[] => events.map((event) => ("node" in event ? event.node : event.type));

export function storeSuite(name: string, open: () => StoreUnderTest | Promise<StoreUnderTest>): void {
  const withStore = async (work: (under: StoreUnderTest) => Promise<void>): Promise<void> => {
    const under = await open();
    try {
      await work(under);
    } finally {
      await under.store.close();
      await under.remove();
    }
  };

  describe(`${name} store`, () => {
    it("S2 appends when the stream has the expected version, and only then", () =>
      withStore(async ({ store }) => {
        expect(await store.append("r", 0, [eventNamed("a"), eventNamed("b")])).toBe(true);
        expect(await store.append("r", 0, [eventNamed("no")])).toBe(false);
        expect(await store.append("r", 1, [eventNamed("no")])).toBe(false);
        expect(await store.append("r", 3, [eventNamed("no")])).toBe(false);
        expect(await store.append("r", 2, [eventNamed("c")])).toBe(true);
        expect(namesOf(await store.read("r"))).toEqual(["a", "b", "c"]);
      }));

    it("S2 refuses an append in the middle of what one append wrote", () =>
      withStore(async ({ store }) => {
        await store.append(
          "r",
          0,
          ["a", "b", "c"].map((node) => eventNamed(node)),
        );
        expect(await store.append("r", 1, [eventNamed("no")])).toBe(false);
        expect(await store.append("r", 2, [eventNamed("no")])).toBe(false);
      }));

    it("S3 takes and refuses the appends of one commit each by itself", () =>
      withStore(async ({ store }) => {
        await store.append("taken", 0, [eventNamed("a")]);
        const answers = await store.commit([
          { stream: "new", expectedVersion: 0, events: [eventNamed("b")] },
          { stream: "taken", expectedVersion: 0, events: [eventNamed("no")] },
          { stream: "taken", expectedVersion: 1, events: [eventNamed("c")] },
        ]);
        expect(answers).toEqual([true, false, true]);
        expect(namesOf(await store.read("taken"))).toEqual(["a", "c"]);
        expect(await store.commit([])).toEqual([]);
      }));

    it("S4 reads a stream from any version, also from within one append", () =>
      withStore(async ({ store }) => {
        await store.append(
          "r",
          0,
          ["a", "b", "c"].map((node) => eventNamed(node)),
        );
        await store.append(
          "r",
          3,
          ["d", "e"].map((node) => eventNamed(node)),
        );
        for (let version = 0; version <= 6; version++)
          expect(namesOf(await store.read("r", version))).toEqual(["a", "b", "c", "d", "e"].slice(version));
        expect(await store.read("nobody")).toEqual([]);
      }));

    it("S4 reads all streams in one order, from any position", () =>
      withStore(async ({ store }) => {
        await store.append("x", 0, [eventNamed("1")]);
        await store.append("y", 0, [eventNamed("2")]);
        await store.append("x", 1, [eventNamed("3"), eventNamed("4")]);
        const batches = await store.readAll(0, 10);
        expect(batches.map((batch) => [batch.stream, batch.after, namesOf(batch.events)])).toEqual([
          ["x", 0, ["1"]],
          ["y", 0, ["2"]],
          ["x", 1, ["3", "4"]],
        ]);
        expect((await store.readAll(batches[0]!.position, 1)).map((batch) => batch.stream)).toEqual(["y"]);
        expect(await store.readAll(batches[2]!.position, 10)).toEqual([]);
      }));

    it("an append of nothing asks whether the version is right and adds nothing", () =>
      withStore(async ({ store }) => {
        expect(await store.append("r", 0, [])).toBe(true);
        expect(await store.append("r", 1, [])).toBe(false);
        expect(await store.readAll(0, 10)).toEqual([]);
      }));

    it("lists its streams with their versions", () =>
      withStore(async ({ store }) => {
        await store.append("b", 0, [eventNamed("1")]);
        await store.append("a", 0, [eventNamed("1"), eventNamed("2")]);
        expect(await store.streams()).toEqual([
          { stream: "a", version: 2 },
          { stream: "b", version: 1 },
        ]);
      }));

    it("keeps names and texts of any kind as they are", () =>
      withStore(async ({ store }) => {
        const odd = `quote ' " \\ \u0000 \n ümläut 🚰 ${"x".repeat(100_000)}`;
        expect(await store.append(odd, 0, [eventNamed(odd)])).toBe(true);
        expect(namesOf(await store.read(odd))).toEqual([odd]);
      }));

    it("does not hand out what a caller can change", () =>
      withStore(async ({ store }) => {
        const events = [eventNamed("a")];
        await store.append("r", 0, events);
        events.push(eventNamed("b"));
        ((await store.read("r")) as RunEvent[]).push(eventNamed("c"));
        expect(namesOf(await store.read("r"))).toEqual(["a"]);
      }));

    it("S5 changes rows of a table together with its position, when nobody was faster", () =>
      withStore(async ({ store: { tables } }) => {
        expect(await tables.position("t")).toBe(0);
        expect(await tables.save("t", { expectedPosition: 0, position: 5, rows: [row("a", 1), row("b", 3), row("c", 2, "y")] })).toBe(true);
        expect(await tables.save("t", { expectedPosition: 0, position: 6, rows: [row("a", 9)] })).toBe(false);
        expect(await tables.position("t")).toBe(5);
        expect(await tables.list("t", { limit: 10 })).toEqual([{ key: "b" }, { key: "c" }, { key: "a" }]);
        expect(await tables.list("t", { limit: 1 })).toEqual([{ key: "b" }]);
        expect(await tables.list("t", { label: "y", limit: 10 })).toEqual([{ key: "c" }]);
        expect(await tables.save("t", { expectedPosition: 5, position: 6, rows: [row("a", 9, "y")] })).toBe(true);
        expect(await tables.list("t", { label: "y", limit: 10 })).toEqual([{ key: "a" }, { key: "c" }]);
        expect(await tables.list("t", { labels: ["y", "x", "none"], limit: 2 })).toEqual([{ key: "a" }, { key: "b" }]);
        expect(await tables.list("t", { labels: ["y"], below: { rank: 9, key: "a" }, limit: 10 })).toEqual([{ key: "c" }]);
        expect(await tables.list("t", { below: { rank: 3, key: "c" }, limit: 10 })).toEqual([{ key: "b" }, { key: "c" }]);
        expect((await tables.labels("t", "")).toSorted()).toEqual(["x", "y"]);
        expect(await tables.labels("t", "y")).toEqual(["y"]);
        expect(await tables.labels("t", "z")).toEqual([]);
        expect(await tables.get("t", "a")).toEqual({ key: "a" });
        expect(await tables.get("t", "zzz")).toBeUndefined();
        expect(await tables.list("other", { limit: 10 })).toEqual([]);
        expect(await tables.many("t", ["a", "zzz", "c"])).toEqual(
          new Map([
            ["a", { key: "a" }],
            ["c", { key: "c" }],
          ]),
        );
        expect(await tables.many("t", [])).toEqual(new Map());
      }));

    it("S1 still has everything after it was opened anew", () =>
      withStore(async ({ store, reopen }) => {
        if (reopen === null) return;
        await store.append("r", 0, [eventNamed("a")]);
        await store.tables.save("t", { expectedPosition: 0, position: 1, rows: [{ key: "k", label: "", rank: 0, body: 7 }] });
        const again = await reopen();
        try {
          expect(namesOf(await again.read("r"))).toEqual(["a"]);
          expect(await again.tables.get("t", "k")).toBe(7);
          expect(await again.append("r", 1, [eventNamed("b")])).toBe(true);
          expect(await store.append("r", 1, [eventNamed("no")])).toBe(false);
          expect(namesOf(await store.read("r"))).toEqual(["a", "b"]);
        } finally {
          await again.close();
        }
      }));

    it("S2 lets exactly one of two handles win each version", () =>
      withStore(async ({ store, reopen }) => {
        if (reopen === null) return;
        const other = await reopen();
        try {
          for (let version = 0; version < 50; version++) {
            const answers = await Promise.all([
              store.append("r", version, [eventNamed("a")]),
              other.append("r", version, [eventNamed("b")]),
            ]);
            expect(answers.filter(Boolean)).toHaveLength(1);
          }
          expect(await store.read("r")).toHaveLength(50);
        } finally {
          await other.close();
        }
      }));

    it("S6 removes streams whole and gives no position out twice", () =>
      withStore(async ({ store, reopen }) => {
        for (const stream of ["x", "y", "z"]) await store.append(stream, 0, [eventNamed(stream)]);
        await store.append("z", 1, [eventNamed("z2")]);
        const highest = (await store.readAll(0, 10)).at(-1)!.position;
        await store.remove(["z", "nobody", "x"]);
        expect((await store.readAll(0, 10)).map((batch) => batch.stream)).toEqual(["y"]);
        expect(await store.streams()).toEqual([{ stream: "y", version: 1 }]);
        expect(await store.read("z")).toEqual([]);
        await store.remove([]);
        const again = reopen === null ? null : await reopen();
        expect(await (again ?? store).append("z", 0, [eventNamed("new")])).toBe(true);
        await again?.close();
        expect((await store.readAll(highest, 10)).map((batch) => [batch.stream, namesOf(batch.events)])).toEqual([["z", ["new"]]]);
      }));

    it("takes rows out of a table and leaves its position", () =>
      withStore(async ({ store: { tables } }) => {
        await tables.save("t", { expectedPosition: 0, position: 3, rows: [row("a", 1), row("b", 2), row("c", 3)] });
        await tables.remove("t", ["a", "c", "nobody"]);
        await tables.remove("other", ["a"]);
        await tables.remove("t", []);
        expect(await tables.list("t", { limit: 10 })).toEqual([{ key: "b" }]);
        expect(await tables.position("t")).toBe(3);
      }));

    it("tells who listens of each append, its own and those of others, until they stop", () =>
      withStore(async ({ store, reopen }) => {
        const other = reopen === null ? store : await reopen();
        let told = 0;
        let told2 = 0;
        const stop = store.changes(() => told++);
        const stop2 = store.changes(() => told2++);
        const hears = async (what: () => number, append: Promise<boolean>): Promise<void> => {
          const before = what();
          expect(await append).toBe(true);
          for (const end = Date.now() + CHANGE_MS; what() === before && Date.now() < end;)
            await new Promise((resolve) => setTimeout(resolve, 1));
          expect(what()).toBeGreaterThan(before);
        };
        await hears(() => told, store.append("mine", 0, [eventNamed("a")]));
        for (let version = 0; version < 3; version++) await hears(() => told, other.append("other", version, [eventNamed("b")]));
        stop();
        const last = told;
        await hears(() => told2, other.append("other", 3, [eventNamed("c")]));
        expect(told).toBe(last);
        stop2();
        stop2();
        if (other !== store) await other.close();
      }));

    it("S7 takes an append with claims only when nobody has claimed since", () =>
      withStore(async ({ store, reopen }) => {
        const other = reopen === null ? store : await reopen();
        const append = (stream: string, claims: Record<string, number>) => ({
          stream,
          expectedVersion: 0,
          events: [eventNamed(stream)],
          claims,
        });
        expect(await store.claims(["pool:a", "pool:b"])).toEqual({ "pool:a": 0, "pool:b": 0 });
        expect(await store.commit([append("r_1", { "pool:a": 0 })])).toEqual([true]);
        expect(await other.commit([append("r_2", { "pool:a": 0 })])).toEqual([false]);
        // All claims of an append or none, each append of a commit by itself, one after the other.
        const answers = await other.commit([
          append("r_2", { "pool:a": 1, "pool:b": 1 }),
          append("r_3", { "pool:a": 1, "pool:b": 0 }),
          append("r_4", { "pool:a": 1 }),
          append("r_5", { "pool:a": 2 }),
          append("r_1", { "pool:b": 1 }),
        ]);
        expect(answers).toEqual([false, true, false, true, false]);
        expect(await store.claims(["pool:a", "pool:b", "pool:c"])).toEqual({ "pool:a": 3, "pool:b": 1, "pool:c": 0 });
        expect((await store.streams()).map(({ stream }) => stream)).toEqual(["r_1", "r_3", "r_5"]);
        if (other !== store) await other.close();
      }));

    it("knows the engines that work on it and counts their signs of life", () =>
      withStore(async ({ store, reopen }) => {
        const other = reopen === null ? store : await reopen();
        const { engines } = other;
        expect(await store.engines.list()).toEqual([]);
        expect(await store.engines.beat(cardNamed("e_b"))).toBe(false);
        expect(await engines.beat(cardNamed("e_a", { url: "http://h:1" }))).toBe(false);
        expect(await store.engines.beat(cardNamed("e_b", { holdsWarehouse: true }))).toBe(true);
        expect(await engines.list()).toEqual([
          { ...cardNamed("e_a", { url: "http://h:1" }), beat: 1 },
          { ...cardNamed("e_b", { holdsWarehouse: true }), beat: 2 },
        ]);
        await engines.remove(["e_b", "nobody"]);
        expect((await store.engines.list()).map((entry) => entry.id)).toEqual(["e_a"]);
        expect(await store.engines.beat(cardNamed("e_b"))).toBe(false);
        if (other !== store) await other.close();
      }));
  });
}
