// What a file trigger has seen, in a table of the store: a row per bucket of paths, so that one arrival among 100,000 files writes one small row.
import { createHash } from "node:crypto";
import type { JsonValue } from "../../model/answers.ts";
import type { EventStore } from "../../store/store.ts";
import type { ArrivalMemory, Remembered } from "./arrivals.ts";

const BUCKETS = 64;
const SAVE_RACES_MAX = 20;

export function arrivalMemory(store: Pick<EventStore, "tables">, job: string, trigger: string): ArrivalMemory {
  const table = `arrivals.1:${job}:${trigger}`;
  return {
    async load() {
      const bodies = await store.tables.list(table, { limit: BUCKETS });
      return new Map(bodies.flatMap((body) => Object.entries(body as unknown as Readonly<Record<string, Remembered>>)));
    },
    async save(known, changed) {
      const touched = new Set([...changed].map(bucketOf));
      const buckets = new Map<number, Record<string, Remembered>>([...touched].map((bucket) => [bucket, {}]));
      for (const [name, remembered] of known) {
        const bucket = buckets.get(bucketOf(name));
        if (bucket !== undefined) bucket[name] = remembered;
      }
      const rows = [...buckets].map(([bucket, body]) => ({
        key: String(bucket),
        label: "",
        rank: bucket,
        body: body as unknown as JsonValue,
      }));
      // Another engine that saves at the same time has seen the same files; what it knows alone is told again, and the job knows its key.
      for (let races = 0; races < SAVE_RACES_MAX; races++) {
        const expectedPosition = await store.tables.position(table);
        if (await store.tables.save(table, { expectedPosition, position: expectedPosition + 1, rows })) return;
      }
    },
  };
}

function bucketOf(name: string): number {
  return createHash("sha1").update(name).digest()[0]! % BUCKETS;
}
