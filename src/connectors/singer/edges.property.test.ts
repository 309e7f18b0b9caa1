// No row lost and none twice, whatever the tap does: random interleavings of messages, torn writes, deaths at any byte, exit codes; the next run
// goes on where the last committed state says. The tap keeps its side of the protocol by a table of its own that knows nothing of ours.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { Delivery } from "../../load/connector.ts";
import { request } from "../../load/deliveries.suite.ts";
import { load, startOfLoad } from "../../load/load.ts";
import { openWarehouse } from "../../sql/warehouse.ts";
import { singer } from "./index.ts";
import { readContext, tap, type TapScript } from "./tap.suite.ts";

const RUNS = 15;
const TRIES_MAX = 12;

type Step = "record" | "state" | "schema" | "other" | "blank";
type Fault =
  | { readonly kind: "none" }
  | { readonly kind: "exit"; readonly after: number }
  | { readonly kind: "kill"; readonly share: number };

const stepArbitrary = fc.constantFrom<Step>("record", "record", "record", "record", "state", "schema", "other", "blank");
const faultArbitrary: fc.Arbitrary<Fault> = fc.oneof(
  fc.constant<Fault>({ kind: "none" }),
  fc.record({ kind: fc.constant("exit" as const), after: fc.nat({ max: 40 }) }),
  fc.record({ kind: fc.constant("kill" as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
);

/** What the tap says from the record after `from` on; every state covers the records before it. */
function linesFrom(steps: readonly Step[], from: number, boundary: "again" | "once"): readonly string[] {
  const schema = {
    type: "SCHEMA",
    stream: "things",
    schema: { properties: { id: { type: "integer" }, text: { type: ["null", "string"] } } },
    key_properties: ["id"],
  };
  const lines = [JSON.stringify(schema)];
  let id = 0;
  const say = (n: number): void => {
    lines.push(
      JSON.stringify({
        type: "RECORD",
        stream: "things",
        record: { id: n, text: n % 7 === 0 ? null : `row "${n}"\n${"ä".repeat(n % 50)}` },
      }),
    );
  };
  if (boundary === "again" && from > 0) say(from);
  for (const step of steps) {
    switch (step) {
      case "record":
        id += 1;
        if (id > from) say(id);
        break;
      case "state":
        if (id >= from) lines.push(JSON.stringify({ type: "STATE", value: { bookmarks: { things: id } } }));
        break;
      case "schema":
        lines.push(JSON.stringify(schema));
        break;
      case "other":
        lines.push(JSON.stringify({ type: "RECORD", stream: "others", record: { id: id + 1_000_000 } }));
        break;
      case "blank":
        lines.push("");
        break;
      default:
        step satisfies never;
    }
  }
  return lines;
}

function scriptOf(lines: readonly string[], fault: Fault, pieces: readonly number[]): TapScript {
  const bytes = Buffer.byteLength(lines.map((line) => `${line}\n`).join(""));
  switch (fault.kind) {
    case "none":
      return { lines, pieces };
    case "exit":
      return { lines: lines.slice(0, fault.after), pieces, exitCode: 3 };
    case "kill":
      return { lines, pieces, killedAfter: Math.floor(bytes * fault.share) };
    default:
      return fault satisfies never;
  }
}

it.each(["append", "merge"] as const)("loses no row and doubles none, loaded by %s", async (mode) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(stepArbitrary, { minLength: 1, maxLength: 60 }),
      fc.array(faultArbitrary, { maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 4 }),
      async (steps, faults, pieces) => {
        const folder = mkdtempSync(join(tmpdir(), "millrace-singer-"));
        const warehouse = await openWarehouse({ path: join(folder, "warehouse.duckdb") });
        const spec = mode === "merge" ? { load: mode, primaryKey: "id" } : { load: mode };
        const records = steps.filter((step) => step === "record").length;
        try {
          let committed = 0;
          for (let n = 0; n < TRIES_MAX; n++) {
            const fault = faults[n] ?? { kind: "none" };
            const start = await startOfLoad(warehouse, { ...request(folder, { deliveries: [], spec }), fullRefresh: false });
            const state = (start.position as { state?: { bookmarks: { things: number } } } | undefined)?.state;
            const from = state?.bookmarks.things ?? 0;
            // Everything that the tap has is covered by its last state, as a tap of an append-only table must do.
            const lines = linesFrom([...steps, "state"], from, mode === "merge" ? "again" : "once");
            const outcome = await warehouse.session(async ({ connection }) => {
              const deliveries: Delivery[] = [];
              const command = tap(folder, scriptOf(lines, fault, pieces));
              for await (const one of singer.read!(
                { command, stream: "things", catalog: "none" },
                readContext(folder, connection, start.position),
              ))
                deliveries.push(one);
              return load(warehouse, request(folder, { deliveries, spec })).then(
                () => "loaded",
                () => "failed",
              );
            });
            const [row] =
              outcome === "failed" && committed === 0
                ? [undefined]
                : await warehouse.session((session) =>
                    session.rows<{ n: number; d: number; top: number | null }>(
                      "select count(*) as n, count(distinct id) as d, max(id) as top from raw.t",
                    ),
                  );
            if (outcome === "failed") expect(row?.n ?? 0).toBe(committed === 0 ? 0 : committed); // nothing of a failed run is there
            else {
              expect(row).toEqual({ n: records, d: records, top: records === 0 ? null : records });
              committed = records;
              if (faults[n] === undefined) break;
            }
          }
          expect(committed).toBe(records);
        } finally {
          warehouse.close();
          rmSync(folder, { recursive: true });
        }
      },
    ),
    { numRuns: RUNS, seed: 5 },
  );
});
