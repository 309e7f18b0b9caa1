// Columns of a source before its first load, from its first page: a hypothesis for `plan`. No answer within seconds is no answer.
import type { StagedColumn } from "../../formats/format.ts";
import { pagesOf } from "./read.ts";
import type { Merged } from "./settings.ts";
import type { SessionContext } from "./wire/session.ts";

const PEEK = "5s";

/** Null when the first page cannot be read; the load will say why. */
export async function peekRows(merged: Merged, context: SessionContext): Promise<readonly StagedColumn[] | null> {
  const brief: Merged = { ...merged, attempts: 1, parallel: 1, timeouts: { connect: PEEK, response: PEEK, body: PEEK } };
  try {
    for await (const { rows } of pagesOf(brief, { ...context, log: () => undefined })) return columnsOf(rows);
  } catch (thrown) {
    if (context.signal.aborted) throw thrown;
  }
  return null;
}

/** Columns of rows and their likely types; null when there are none. */
export function columnsOf(rows: readonly Readonly<Record<string, unknown>>[]): readonly StagedColumn[] | null {
  const types = new Map<string, Set<string>>();
  for (const row of rows) {
    if (typeof row !== "object" || row === null || Array.isArray(row)) continue;
    for (const [key, value] of Object.entries(row)) {
      const seen = types.get(key) ?? new Set();
      types.set(key, seen);
      if (value !== null) seen.add(typeOf(value));
    }
  }
  if (types.size === 0) return null;
  return [...types].map(([name, seen]) => {
    const type = joined(seen);
    return { name, label: name, type, exactText: type === "VARCHAR" || type === "BIGINT", why: "from the first page" };
  });
}

function typeOf(value: unknown): string {
  if (typeof value === "boolean") return "BOOLEAN";
  if (typeof value === "bigint") return "HUGEINT";
  if (typeof value === "number") return Number.isInteger(value) ? "BIGINT" : "DOUBLE";
  return typeof value === "object" ? "JSON" : "VARCHAR";
}

function joined(types: ReadonlySet<string>): string {
  const [only] = types;
  if (only !== undefined && types.size === 1) return only;
  if ([...types].every((type) => type === "BIGINT" || type === "DOUBLE") && types.size > 0) return "DOUBLE";
  return "VARCHAR";
}
