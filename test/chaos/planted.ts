// Secrets that are planted, and the search for them in everything that was written: plain, in an address, in base64 wherever they stand in it, packed, and in
// the tables of databases that store text in other ways.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { gunzipSync } from "node:zlib";
import { inWarehouse } from "./warehouse.ts";

/** Stands in the middle of every planted secret, so that no form of it is without; letters and digits, so that an address shows it as it is. */
const MARK = "pL4nt3dS3cr3t";

/** A secret with signs that addresses, JSON and shells write otherwise. */
export function plant(what: string): string {
  return `${what}/${MARK}+"${what}'=&%`;
}

/** One that may stand in an address as it is. */
export function plantPlainly(what: string): string {
  return `${what}-${MARK}-${what}`;
}

/** What tells of a secret in base64, whichever bytes stand before it: the letters that depend on nothing but the mark. */
function marksInBase64(): readonly string[] {
  return [0, 1, 2].flatMap((before) => {
    const whole = Buffer.from(`${"x".repeat(before)}${MARK}`);
    const letters = whole.subarray(0, whole.length - (whole.length % 3)).toString("base64");
    return [letters.slice(before === 0 ? 0 : 4)];
  });
}

/** `also`: secrets that others chose. Answers the forms that were found in the bytes. */
export function secretsIn(bytes: Uint8Array | string, also: readonly string[] = []): readonly string[] {
  const text = typeof bytes === "string" ? Buffer.from(bytes) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const utf16 = Buffer.from(MARK, "utf16le");
  const forms = [
    MARK,
    Buffer.from(MARK).toString("hex"),
    ...marksInBase64(),
    ...also,
    ...also.map((one) => Buffer.from(one).toString("base64")),
  ];
  return [...forms.filter((form) => text.includes(form)), ...(text.includes(utf16) ? ["UTF-16"] : [])];
}

/** Searches all files below the folder but those named, and all text in the warehouse; answers where something was found. */
export async function secretsBelow(dir: string, without: ReadonlySet<string>, also: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  const look = (place: string, bytes: Uint8Array | string): void => {
    for (const form of secretsIn(bytes, also)) found.push(`${place}: ${form}`);
  };
  for (const entry of readdirSync(dir, { recursive: true, encoding: "utf8" })) {
    const path = join(dir, entry);
    if (without.has(relative(dir, path)) || !statSync(path).isFile()) continue;
    look(`name of ${entry}`, entry);
    const bytes = readFileSync(path);
    look(entry, bytes);
    if (entry.endsWith(".gz")) look(`in ${entry}`, gunzipSync(bytes));
  }
  await inWarehouse(dir, async (query) => {
    for (const [schema, table] of await query(
      "select schema_name, table_name from duckdb_tables() where database_name = current_database()",
    ))
      look(`${schema}.${table}`, JSON.stringify(await query(`select * from "${schema}"."${table}"`)));
    look("views", JSON.stringify(await query("select sql from duckdb_views()")));
  });
  return found;
}
