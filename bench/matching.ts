// Quality and time of `match:` on sets whose truth is known (shared data; nothing where it is missing).
import { matchSet, SETS } from "../test/matching.ts";
import { realData } from "../test/real-data.ts";
import type { Figure } from "./figure.ts";

export async function benchMatching(): Promise<readonly Figure[]> {
  const folder = realData("entity-resolution");
  if (folder === undefined) return [];
  const figures: Figure[] = [];
  for (const set of SETS) {
    const { records, precision, recall, f1, seconds } = await matchSet(set, folder);
    for (const [name, value] of Object.entries({ precision, recall, F1: f1 }))
      figures.push({ name: `${set.set}: ${name}`, unit: "", value, wall: null, ratio: null, reach: "printed", reached: true });
    figures.push({
      name: `${set.set}: records/s`,
      unit: "rows/s",
      value: records / seconds,
      wall: null,
      ratio: null,
      reach: "printed",
      reached: true,
    });
  }
  return figures;
}
