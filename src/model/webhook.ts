// The port between the server, which takes deliveries, and the engine, which knows whose they are.
import type { JsonValue } from "./json.ts";

/**
 * How the sender proves itself: HMAC-SHA256 of the body, or of the time and the body (the Stripe kind); hosts of repositories by `X-Hub-Signature-256`
 * (GitHub, Gitea), or by the secret itself (GitLab).
 */
export type WebhookSignature =
  | { readonly kind: "body"; readonly header: string; readonly prefix: string; readonly secret: string }
  | { readonly kind: "push"; readonly secret: string }
  | { readonly kind: "timestamped"; readonly header: string; readonly secret: string; readonly toleranceMs: number };

export interface WebhookRoute {
  readonly path: string;
  readonly job: string;
  readonly trigger: string;
  /** Null: whoever may speak to the server may call it. */
  readonly signature: WebhookSignature | null;
  /** Names the delivery; default: those of GitHub and of the Standard Webhooks, then Stripe's event id. */
  readonly deliveryHeader?: string;
  /** Path in the body of what names the delivery, in place of a header. */
  readonly deliveryPath?: readonly string[];
  readonly bodyMaxBytes?: number;
}

export interface WebhookDelivery {
  /** Null: the sender gave none, so that it cannot be told from another of the same content. */
  readonly id: string | null;
  readonly body: Uint8Array;
  /** The body as JSON; undefined when it is none. */
  readonly json: JsonValue | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly receivedAtMs: number;
}

export interface WebhookAnswer {
  /** Null: it waits to be gathered with others, or leads to no run. */
  readonly run: string | null;
  readonly status: "started" | "queued" | "noted" | "skipped" | "duplicate";
  readonly duplicate: boolean;
  readonly why?: string;
}

/** What the server asks of the engine. */
export interface WebhookPort {
  route(path: string): WebhookRoute | undefined;
  /** Resolves when the request is durable. @throws MillraceError: its sender is told (422), or to try again (503) when it is retryable. */
  accept(route: WebhookRoute, delivery: WebhookDelivery): Promise<WebhookAnswer>;
  now(): number;
}

export const WEBHOOK_BODY_BYTES_MAX = 1_000_000;

/** The asset whose rows are the bodies of a webhook; null when they are not kept. */
export function hookAsset(job: string, trigger: string, keepBody: boolean | string | undefined): string | null {
  if (keepBody === undefined || keepBody === false) return null;
  return keepBody === true ? `raw.${`${job}_${trigger}`.replaceAll(/\W/g, "_")}` : keepBody;
}

/** Where the deliveries of an asset are kept, from the project's folder. */
export function hookFolder(asset: string): string {
  return `.millrace/hooks/${asset}`;
}
