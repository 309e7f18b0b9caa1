// Watches over connections on which nothing moves: another connection asks whether the server is at work on what it was told or waits for us. A server may
// take hours for a query or an index; one that waits for us although we wait for it is behind a connection that is dead.
import type { Socket } from "node:net";
import type { Client } from "pg";
import type { CopyIn } from "../../databases/postgres/copy-in.ts";
import { parseDurationMs } from "../../model/duration.ts";
import { MillraceError } from "../../model/errors.ts";
import { close, type Server } from "./connect.ts";
import type { PostgresOptions } from "./options.ts";

const SILENCE_MS = 30_000;

export function silenceOf({ silence }: Pick<PostgresOptions, "silence">): number {
  return silence === undefined ? SILENCE_MS : (parseDurationMs(silence) ?? SILENCE_MS);
}

/** Whether the server's process works on something and does not wait for its client. No answer: no. */
export async function isAtWork(server: Server, processId: number): Promise<boolean> {
  try {
    const client = await server.connect();
    try {
      const { rows } = await client.query<{ state: string; wait_event: string | null }>(
        "select state, wait_event from pg_catalog.pg_stat_activity where pid = $1",
        [processId],
      );
      return rows[0]?.state === "active" && rows[0].wait_event !== "ClientWrite" && rows[0].wait_event !== "ClientRead";
    } finally {
      close(client);
    }
  } catch {
    return false;
  }
}

/** What of the driver's client is needed here and not declared. */
interface Inner {
  readonly processID: number;
  readonly readyForQuery: boolean;
}

/**
 * Over a connection that writes: when nothing was taken and nothing came for the time of silence while it was the server's turn, and the server is not at
 * work, the connection ends with an error that passes (MR4803).
 */
export class WriteWatch {
  private readonly client: Client;
  private readonly server: Server;
  private readonly silenceMs: number;
  private readonly stream: Socket;
  private copy: CopyIn | undefined;
  private hasEnded = false;

  constructor({ client, server, silenceMs }: { readonly client: Client; readonly server: Server; readonly silenceMs: number }) {
    this.client = client;
    this.server = server;
    this.silenceMs = silenceMs;
    this.stream = client.connection.stream as Socket;
    // Node's own clock of a socket: it knows of messages of which a part was taken.
    this.stream.setTimeout(silenceMs).on("timeout", this.onSilence);
  }

  /** While this one waits for rows it is our turn, however long DuckDB needs for them. */
  follow(copy: CopyIn): void {
    this.copy = copy;
  }

  end(): void {
    this.hasEnded = true;
    this.stream.off("timeout", this.onSilence).setTimeout(0);
  }

  private readonly onSilence = (): void => {
    void this.ask();
  };

  private async ask(): Promise<void> {
    const { stream } = this;
    const inner = this.client as unknown as Inner;
    const isServersTurn = !inner.readyForQuery && this.copy?.isWaitingForRows !== true;
    const before = stream.bytesRead;
    const isDead = isServersTurn && !(await isAtWork(this.server, inner.processID)) && stream.bytesRead === before;
    if (this.hasEnded || stream.destroyed) return;
    if (isDead) {
      stream.destroy(new MillraceError({ code: "MR4803", message: `${this.server.place}: nothing is taken any more`, retryable: true }));
    } else stream.setTimeout(this.silenceMs);
  }
}
