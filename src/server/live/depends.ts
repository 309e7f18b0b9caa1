// What the answers of reads are made of: the topics that change them, and how long they hold where something changes them that no topic tells of (files of
// sources, the time of day). Routes that are not named here are carried out whenever they are asked.
import type { RouteId } from "../../model/api-paths.ts";

export interface Depends {
  /** `run:` stands for the run that is asked for. */
  readonly on: readonly string[];
  /** Null: for as long as no topic changes. */
  readonly holdsMs: number | null;
}

/** Sources are looked at again after this. */
const OUTSIDE_MS = 2_000;
const project = ["project", "data"];
const all = ["assets", "runs", "jobs", ...project];

export const dependsOn: { readonly [Id in RouteId]?: Depends } = {
  "status.show": { on: all, holdsMs: OUTSIDE_MS },
  "project.show": { on: project, holdsMs: OUTSIDE_MS },
  "assets.list": { on: all, holdsMs: OUTSIDE_MS },
  "assets.graph": { on: all, holdsMs: OUTSIDE_MS },
  "assets.describe": { on: all, holdsMs: OUTSIDE_MS },
  "assets.history": { on: all, holdsMs: null },
  "assets.drift": { on: ["assets", ...project], holdsMs: null },
  "checks.list": { on: all, holdsMs: null },
  // Its days end at midnight.
  "quality.show": { on: all, holdsMs: OUTSIDE_MS },
  "lineage.show": { on: all, holdsMs: OUTSIDE_MS },
  "lineage.graph": { on: all, holdsMs: OUTSIDE_MS },
  "lineage.impact": { on: all, holdsMs: OUTSIDE_MS },
  "partitions.grid": { on: all, holdsMs: OUTSIDE_MS },
  "partitions.show": { on: all, holdsMs: OUTSIDE_MS },
  // Its steps move with the time of day.
  "runs.strip": { on: ["runs", "jobs", ...project], holdsMs: OUTSIDE_MS },
  "backfills.list": { on: ["runs", "data"], holdsMs: null },
  "backfills.show": { on: ["runs", "data"], holdsMs: null },
  "runs.list": { on: ["runs", "data"], holdsMs: null },
  "runs.show": { on: ["run:", "data"], holdsMs: null },
  "approvals.list": { on: ["runs", "data"], holdsMs: null },
  "quarantine.list": { on: all, holdsMs: null },
  "quarantine.trend": { on: all, holdsMs: OUTSIDE_MS },
  "quarantine.records": { on: all, holdsMs: null },
  "quarantine.show": { on: all, holdsMs: null },
  "jobs.list": { on: ["runs", "jobs", ...project], holdsMs: OUTSIDE_MS },
  "triggers.history": { on: ["jobs", ...project], holdsMs: null },
};

/** A run's own topic is known only by its whole id. */
export const WHOLE_RUN = /^[rb]_[0-9A-Z]{16,32}$/;
