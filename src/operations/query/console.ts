// A query of the console: rows within caps, or its plan, or a profile of all its columns. It reads, in a read-only transaction, and reads the warehouse alone.
import type { JsonValue } from "../../model/answers.ts";
import { MillraceError } from "../../model/errors.ts";
import type { ColumnProfileAnswer, QueryCancelAnswer, QueryRunAnswer } from "../../model/query-answers.ts";
import type { Session } from "../../sql/session.ts";
import { queryOrServerFailure, refuseWriting } from "../assets/query.ts";
import { warehouseToRead } from "../functions/install.ts";
import type { Workspace } from "../workspace.ts";
import { refuseOutside } from "./guard.ts";
import { readCapped } from "./rows.ts";
import { boundedQuery, cancelQuery, newQueryId, QUERY_BOUNDS } from "./running.ts";

export interface QueryRequest {
  readonly sql: string;
  /** What is wanted of it; `analyze` runs it to the end and times each step. */
  readonly what: "rows" | "plan" | "analyze" | "profile";
  readonly rows: number;
  readonly seconds?: number;
  /** A name to cancel it by. */
  readonly query?: string;
}

const ANSWER_BYTES_MAX = 8_000_000;
const CELL_CHARACTERS_MAX = 20_000;
const PROFILE_COLUMNS_MAX = 400;

/** @throws MR8001 it fails, MR8002 it would write, MR8140–MR8144 it reads elsewhere, takes too long or too much, or was canceled */
export async function runConsoleQuery(workspace: Workspace, request: QueryRequest): Promise<QueryRunAnswer> {
  const id = request.query ?? newQueryId();
  const warehouse = await warehouseToRead(workspace);
  const began = performance.now();
  const bounds = { ...QUERY_BOUNDS, secondsMax: request.seconds ?? QUERY_BOUNDS.secondsMax };
  const found = await boundedQuery(warehouse, { id, bounds, signal: workspace.signal }, (session) => readOnly(session, request));
  return redacted(workspace, { query: id, ...found, seconds: (performance.now() - began) / 1_000 });
}

export function cancelConsoleQuery({ query }: { readonly query: string }): QueryCancelAnswer {
  return { query, canceled: cancelQuery(query) };
}

type Found = Omit<QueryRunAnswer, "query" | "seconds">;

/** Runs `work` in a read-only transaction of a query that was looked at. */
export async function reading<Result>(
  session: Session,
  sql: string,
  work: () => Promise<Result>,
  itself: "shown" | "refused",
): Promise<Result> {
  await refuseOutside(session, sql, itself);
  await refuseWriting(session, sql);
  try {
    await session.run("begin transaction read only");
    return await work();
  } catch (error) {
    throw await queryOrServerFailure(session, error, sql);
  } finally {
    await session.run("rollback").catch(() => undefined); // a failed transaction may be gone already
  }
}

function readOnly(session: Session, { sql, what, rows }: QueryRequest): Promise<Found> {
  return reading(
    session,
    sql,
    async () => {
      if (what === "profile") return profileOf(session, sql);
      if (what !== "rows") return planOf(session, sql, what);
      const result = await session.connection.stream(sql);
      const types = result.columnTypes();
      const columns = result.columnNames().map((name, index) => ({ name, type: String(types[index]) }));
      const caps = { rowsMax: rows, bytesMax: ANSWER_BYTES_MAX, cellCharactersMax: CELL_CHARACTERS_MAX };
      return { columns, ...(await readCapped(result, caps)), plan: null, profile: null };
    },
    "shown",
  );
}

const NO_ROWS = { columns: [], rows: [], cutBy: null, cellsCut: 0, plan: null, profile: null } as const;

async function planOf(session: Session, sql: string, what: "plan" | "analyze"): Promise<Found> {
  const rows = await session.rows<{ explain_value: string }>(`explain ${what === "analyze" ? "analyze " : ""}${sql}`);
  return { ...NO_ROWS, plan: rows.map(({ explain_value }) => explain_value).join("\n") };
}

async function profileOf(session: Session, sql: string): Promise<Found> {
  const rows = await session.rows(`summarize ${sql}`);
  if (rows.length > PROFILE_COLUMNS_MAX)
    throw new MillraceError({
      code: "MR8143",
      message: `${rows.length} columns are more than are profiled at once (${PROFILE_COLUMNS_MAX})`,
    });
  const profile = rows.map((row): ColumnProfileAnswer => {
    const text = (key: string): string | null => {
      const value = row[key] ?? null;
      return value === null ? null : typeof value === "string" ? value : JSON.stringify(value);
    };
    return {
      name: text("column_name") ?? "",
      type: text("column_type") ?? "",
      rows: Number(row["count"] ?? 0),
      nullPercent: Number(row["null_percentage"] ?? 0),
      distinct: Number(row["approx_unique"] ?? 0),
      min: text("min"),
      max: text("max"),
      mean: text("avg"),
      median: text("q50"),
    };
  });
  return { ...NO_ROWS, profile };
}

/** What the warehouse says about itself may hold a secret: the text of a view over a server, a setting. */
function redacted(workspace: Workspace, answer: QueryRunAnswer): QueryRunAnswer {
  if (workspace.secretValues().length === 0) return answer;
  const clean = (value: JsonValue): JsonValue => {
    if (typeof value === "string") return workspace.redact(value);
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((each: JsonValue) => clean(each));
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, clean(inner)]));
  };
  return {
    ...answer,
    rows: answer.rows.map((row) => row.map(clean)),
    plan: answer.plan === null ? null : workspace.redact(answer.plan),
    profile: answer.profile === null ? null : (clean(answer.profile as unknown as JsonValue) as unknown as QueryRunAnswer["profile"]),
  };
}
