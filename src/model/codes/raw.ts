// Error codes of this area: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const rawCodes = {
  MR4301: {
    title: "What was received is not kept any more, or never was",
    why: "An asset is built again from all the loads that it is made of, and of some of them the raw zone has nothing: `raw: off`, older than `retention: { raw }`, or made before there was a raw zone.",
    fix: "Ask the source again: `millrace run --full-refresh --select ASSET`. Keep raw for longer to be able to replay.",
  },
  MR4302: {
    title: "What was received is damaged",
    why: "A file of the raw zone is gone, or its contents have another SHA-256 than the ledger says. Nothing was changed.",
    fix: "Restore the named files below `.millrace/raw` from a backup, or ask the source again: `millrace run --full-refresh --select ASSET`.",
  },
  MR4303: {
    title: "What was received cannot be kept",
    why: "The raw zone could not be written: the disk is full, or it may not be written. Nothing was published.",
    fix: "Make room (`millrace retention` removes what is older than `retention: { raw }`), or set `raw: off` for the source.",
  },
  MR4304: {
    title: "The asset cannot be built again from its loads",
    why: "The ledger does not know the loads that the asset is made of, or it was loaded in another mode than it is loaded in now.",
    fix: "`millrace run --full-refresh --select ASSET`.",
  },
  MR4310: {
    title: "The source gave nothing",
    why: "Every earlier load of this asset had rows and this one has none, and `guards: { empty: stop }`. Nothing was published.",
    fix: "Look whether the source is well. If nothing is right: `guards: { empty: warn }`, or run once with `--full-refresh`.",
  },
  MR4311: {
    title: "The source gave far fewer rows than usual",
    why: "The load has fewer rows than the share of the usual number (the median of the last loads) that `guards: { drop }` allows. Nothing was published.",
    fix: "Look whether the source is complete. If the number is right: `guards: { drop: warn }`, or run once with `--full-refresh`.",
  },
  MR4312: {
    title: "Every page was full, the last one too",
    why: "A source that gives pages ends with one that is not full; all of them full look like a limit that cut the rest off, and `guards: { fullPages: stop }`. Nothing was published.",
    fix: "Look at the pagination of the source. If the number is right by chance: `guards: { fullPages: warn }`.",
  },
} as const satisfies Record<string, CodeEntry>;
