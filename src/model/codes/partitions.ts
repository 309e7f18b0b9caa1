// Error codes of partitions and backfills (MR82xx): title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const partitionsCodes = {
  MR8201: {
    title: "A definition of partitions makes no sense",
    why: "Its start is after its end, a bound is no moment in its time zone (clocks are set forward over it), or its cron expression has no ticks.",
    fix: "Correct `partition:` in the file of the asset.",
  },
  MR8202: {
    title: "There is no such partition",
    why: "The key is not written as the asset's partitions are, names a day that the calendar does not have, or a value that is not in the list.",
    fix: "`millrace describe ASSET --partitions` lists them. A range is FROM..TO, its last one included; several dimensions are set apart by |.",
  },
  MR8203: {
    title: "The partitions have no start",
    why: "Neither the asset nor what it reads says where its partitions begin, so it is not known which are missing.",
    fix: "Write `start:` in `partition:`, or give a range: --partition FROM..TO, --from … --to ….",
  },
  MR8204: {
    title: "Too many partitions at once",
    why: "A range names more partitions than one run may hold. Nothing was started.",
    fix: "Take a smaller range, or larger partitions (`by: day` in place of `by: hour`); several backfills may follow each other.",
  },
  MR8205: {
    title: "A mapping names a partition that is none",
    why: "A function in `needs:` answered a key that the needed asset cannot have.",
    fix: "Let it answer keys as the needed asset writes them; `millrace describe ASSET --partitions` shows some.",
  },
  MR8206: {
    title: "The column of a partition does not fit",
    why: "The column that `partition:` names is not in the rows, or its type cannot tell the partition: a number for days, a date for hours.",
    fix: "Correct `column:`, or cast the column in the query or with `columns:`.",
  },
  MR8207: {
    title: "Rows that belong to no partition are in the way",
    why: "The asset was built as a whole before, and no column tells which of its rows belong to the partition: replacing it would double rows.",
    fix: "Write `column:` in `partition:`; or start over: `millrace run --full-refresh --select ASSET`.",
  },
  MR8208: {
    title: "The code changed since the backfill was planned",
    why: "A backfill builds all its partitions with the code that it was started with; the definition of this asset is another now.",
    fix: "Start a new backfill (`--stale` takes what the old code built), or let this one go on with the new code: `millrace backfill resume ID --allow-code-change`.",
  },
  MR8209: {
    title: "Too many partitions depend on each other",
    why: "Every partition of one asset reads every partition of another, and both are in one plan; their number multiplies.",
    fix: "Backfill the upper asset first, then the lower one; or give `needs:` a window.",
  },
  MR8210: {
    title: "The asset has no partitions",
    why: "`--partition` and `backfill` work on partitions; the definition of this asset has no `partition:`.",
    fix: "Add `partition:` to its definition, or use `millrace run --full-refresh --select ASSET`.",
  },
  MR8211: {
    title: "There is no such backfill",
    why: "No run of this project has the id, or it is the id of a run that is no backfill.",
    fix: "`millrace backfill list` shows them.",
  },
  MR8212: {
    title: "A partition cannot stand in a path or an address",
    why: "The value comes from data and has a slash, or leads to another folder.",
    fix: "Use `${partition.key}` only where the values are plain words, or make them so in the query that finds them.",
  },
} as const satisfies Record<string, CodeEntry>;
