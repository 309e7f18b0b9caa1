// The rows of a query of DuckDB on their way into a table of PostgreSQL, as binary COPY: the next chunk is fetched while the last one is encoded and sent.
import type { Client } from "pg";
import type { DuckDBConnection } from "@duckdb/node-api";
import { CopyIn } from "../../databases/postgres/copy-in.ts";
import { copyHeader, copyTrailer, RowEncoder } from "../../databases/postgres/encode.ts";
import { vectorBindings } from "../../databases/vectors.ts";
import { MillraceError } from "../../model/errors.ts";
import { ident } from "../../sql/text.ts";
import type { OutgoingColumn } from "./outgoing.ts";
import type { WriteWatch } from "./watch.ts";

export interface Sending {
  readonly client: Client;
  readonly connection: DuckDBConnection;
  /** Of DuckDB; gives the columns in their order. */
  readonly query: string;
  readonly columns: readonly OutgoingColumn[];
  /** Qualified and quoted. */
  readonly into: string;
  readonly signal: AbortSignal;
  readonly watch: WriteWatch;
}

/** Rows that arrived. @throws what either side says, MR4809. */
export async function sendRows({ client, connection, query, columns, into, signal, watch }: Sending): Promise<number> {
  const names = columns.map(({ name }) => ident(name)).join(", ");
  const copy = new CopyIn(`copy ${into} (${names}) from stdin (format binary)`);
  watch.follow(copy);
  client.query(copy);
  await copy.ready;
  let sent = 0;
  try {
    const select = columns.map((column) => `${column.select} as ${ident(column.name)}`).join(", ");
    const result = await connection.stream(`select ${select} from (${query}\n) q`);
    const bindings = await vectorBindings();
    const encoder =
      bindings === null
        ? null
        : new RowEncoder(
            bindings,
            columns.map(({ wire }) => wire),
          );
    await copy.write(copyHeader());
    let next = result.fetchChunk();
    for (;;) {
      const chunk = await next;
      if (chunk === null || chunk.rowCount === 0) break;
      signal.throwIfAborted();
      next = result.fetchChunk();
      next.catch(() => {}); // told when it is awaited
      sent += chunk.rowCount;
      if (encoder === null) await copy.write(textRows(chunk.getRows()));
      else {
        const message = encoder.encode(chunk.chunk);
        await copy.write(message, () => encoder.release(message));
      }
    }
    await copy.write(copyTrailer());
  } catch (error) {
    if (
      !(await Promise.race([
        copy.done.then(
          () => true,
          () => true,
        ),
        new Promise<boolean>((resolve) => setImmediate(resolve, false)),
      ]))
    ) {
      copy.abandon();
      await copy.done.catch(() => {});
    }
    throw error;
  }
  const rows = await copy.end();
  if (rows !== sent) throw new MillraceError({ code: "MR4809", message: `${into}: ${sent} rows were sent, but ${rows} arrived` });
  return rows;
}

/** Rows of texts as one COPY message. */
function textRows(rows: readonly (readonly unknown[])[]): Buffer {
  const parts: Buffer[] = [];
  for (const row of rows) {
    const count = Buffer.alloc(2);
    count.writeInt16BE(row.length);
    parts.push(count);
    for (const cell of row) {
      const text = cell === null ? null : Buffer.from(cell as string);
      const length = Buffer.alloc(4);
      length.writeInt32BE(text?.length ?? -1);
      parts.push(length, ...(text === null ? [] : [text]));
    }
  }
  const payload = Buffer.concat(parts);
  const head = Buffer.alloc(5);
  head[0] = 0x64;
  head.writeInt32BE(payload.length + 4, 1);
  return Buffer.concat([head, payload]);
}
