// The concrete parts that `serve` works with, besides those of every operation; `app.ts` hands them in.
import type { HttpClient } from "../../model/define.ts";
import type { MessageSource } from "../../model/message.ts";
import type { AccessPort } from "../../model/access.ts";
import type { CallPort } from "../../model/calls.ts";
import type { LivePort } from "../../model/live.ts";
import type { WebhookPort } from "../../model/webhook.ts";
import type { ApiPort } from "../port.ts";
import type { ServeRequest } from "./request.ts";
import type { Workspace } from "../workspace.ts";

export interface ListenRequest extends ServeRequest {
  readonly webhooks: WebhookPort;
  readonly calls: CallPort;
  readonly access: AccessPort;
  readonly live: LivePort;
  readonly api: ApiPort;
}

export interface Listening {
  readonly url: string;
  readonly token: string;
  /** Opens one session of the page; null where others could read it. */
  readonly link: string | null;
  close(): Promise<void>;
}

export interface ServeParts {
  /** @throws MR8101 when nothing can listen there, MR8102 when others could reach it without a token. */
  listen(request: ListenRequest): Promise<Listening>;
  /** The operations of a project, for processes that cannot open its warehouse. */
  calls(workspace: (environment: string | undefined) => Promise<Workspace>): CallPort;
  /** The same for requests of the API. */
  api(workspace: (environment: string | undefined) => Promise<Workspace>): ApiPort;
  http(context: { readonly signal: AbortSignal; log(level: "info" | "warn", message: string): void }): Promise<HttpClient>;
  /** Sources of messages by the key that names them in `message:`. */
  readonly messages: Readonly<Record<string, MessageSource>>;
  /** The status of the answer behind an error of `http`. */
  httpStatus(thrown: unknown): Promise<number | undefined>;
}
