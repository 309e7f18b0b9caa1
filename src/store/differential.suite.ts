// A store against the one in memory, which is simple enough to be believed: random moves, the same answers.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cardNamed, eventNamed } from "../testing/store.suite.ts";
import { createMemoryStore } from "./memory.ts";
import type { EventStore } from "./store.ts";

export interface ComparedStore {
  readonly store: EventStore;
  remove(): void | Promise<void>;
}

/** Whatever is done to it, the store answers as the one in memory does. */
export function answersAlike(name: string, open: () => Promise<ComparedStore>): void {
  describe(`memory and ${name}`, () => {
    const streams = ["x", "y", "a \\ \0 b"];
    const move = fc.oneof(
      fc.record({
        kind: fc.constant("commit" as const),
        appends: fc.array(fc.tuple(fc.constantFrom(...streams), fc.integer({ min: -1, max: 1 }), fc.integer({ min: 0, max: 3 })), {
          maxLength: 4,
        }),
      }),
      fc.record({ kind: fc.constant("read" as const), stream: fc.constantFrom(...streams), after: fc.nat(10) }),
      fc.record({ kind: fc.constant("readAll" as const), after: fc.nat(10), limit: fc.integer({ min: 1, max: 5 }) }),
      fc.record({
        kind: fc.constant("save" as const),
        off: fc.constantFrom(0, 0, 0, 1),
        key: fc.constantFrom("k", "l"),
        rank: fc.nat(3),
        label: fc.constantFrom("p", "q"),
      }),
      fc.record({ kind: fc.constant("remove" as const), stream: fc.constantFrom(...streams) }),
      fc.record({ kind: fc.constant("removeRow" as const), key: fc.constantFrom("k", "l") }),
      fc.record({ kind: fc.constant("beat" as const), id: fc.constantFrom("e_1", "e_2"), stays: fc.boolean() }),
      fc.record({ kind: fc.constant("list" as const), label: fc.constantFrom("p", "q", undefined), limit: fc.integer({ min: 1, max: 3 }) }),
    );

    it("answer alike whatever is done to them", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(move, { maxLength: 30 }), async (moves) => {
          const memory = createMemoryStore();
          const { store: other, remove } = await open();
          let versions = new Map<string, number>();
          let position = 0;
          try {
            for (const each of moves) {
              const answers = await Promise.all(
                [memory, other].map((store) => {
                  switch (each.kind) {
                    case "commit":
                      return store.commit(
                        each.appends.map(([stream, off, count], index) => ({
                          stream,
                          expectedVersion: Math.max(0, (versions.get(stream) ?? 0) + off),
                          events: Array.from({ length: count }, (_, at) => eventNamed(`${stream}${index}${at}`, at)),
                        })),
                      );
                    case "read":
                      return store.read(each.stream, each.after);
                    case "readAll":
                      return store.readAll(each.after, each.limit);
                    case "save":
                      return store.tables.save("t", {
                        expectedPosition: position + each.off,
                        position: position + 1,
                        rows: [{ key: each.key, label: each.label, rank: each.rank, body: [each.key, each.rank] }],
                      });
                    case "remove":
                      return store.remove([each.stream]);
                    case "removeRow":
                      return store.tables.remove("t", [each.key]);
                    case "beat":
                      return each.stays ? store.engines.beat(cardNamed(each.id)) : store.engines.remove([each.id]);
                    case "list":
                      return store.tables.list("t", { limit: each.limit, ...(each.label === undefined ? {} : { label: each.label }) });
                    default:
                      return each satisfies never;
                  }
                }),
              );
              expect(answers[1]).toEqual(answers[0]);
              versions = new Map((await memory.streams()).map(({ stream, version }) => [stream, version]));
              position = await memory.tables.position("t");
            }
            expect(await other.streams()).toEqual(await memory.streams());
            expect(await other.engines.list()).toEqual(await memory.engines.list());
            expect(await other.readAll(0, 1_000)).toEqual(await memory.readAll(0, 1_000));
          } finally {
            await other.close();
            await remove();
          }
        }),
        { numRuns: 60 },
      );
    });
  });
}
