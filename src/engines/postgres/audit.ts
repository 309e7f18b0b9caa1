// The checks of a version on the server, in the transaction that builds it: one scan counts all of them, one more per failed check fetches rows.
import type { Client } from "pg";
import type { JsonValue } from "../../model/answers.ts";
import { MillraceError } from "../../model/errors.ts";
import { SAMPLE_ROWS_MAX } from "../../load/check-sql.ts";
import { statusOf, type CheckResult, type CompiledCheck } from "../../load/check.ts";
import type { EngineBuild } from "../../load/engine-port.ts";
import { ident } from "../../sql/text.ts";
import { textOfCheck } from "./text.ts";

export interface Audited {
  readonly asset: string;
  /** Qualified and quoted. */
  readonly relation: string;
  readonly reads: EngineBuild["reads"];
}

interface Count {
  readonly looked: number;
  readonly failing: number;
}

/** Results in the order of the checks. @throws MR4504 unknown column, MR4505 a check that cannot run. */
export async function auditThere(
  client: Client,
  audited: Audited,
  checks: readonly CompiledCheck[],
  columns: readonly { readonly name: string }[],
): Promise<readonly CheckResult[]> {
  const known = new Set(columns.map(({ name }) => name.toLowerCase()));
  const results: CheckResult[] = [];
  for (const check of checks) {
    const missing = check.columns.find((name) => !known.has(name.toLowerCase()));
    if (missing !== undefined)
      throw new MillraceError({
        code: "MR4504",
        message: `${audited.asset}: ${check.name} checks the column ${missing}, which does not exist`,
        hint: `there are ${columns.map(({ name }) => name).join(", ")}`,
        ...(check.location === null ? {} : { location: check.location }),
      });
    try {
      results.push(await auditOne(client, audited, check));
    } catch (error) {
      if (error instanceof MillraceError || (error as { code?: string }).code?.startsWith("08") === true) throw error;
      throw new MillraceError({
        code: "MR4505",
        message: `${audited.asset}: ${check.name} cannot run on PostgreSQL: ${(error as Error).message}`,
        hint: "its SQL is run by the server: write it as PostgreSQL understands it",
        ...(check.location === null ? {} : { location: check.location }),
        cause: error,
      });
    }
  }
  return results;
}

async function auditOne(client: Client, audited: Audited, check: CompiledCheck): Promise<CheckResult> {
  const sql = markSql(audited, check);
  if (sql === null) return countOf(client, audited, check);
  const { rows } = await client.query<Record<keyof Count, string>>(
    `select count(*) filter (where look) as looked, count(*) filter (where look and bad) as failing from (${sql}) q`,
  );
  const { looked, failing }: Count = { looked: Number(rows[0]!.looked), failing: Number(rows[0]!.failing) };
  const status = statusOf(check, failing, looked);
  const sample =
    status === "passed" ? [] : await samples(client, `select sample from (${sql}) q where look and bad limit ${SAMPLE_ROWS_MAX}`);
  return resultOf(check, { status, failing, sample });
}

/** Rows with two marks, whether the check looks at them and whether they break it; null for a check that counts. */
function markSql({ relation, reads }: Audited, check: CompiledCheck): string | null {
  const { test } = check;
  const look = check.where === null ? "true" : `coalesce((\n${textOfCheck(check.where, reads)}\n), false)`;
  switch (test.kind) {
    case "row":
      return `select ${look} as look, case when ${look} then coalesce((${inDialect(textOfCheck(test.bad, reads))}), false) else false end as bad, row_to_json(t) as sample from ${relation} t`;
    case "duplicates": {
      const looked = `(${look} and not (${test.of.map((key) => `${key} is null`).join(" and ")}))`;
      return `select look, look and n > 1 as bad, sample from (select ${looked} as look, count(*) over (partition by ${looked}, ${test.of.join(", ")}) as n, row_to_json(t) as sample from ${relation} t) q`;
    }
    case "query": {
      const inner = textOfCheck(test.sql.trim().replace(/;+\s*$/, ""), reads);
      const named = test.alias === undefined ? "" : `with ${ident(test.alias)} as (select * from ${relation})\n`;
      return `${named}select true as look, ${look} as bad, row_to_json(t) as sample from (\n${inner}\n) t`;
    }
    case "count":
      return null;
    case "aggregate":
      throw new MillraceError({ code: "MR4665", message: `${check.name} is not carried out by PostgreSQL` });
    default:
      return test satisfies never;
  }
}

async function countOf(client: Client, { relation, reads }: Audited, check: CompiledCheck): Promise<CheckResult> {
  if (check.test.kind !== "count") throw new Error("not a check of counts");
  const where = check.where === null ? "" : ` where ${textOfCheck(check.where, reads)}`;
  const { rows } = await client.query<{ n: string }>(`select count(*) as n from ${relation} t${where}`);
  const n = Number(rows[0]!.n);
  const { min, max } = check.test;
  const failing = min !== null && n < min ? min - n : max !== null && n > max ? n - max : 0;
  const status = statusOf(check, failing, n);
  return resultOf(check, { status, failing, sample: failing === 0 ? [] : [{ rows: n, min, max }] });
}

async function samples(client: Client, sql: string): Promise<CheckResult["sample"]> {
  const { rows } = await client.query<{ sample: Readonly<Record<string, JsonValue>> }>(sql);
  return rows.map(({ sample }) => sample);
}

/** The one check whose SQL is DuckDB's own. */
function inDialect(bad: string): string {
  return bad.replace(/^not regexp_matches\(([\s\S]*)::varchar, ('(?:[^']|'')*')\)$/, "not ($1::text ~ $2)");
}

function resultOf(check: CompiledCheck, found: Pick<CheckResult, "status" | "failing" | "sample">): CheckResult {
  const { name, kind, severity, onFail } = check;
  return { check: name, kind, severity, onFail, ...found };
}
