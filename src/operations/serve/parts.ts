// The concrete parts that `serve` works with, besides those of every operation; `app.ts` hands them in.
import type { HttpClient } from "../../model/define.ts";
import type { MessageSource } from "../../model/message.ts";
import type { CallPort } from "../../model/calls.ts";
import type { WebhookPort } from "../../model/webhook.ts";

import type { Workspace } from "../workspace.ts";

export interface ListenRequest {
  readonly host: string;
  readonly port: number;
  /** Null: one is made, which is enough on loopback alone. */
  readonly token: string | null;
  readonly webhooks: WebhookPort;
  readonly calls: CallPort;
}

export interface Listening {
  readonly url: string;
  readonly token: string;
  close(): Promise<void>;
}

export interface ServeParts {
  /** @throws MR8101 when nothing can listen there, MR8102 when others could reach it without a token. */
  listen(request: ListenRequest): Promise<Listening>;
  /** The operations of a project, for processes that cannot open its warehouse. */
  calls(workspace: (environment: string | undefined) => Promise<Workspace>): CallPort;
  http(context: { readonly signal: AbortSignal; log(level: "info" | "warn", message: string): void }): Promise<HttpClient>;
  /** Sources of messages by the key that names them in `message:`. */
  readonly messages: Readonly<Record<string, MessageSource>>;
  /** The status of the answer behind an error of `http`. */
  httpStatus(thrown: unknown): Promise<number | undefined>;
}
