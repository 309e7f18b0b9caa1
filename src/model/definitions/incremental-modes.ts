// The ways in which an incremental model is kept.
export const INCREMENTAL_MODES = ["time", "merge", "append", "partition"] as const;
export type IncrementalMode = (typeof INCREMENTAL_MODES)[number];
