// dbt's incremental models. What `is_incremental()` adds is understood where it says "newer than what is there": then the cursor says it.
// Anything else is built as a whole each time, which gives the same rows, and is told.
import { lineAt, type Values, word } from "../move.ts";
import { keyOf } from "./properties.ts";
import type { DbtFile } from "./read.ts";
import { render, type World } from "./world.ts";

interface Way {
  readonly matter: Values;
  readonly sql: string;
}

const UNITS = new Set(["hour", "day", "month"]);

export function incrementalOf(world: World, file: DbtFile, asset: string, config: Values, first: string): Way {
  const key = keyOf(config);
  const strategy = word(config["incremental_strategy"]) || (key.length > 0 ? "merge" : "append");
  const line = Math.max(1, lineAt(file.text, file.text.search(/is_incremental\s*\(/)));
  const at = { file: file.path, line };
  const whole = (why: string): Way => {
    world.move.note(at, `${why}; the model is built as a whole each time`);
    return { matter: { materialize: "table", key }, sql: first };
  };
  if (strategy === "microbatch") return byTime(config, first, whole);
  if (strategy === "insert_overwrite")
    return whole("insert_overwrite replaces partitions of the database; see `incremental: { mode: partition }`");
  const later = render(world, file.text, { file: file.path, asset, config, isIncremental: true });
  if (later === undefined) return whole("its is_incremental() part cannot be rendered");
  if (later.text.replaceAll(/\s+/g, "") === first.replaceAll(/\s+/g, "")) {
    // Everything is asked for each time: new keys are added and known ones replaced, others stay.
    return key.length > 0
      ? { matter: { materialize: "incremental", key, incremental: { mode: "merge", deletes: "ignore" } }, sql: first }
      : whole("an append without is_incremental() adds all rows again at each run");
  }
  const cursor = watermark(first, later.text, asset);
  if (cursor === undefined) return whole('what is_incremental() adds is more than "newer than what is there"');
  if (key.length === 0 && cursor.operator === ">=") return whole("rows at the last moment would be added twice (>= without a unique_key)");
  const matter = {
    materialize: "incremental",
    key,
    incremental: key.length > 0 ? { mode: "merge", cursor: cursor.column, deletes: "ignore" } : { mode: "append", cursor: cursor.column },
  };
  return { matter, sql: cursor.sql };
}

function byTime(config: Values, sql: string, whole: (why: string) => Way): Way {
  const { event_time: by, batch_size: unit = "day", lookback = 1, begin } = config;
  if (typeof by !== "string" || !UNITS.has(String(unit)))
    return whole("a microbatch model needs event_time and a batch_size of hour, day or month");
  const days = { hour: "h", day: "d", month: "d" }[String(unit) as "hour" | "day" | "month"];
  const back = Number(lookback) * (unit === "month" ? 31 : 1);
  return {
    matter: {
      materialize: "incremental",
      incremental: {
        by,
        unit,
        ...(back > 0 ? { lookback: `${back}${days}` } : {}),
        ...(begin === undefined ? {} : { start: word(begin) }),
      },
    },
    sql,
  };
}

interface Watermark {
  readonly column: string;
  readonly operator: ">" | ">=";
  readonly sql: string;
}

/** `where COLUMN > (select max(COLUMN) from this)`, as the only thing that is added; then the same with `$start`. */
function watermark(first: string, later: string, asset: string): Watermark | undefined {
  let head = 0;
  while (head < first.length && first[head] === later[head]) head++;
  let tail = 0;
  while (tail < first.length - head && first.at(-1 - tail) === later.at(-1 - tail)) tail++;
  if (first.slice(head, first.length - tail).trim() !== "") return undefined;
  const added = later.slice(head, later.length - tail);
  const table = asset.replaceAll(".", "\\.");
  const found = new RegExp(
    `^\\s*(where|and)\\s+((?:\\w+\\.)?(\\w+))\\s*(>=?)\\s*\\(\\s*select\\s+(?:coalesce\\s*\\(\\s*)?max\\s*\\(\\s*(?:\\w+\\.)?(\\w+)\\s*\\)(?:\\s*,[^()]*(?:\\([^()]*\\))?[^()]*\\))?(?:\\s+as\\s+\\w+|\\s+\\w+)??\\s+from\\s+${table}(?:\\s+as)?(?:\\s+\\w+)?\\s*\\)\\s*$`,
    "i",
  ).exec(added);
  if (found === null || found[3]!.toLowerCase() !== found[5]!.toLowerCase()) return undefined;
  const operator = found[4] as ">" | ">=";
  return {
    column: found[3]!,
    operator,
    sql: `${later.slice(0, head)}\n${found[1]} ${found[2]} ${operator} $start\n${later.slice(later.length - tail)}`,
  };
}
