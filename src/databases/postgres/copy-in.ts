// COPY … FROM STDIN (FORMAT binary): messages go to the socket as they are; no more is on its way than the socket and a few chunks hold.
import type { Connection } from "pg";

/** More waits until the server has taken some. */
const WAITING_BYTES_MAX = 4 << 20;

/** A query of the driver that takes rows until `end`. */
export class CopyIn {
  /** The server waits for rows; rejected with what it says instead. */
  readonly ready: Promise<void>;
  /** Rows that the server took. */
  readonly done: Promise<number>;
  private readonly text: string;
  private connection!: Connection;
  private resolveReady!: () => void;
  private rejectReady!: (error: unknown) => void;
  private resolveDone!: (rows: number) => void;
  private rejectDone!: (error: unknown) => void;
  private failure: unknown;
  private isTaking = false;
  private rows = -1;
  /** Wakes who waits for room. */
  private wake: (() => void) | undefined;

  constructor(text: string) {
    this.text = text;
    this.ready = new Promise((resolve, reject) => {
      this.resolveReady = resolve;
      this.rejectReady = reject;
    });
    this.done = new Promise((resolve, reject) => {
      this.resolveDone = resolve;
      this.rejectDone = reject;
    });
    this.ready.catch(() => {}); // told to who awaits it
    this.done.catch(() => {});
  }

  submit(connection: Connection): void {
    this.connection = connection;
    connection.query(this.text);
  }

  /** The server has all that was written and waits for more: it is our turn. */
  get isWaitingForRows(): boolean {
    return this.isTaking && this.connection.stream.writableLength === 0;
  }

  /** Sends one message; resolved when there is room for the next. @throws what the server said meanwhile. */
  async write(message: Buffer, onSent?: () => void): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    const { stream } = this.connection;
    stream.write(message, onSent);
    if (stream.writableLength < WAITING_BYTES_MAX) return;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      stream.once("drain", resolve);
    });
    if (this.failure !== undefined) throw this.failure;
  }

  /** All rows were sent. */
  end(): Promise<number> {
    this.isTaking = false;
    (this.connection as unknown as { endCopyFrom(): void }).endCopyFrom();
    return this.done;
  }

  /** The rows cannot be had: the server forgets those it has. */
  abandon(): void {
    this.isTaking = false;
    (this.connection as unknown as { sendCopyFail(why: string): void }).sendCopyFail("the rows cannot be read");
  }

  handleCopyInResponse(): void {
    this.isTaking = true;
    this.resolveReady();
  }

  handleError(error: unknown): void {
    this.failure = error;
    this.rejectReady(error);
    this.rejectDone(error);
    this.wake?.();
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.rows = Number(/^COPY (\d+)/.exec(message.text)?.[1] ?? -1);
  }

  handleReadyForQuery(): void {
    if (this.failure === undefined) this.resolveDone(this.rows);
  }

  handleCopyData(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handlePortalSuspended(): void {}
  handleEmptyQuery(): void {}
}
