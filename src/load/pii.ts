// Personal data: what `pii:` makes of a column before anything of it stands in the asset. Values in quarantine and in the raw zone stay as received.
//   P1. A masked column is text. What is no value stays none.
//   P2. `hash` is HMAC-SHA-256 with a key that is no part of the data, so that nobody finds values by trying; equal values stay equal, for joins.
//   P3. The key stands in variables of the session, never in a statement that an error could show.
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { PiiChoice } from "../model/definitions/source.ts";
import { MillraceError } from "../model/errors.ts";
import type { Session } from "../sql/session.ts";

const BLOCK_BYTES = 64;
const INNER = "_millrace_pii_inner";
const OUTER = "_millrace_pii_outer";

/** How a column that is loaded is masked. */
export type Mask = Exclude<PiiChoice, "drop">;

/** SQL of the masked text. */
export function maskedSql(mask: Mask, text: string): string {
  const when = (masked: string): string => `case when (${text}) is not null then ${masked} end`;
  switch (mask) {
    case "hash":
      return when(`sha256(getvariable('${OUTER}') || unhex(sha256(getvariable('${INNER}') || encode((${text})::varchar))))`);
    case "mask":
      return when(`left((${text})::varchar, 1) || '*****'`);
    case "redact":
      return when("'[redacted]'");
    default:
      return mask satisfies never;
  }
}

/** Makes `hash` possible on this session: the key of MILLRACE_PII_KEY, else of the file `pii.key` beside the warehouse, which is made. @throws MR4627. */
export async function usePiiKey(session: Session): Promise<void> {
  const row = await session.row<{ path: string | null }>("select path from duckdb_databases() where database_name = current_database()");
  const key = keyOf(row?.path ?? null);
  const block = Buffer.alloc(BLOCK_BYTES);
  (key.length > BLOCK_BYTES ? createHash("sha256").update(key).digest() : key).copy(block);
  for (const [name, pad] of [
    [INNER, 0x36],
    [OUTER, 0x5c],
  ] as const) {
    const padded = Buffer.from(block.map((byte) => byte ^ pad)).toString("hex");
    await session.run(`set variable ${name} = unhex('${padded}')`);
  }
}

function keyOf(warehouse: string | null): Buffer {
  const given = process.env["MILLRACE_PII_KEY"];
  if (given !== undefined && given !== "") return Buffer.from(given, "utf8");
  if (warehouse === null) throw new MillraceError({ code: "MR4627", message: "pii: hash has no key" });
  const file = join(dirname(warehouse), "pii.key");
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600, flag: "wx" });
  return Buffer.from(readFileSync(file, "utf8").trim(), "utf8");
}

/** @throws MR4628 for a name that is no column: a slip there would show what is to be hidden. */
export function refuseUnknownPii(asset: string, pii: Readonly<Record<string, PiiChoice>>, names: ReadonlySet<string>): void {
  const unknown = Object.entries(pii).filter(([name, choice]) => choice !== "drop" && !names.has(name));
  if (unknown.length === 0 || names.size === 0) return;
  throw new MillraceError({
    code: "MR4628",
    message: `pii: ${asset} has no column ${unknown.map(([name]) => JSON.stringify(name)).join(", ")}.`,
    hint: `Its columns are ${[...names].slice(0, 30).join(", ")}.`,
  });
}
