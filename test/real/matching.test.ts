// The same record twice, in sets whose truth is known. The figures are printed; the floors are what is lost only by a mistake of ours.
import { expect, it } from "vitest";
import { matchSet, SETS } from "../matching.ts";
import { realData } from "../real-data.ts";

const FLOORS = [0.99, 0.985, 0.83];
const folder = realData("entity-resolution");

it.each(SETS.map((set, index) => ({ set, floor: FLOORS[index]! })))("$set.set", async ({ set, floor }) => {
  const { records, precision, recall, f1, seconds } = await matchSet(set, folder!);
  console.error(
    `${set.set}: ${records} records, precision ${precision.toFixed(4)}, recall ${recall.toFixed(4)}, F1 ${f1.toFixed(4)}, ${seconds.toFixed(2)} s`,
  );
  expect(f1).toBeGreaterThan(floor);
});
