// By key, by partition, append: the keys whose rows are made again, or from which moment on rows are looked at.
import { parseDurationMs } from "../../model/duration.ts";
import { physicalTable } from "../../sql/ledger/publish.ts";
import { ident } from "../../sql/text.ts";
import { changesOf, valuesChanged } from "./changes.ts";
import { type Answer, isUnknown, keyOf, nothingText, readsIn, type State, usesBounds, utc, valuesOf } from "./deciding.ts";
import { readByKey, readByTime } from "./locality.ts";
import { noCursor } from "./refusals.ts";

export async function byRows(state: State, why: string | null): Promise<Answer> {
  const { session, request, question, changes } = state;
  const { how, unit } = request;
  const isSince = how.cursor !== undefined && usesBounds(unit);
  if (why !== null) return { todo: { kind: "rebuild", ranges: null }, reason: `${why}; all of it` };
  if (isSince) return since(state);
  const changed = changes.tables.filter(({ asset }) => !how.ignore.includes(asset));
  const [other] = changes.others.filter((asset) => !how.ignore.includes(asset));
  if (how.mode === "append") {
    if (changed.length === 0 && other === undefined) return { todo: { kind: "nothing" }, reason: "nothing that it reads changed" };
    return {
      todo: { kind: "since", sinceMs: null },
      reason: `${changed[0]?.asset ?? other} changed; rows that are there already are left out`,
    };
  }
  const columns = how.mode === "merge" ? how.key : how.by;
  const whole = (reason: string): Answer => ({ todo: { kind: "whole" }, reason: `the whole query, ${reason}` });
  if (other !== undefined) return whole(`${other} is another query now, and which rows that changes is not known`);
  const reading = await readByKey(
    question,
    columns,
    changed.map(({ asset }) => asset),
  );
  if (isUnknown(state, reading)) return whole(reading.unknown!);
  if (changed.length === 0) return { todo: { kind: "nothing" }, reason: "nothing that it reads changed" };
  const affected: { columns: readonly number[]; select: string }[] = [];
  for (const { asset, from, to } of changed) {
    const reads = readsIn(reading, asset);
    if (reads === undefined) continue;
    if (reads === null) return whole(`${asset} changed, and its columns do not tell ${columns.join(", ")}`);
    const found = await changesOf(session, keyOf(request, asset), { from, to });
    if (found.kind === "unknown") return whole(found.reason);
    for (const each of reads)
      affected.push({ columns: [...each.read.keys()], select: valuesOf(request, { found, each }, [...each.read.values()]) });
  }
  if (affected.length === 0) return { todo: { kind: "nothing" }, reason: nothingText(state) };
  const listed = (list: typeof changed): string => list.map(({ asset }) => asset).join(", ");
  const [own, met] = [changed.filter(({ asset }) => !reading.met.has(asset)), changed.filter(({ asset }) => reading.met.has(asset))];
  const causes = [
    ...(own.length === 0 ? [] : [`changed in ${listed(own)}`]),
    ...(met.length === 0 ? [] : [`meet what changed in ${listed(met)}`]),
  ];
  return {
    todo: { kind: "keys", affected },
    reason: `rows whose ${columns.join(", ")} ${columns.length === 1 ? "is" : "are"} among those that ${causes.join(", or ")}`,
  };
}

/** The model's own filter says from where on it looks. */
async function since({ session, request, question, changes }: State): Promise<Answer> {
  const { how, unit } = request;
  const own = request.own!;
  const column = own.columns.find(({ name }) => name.toLowerCase() === how.cursor!.toLowerCase());
  if (column === undefined || !/^(DATE|TIMESTAMP)/.test(column.type)) throw noCursor(unit, how.cursor!, column?.type);
  if (changes.tables.length === 0 && changes.others.length === 0)
    return { todo: { kind: "nothing" }, reason: "nothing that it reads changed" };
  const type = column.type.startsWith("TIMESTAMP WITH") ? "TIMESTAMP WITH TIME ZONE" : column.type;
  const moment = utc({ sql: ident(column.name), type });
  const row = await session.row<{ ms: number | null }>(
    `select epoch_ms(max(${moment})) as ms from ${physicalTable(own.physical!)} where isfinite(${moment})`,
  );
  const highest = row?.ms ?? null;
  if (highest === null) return { todo: { kind: "since", sinceMs: null }, reason: "from the beginning, no row is there" };
  const lookbackMs = how.lookback === undefined ? 0 : (parseDurationMs(how.lookback) ?? 0);
  const reading = await readByTime(question, how.cursor!, "hour");
  let firstMs = highest - lookbackMs;
  let late = "";
  for (const { asset, from, to } of changes.tables) {
    const reads = reading.tables.get(asset) ?? [];
    const found = reads.length === 0 ? undefined : await changesOf(session, keyOf(request, asset), { from, to });
    if (found === undefined || found.kind === "unknown") continue;
    for (const read of reads) {
      const first = await session.row<{ ms: number | null }>(
        `select epoch_ms(min(${utc({ sql: "v0", type: read.type })})) as ms from (${valuesChanged(found, [read.sql])})`,
      );
      if (first?.ms != null && first.ms < firstMs) {
        firstMs = first.ms;
        late = `, since ${asset} has late rows`;
      }
    }
  }
  return {
    todo: { kind: "since", sinceMs: firstMs },
    reason: `${how.cursor} from ${new Date(firstMs).toISOString()} on${late}; rows before that its own filter leaves out`,
  };
}
