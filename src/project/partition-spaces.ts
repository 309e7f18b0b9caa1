// Partitions as definitions say them, made into spaces: what is wrong with them is told when the project is read, at its place.
import { MillraceError } from "../model/errors.ts";
import type { ProjectNode } from "../model/graph.ts";
import { spaceOf, type SpaceSurroundings } from "../plan/partitions/space.ts";
import type { Ticks } from "../plan/partitions/steps.ts";
import { type Reader, tell } from "./reader.ts";

export const noTicks: SpaceSurroundings["ticks"] = () => ({ after: () => null, at: () => null });

/** Ticks of cron expressions; the library that reads them is loaded when there is one. */
export async function cronTicks(): Promise<SpaceSurroundings["ticks"]> {
  const [{ cronTimes }, { zoneOf }] = await Promise.all([import("../schedule/cron.ts"), import("../schedule/zone.ts")]);
  return (expression, timezone): Ticks => {
    const fail = (why: string, cause?: unknown): MillraceError =>
      new MillraceError({ code: "MR8201", message: `partition: cron: ${expression}: ${why}`, ...(cause === undefined ? {} : { cause }) });
    const zone = zoneOf(timezone);
    if (zone === undefined) throw fail(`there is no time zone ${timezone}`);
    try {
      const times = cronTimes(expression, zone);
      if (times.next(0) === null) throw fail("it never fires");
      return { after: (ms) => times.next(ms), at: (ms) => times.previous(ms + 1) };
    } catch (error) {
      if (error instanceof MillraceError) throw error;
      throw fail(error instanceof Error ? error.message : String(error), error);
    }
  };
}

/** Ends that lie before starts, and crons that are none. */
export async function checkPartitions(reader: Reader, nodes: readonly ProjectNode[]): Promise<void> {
  for (const { id, partitioning } of nodes) {
    if (partitioning === undefined) continue;
    const ticks = partitioning.dimensions.some(({ kind }) => kind === "cron") ? await cronTicks() : noTicks;
    try {
      spaceOf(id, partitioning, { ticks, found: () => [] });
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      const place = reader.documents.get(id)?.locate(["partition"]);
      if (place !== undefined) tell(reader, error.code, error.message, place, error.hint);
    }
  }
}
