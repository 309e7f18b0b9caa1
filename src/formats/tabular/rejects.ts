// The records that could not be taken as they stood, one JSON line each in a scratch file, until they become the rejected table.
import { closeSync, openSync } from "node:fs";
import type { DuckDBConnection } from "@duckdb/node-api";
import { literal } from "../../sql/text.ts";
import { writeFully } from "../delimited/patch.ts";
import type { RejectedColumns } from "../format.ts";

/** Of the raw form of one record; the rest is told by its length. */
const RAW_CHARACTERS_MAX = 1 << 20;
const FLUSH_CHARACTERS = 1 << 20;
const OBJECT_BYTES_MIN = 16 << 20;

export interface RejectAccount {
  readonly path: string;
  readonly quarantined: number;
  readonly repaired: number;
  /** Records per rule. */
  readonly rules: ReadonlyMap<string, number>;
}

export class Rejects {
  private readonly path: string;
  private readonly file: number;
  private text = "";
  private quarantined = 0;
  private repaired = 0;
  private readonly rules = new Map<string, number>();

  constructor(path: string) {
    this.path = path;
    this.file = openSync(path, "w");
  }

  /** NUL is shown as ␀, since SQL text cannot hold it. */
  add({ kind, line, lines, rule, reason, raw }: RejectedColumns): void {
    const rest = raw.length - RAW_CHARACTERS_MAX;
    const kept = `${raw.slice(0, RAW_CHARACTERS_MAX)}${rest > 0 ? `… (${rest} more characters)` : ""}`.replaceAll("\0", "\u2400");
    this.text += `${JSON.stringify({ kind, line, lines, rule, reason, raw: kept })}\n`;
    if (this.text.length > FLUSH_CHARACTERS) this.flush();
    if (kind === "quarantined") this.quarantined++;
    else this.repaired++;
    this.rules.set(rule, (this.rules.get(rule) ?? 0) + 1);
  }

  close(): RejectAccount {
    this.flush();
    closeSync(this.file);
    const { path, quarantined, repaired, rules } = this;
    return { path, quarantined, repaired, rules };
  }

  private flush(): void {
    writeFully(this.file, Buffer.from(this.text));
    this.text = "";
  }
}

/** Creates the table of rejected records, or adds to the one that another step has made. */
export async function loadRejects(connection: DuckDBConnection, into: string, path: string, table: "new" | "there" = "new"): Promise<void> {
  const columns = { kind: "VARCHAR", line: "BIGINT", lines: "BIGINT", rule: "VARCHAR", reason: "VARCHAR", raw: "VARCHAR" };
  const typed = Object.entries(columns).map(([name, type]) => `${name}: ${literal(type)}`);
  const verb = table === "new" ? `create or replace table ${into} as` : `insert into ${into}`;
  await connection.run(
    `${verb} select kind, line, lines, rule, reason, raw from read_json(${literal(path)}, format = 'newline_delimited', ` +
      `compression = 'uncompressed', columns = {${typed.join(", ")}}, maximum_object_size = ${OBJECT_BYTES_MIN})`,
  );
}
