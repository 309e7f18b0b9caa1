// The port of message brokers for `message:` triggers. A connector for a broker implements it; none is built in yet.
import type { JsonValue } from "./json.ts";

export interface Message {
  /** Identity within the source: topic, partition and offset, or the broker's id. It is taken once. */
  readonly id: string;
  /** Small (JOB_LIMITS.itemBytes as JSON); what is larger is named, not contained. */
  readonly item: JsonValue;
}

export interface Subscription {
  close(): Promise<void>;
}

export interface MessageSource {
  /**
   * Hands over messages, oldest first, one at a time. `take` resolves when the message is durable: only then is it acknowledged; when it rejects, the
   * message is handed over again.
   */
  subscribe(
    options: Readonly<Record<string, unknown>>,
    take: (message: Message) => Promise<void>,
    signal: AbortSignal,
  ): Promise<Subscription>;
}
