// The webhooks of a project: which path is whose, how its sender proves itself, and what the job is told of a delivery.
import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JsonValue } from "../../model/answers.ts";
import { asMillraceError, MillraceError } from "../../model/errors.ts";
import { JOB_LIMITS, type JobName } from "../../model/job-events.ts";
import {
  hookAsset,
  hookFolder,
  WEBHOOK_BODY_BYTES_MAX,
  type WebhookAnswer,
  type WebhookDelivery,
  type WebhookRoute,
  type WebhookSignature,
} from "../../model/webhook.ts";
import { replaceFile } from "../../platform/files.ts";
import { resolvePlaceholders } from "../../project/placeholders.ts";
import type { JobDesk } from "../jobs/desk.ts";
import type { Workspace } from "../workspace.ts";
import { bytesOf, msOf, type ServedTrigger } from "./triggers.ts";

export interface HookRoute extends WebhookRoute {
  /** The asset whose rows are the bodies; null: they are not kept. */
  readonly keepIn: string | null;
  /** Paths of the body that parameters of the run are taken from. */
  readonly wanted: readonly (readonly string[])[];
}

export interface Hooks {
  readonly routes: ReadonlyMap<string, HookRoute>;
  /** What keeps a webhook from being taken. */
  readonly problems: readonly MillraceError[];
}

const TOLERANCE_MS = 5 * 60_000;

/** A webhook whose secret is missing has no route: it could not tell anybody from anybody else. */
export function hooksOf(workspace: Workspace, triggers: readonly ServedTrigger<"webhook">[]): Hooks {
  const routes = new Map<string, HookRoute>();
  const problems: MillraceError[] = [];
  for (const trigger of triggers) {
    const { options, job, file } = trigger;
    const taken = routes.get(options.path);
    if (taken !== undefined) {
      const message = `${job}: the path ${options.path} is that of a webhook of ${taken.job}`;
      problems.push(new MillraceError({ code: "MR8103", message, location: { file, line: 1, column: 1 } }));
      continue;
    }
    try {
      routes.set(options.path, routeOf(workspace, trigger));
    } catch (thrown) {
      const error = asMillraceError(thrown);
      problems.push(new MillraceError({ code: "MR8103", message: `${job}: ${options.path}: ${error.message}`, cause: error }));
    }
  }
  return { routes, problems };
}

function routeOf(workspace: Workspace, { job, trigger, options }: ServedTrigger<"webhook">): HookRoute {
  const { deliveryHeader, idempotency, keepBody } = options;
  const header = idempotency?.startsWith("header:") === true ? idempotency.slice("header:".length) : deliveryHeader;
  const path = idempotency === undefined || idempotency.startsWith("header:") ? undefined : pathOf(idempotency);
  return {
    path: options.path,
    job,
    trigger,
    signature: options.signature === undefined ? null : signatureOf(workspace, options.signature),
    ...(header === undefined ? {} : { deliveryHeader: header }),
    ...(path === undefined ? {} : { deliveryPath: path }),
    bodyMaxBytes: bytesOf(options.maxBody, WEBHOOK_BODY_BYTES_MAX),
    keepIn: hookAsset(job, trigger, keepBody),
    wanted: [...JSON.stringify(options.params ?? {}).matchAll(/\$\{\s*event:body\.([\w.-]+)\s*\}/g)].map((match) => pathOf(match[1]!)),
  };
}

function signatureOf(workspace: Workspace, written: NonNullable<ServedTrigger<"webhook">["options"]["signature"]>): WebhookSignature {
  const values = { env: process.env, secrets: workspace.secrets(), params: {} };
  const { hmacSha256: secret } = resolvePlaceholders({ hmacSha256: written.hmacSha256 }, values, {
    onSecret: (each) => workspace.useSecret(each),
  });
  const { header, tolerance } = written;
  const isStripe = written.kind === undefined ? /^stripe-signature$/i.test(header) : written.kind === "stripe";
  if (isStripe) return { kind: "timestamped", header, secret, toleranceMs: msOf(tolerance, TOLERANCE_MS) };
  return { kind: "body", header, secret, prefix: written.prefix ?? (/^x-hub-signature-256$/i.test(header) ? "sha256=" : "") };
}

/** Keeps the body when it is wanted, then tells the job. @throws MR6024 and other errors of the store. */
export async function acceptDelivery(
  workspace: Workspace,
  desk: JobDesk,
  route: HookRoute,
  delivery: WebhookDelivery,
): Promise<WebhookAnswer> {
  const key = delivery.id ?? randomUUID();
  if (route.keepIn !== null) await keepBody(join(workspace.dir, hookFolder(route.keepIn)), route, key, delivery);
  const answer = await desk.tell({ type: "happened", trigger: route.trigger, key, item: itemOf(route, key, delivery) });
  switch (answer.kind) {
    case "started":
    case "queued":
      return { run: answer.run, status: answer.kind, duplicate: false };
    case "duplicate":
      return { run: answer.run === "" ? null : answer.run, status: "duplicate", duplicate: true };
    case "noted":
      return { run: null, status: "noted", duplicate: false, why: answer.why };
    case "skipped":
    case "held":
      return { run: null, status: "skipped", duplicate: false, why: answer.why };
    case "nothing":
      throw new MillraceError({
        code: "MR8103",
        message: `${route.job} was defined anew by another engine; send it again`,
        retryable: true,
      });
    default:
      return answer satisfies never;
  }
}

/** What the job's stream holds of it: the whole body when it is small, else what the run's parameters need. */
function itemOf(route: HookRoute, delivery: string, { json, headers, body }: WebhookDelivery): JsonValue {
  const common = { delivery, headers, bytes: body.length };
  const whole: JsonValue = { ...common, body: json ?? null };
  if (Buffer.byteLength(JSON.stringify(whole)) <= JOB_LIMITS.itemBytes) return whole;
  return { ...common, body: projected(json, route.wanted) };
}

function projected(json: JsonValue | undefined, paths: readonly (readonly string[])[]): JsonValue {
  const result: Record<string, JsonValue> = {};
  for (const path of paths) {
    let from: JsonValue | undefined = json;
    let to: Record<string, JsonValue> = result;
    for (const [index, name] of path.entries()) {
      if (typeof from !== "object" || from === null || !Object.hasOwn(from, name)) break;
      from = (from as Readonly<Record<string, JsonValue>>)[name]!;
      if (index === path.length - 1) to[name] = from;
      else to = (to[name] ??= {}) as Record<string, JsonValue>;
    }
  }
  return result;
}

/** One file per delivery: the same delivery is the same file. */
async function keepBody(folder: string, route: HookRoute, key: string, delivery: WebhookDelivery): Promise<void> {
  const name = createHash("sha256")
    .update(`${route.job satisfies JobName} ${route.trigger} ${key}`)
    .digest("hex")
    .slice(0, 32);
  const path = join(folder, name.slice(0, 2), `${name}.json`);
  if (existsSync(path)) return;
  const row = {
    delivery: key,
    received_at: new Date(delivery.receivedAtMs).toISOString(),
    headers: JSON.stringify(delivery.headers),
    body: new TextDecoder().decode(delivery.body),
  };
  await replaceFile(path, (beside) => writeFile(beside, JSON.stringify(row)));
}

function pathOf(text: string): readonly string[] {
  return text
    .replace(/^\$\.?/, "")
    .split(".")
    .filter((part) => part !== "");
}
