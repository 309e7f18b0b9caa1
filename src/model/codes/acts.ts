// Error codes of acts on what is there: going back to a version, retrying, forking, replaying, canceling, retention. Range 83xx.
import type { CodeEntry } from "./entry.ts";

export const actsCodes = {
  MR8301: {
    title: "An asset was never built",
    why: "There is no version of it, so there is none to go back to or to load again.",
    fix: "`millrace run --select '+ASSET'` builds it.",
  },
  MR8302: {
    title: "There is no such version",
    why: "The asset never had a version of this name, or several begin so.",
    fix: "`millrace history ASSET` lists the versions and says which are kept.",
  },
  MR8303: {
    title: "A version is no longer kept",
    why: "Of each asset the live version and a few before it are kept (`retention: { versions: 3 }`); exports have none in the warehouse.",
    fix: "Go back to one that is kept, raise `retention.versions` for the future, or build the asset anew from its sources.",
  },
  MR8304: {
    title: "The version is the live one",
    why: "Readers see this version already; there is nothing to go back from.",
    fix: "`millrace history ASSET` lists the versions.",
  },
  MR8305: {
    title: "A version could not be made again",
    why: "The rows that taking back the later loads gives are not as many as were published. Nothing was changed.",
    fix: "Report it with the asset's `millrace history ASSET --json`; `millrace run --full-refresh --select ASSET` loads it anew.",
  },
  MR8306: {
    title: "Nothing to release",
    why: "The asset is not held at an earlier version.",
    fix: "`millrace history ASSET` shows its rollbacks.",
  },
  MR8307: {
    title: "A run did not change the asset",
    why: "`--before RUN` goes back to the version that readers saw before that run published another.",
    fix: "`millrace history ASSET` names the runs that published its versions.",
  },
  MR8308: {
    title: "What was received is not kept",
    why: "Loading again needs what a source gave then. Files can be read again where they still lie; what a server answered is not kept by this version.",
    fix: "`millrace run --full-refresh --select ASSET` asks the source anew.",
  },
  MR8309: {
    title: "The run is not in a state for this",
    why: "Only a run that has ended can be retried or forked; only one that goes on can be canceled.",
    fix: "`millrace run show RUN` says how it stands.",
  },
  MR8310: {
    title: "The run has no such node",
    why: "The name is no asset or task of this run's plan.",
    fix: "`millrace run show RUN` lists its nodes.",
  },
  MR8311: {
    title: "There is nothing of this name",
    why: "`millrace why` takes a run, an asset, a task or a job.",
    fix: "`millrace runs` and `millrace ls` list the names.",
  },
  MR8312: {
    title: "A filter matches nothing",
    why: "No run that goes on fits it.",
    fix: "`millrace runs --status running` lists what goes on.",
  },
  MR8313: {
    title: "A partitioned asset is not rolled back as a whole",
    why: "Each partition is replaced alone, so that there is no earlier state of all of them to go back to.",
    fix: "Build the partitions that are wrong again: `millrace backfill ASSET --from KEY --to KEY`.",
  },
} as const satisfies Record<string, CodeEntry>;
