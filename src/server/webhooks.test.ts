import { createHmac } from "node:crypto";
import { request as httpRequest } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { MillraceError } from "../model/errors.ts";
import { createServerApp, type RunningServer, startServer } from "./server.ts";
import type { WebhookDelivery, WebhookPort, WebhookRoute } from "../model/webhook.ts";

const NOW_MS = Date.UTC(2026, 10, 21, 8);
const whose = { path: "/hooks", job: "nightly", trigger: "webhook" };
const github: WebhookRoute = {
  ...whose,
  signature: { kind: "body", header: "X-Hub-Signature-256", prefix: "sha256=", secret: "It's a Secret to Everybody" },
};
const stripe: WebhookRoute = {
  ...whose,
  signature: { kind: "timestamped", header: "Stripe-Signature", secret: "whsec_test", toleranceMs: 300_000 },
};
const open: WebhookRoute = { ...whose, signature: null, bodyMaxBytes: 1_000 };

interface Engine extends WebhookPort {
  readonly taken: WebhookDelivery[];
}

function engine(fails?: MillraceError): Engine {
  const taken: WebhookDelivery[] = [];
  return {
    taken,
    now: () => NOW_MS,
    route: (path) => ({ "/hooks/github": github, "/hooks/stripe": stripe, "/hooks/open": open })[path],
    accept: async (_route, delivery) => {
      if (fails !== undefined) throw fails;
      const duplicate = delivery.id !== null && taken.some(({ id }) => id === delivery.id);
      if (!duplicate) taken.push(delivery);
      return { run: `r_${taken.length}`, status: duplicate ? "duplicate" : "started", duplicate };
    },
  };
}

function post(webhooks: Engine, path: string, body: string, headers: Record<string, string>, host = "127.0.0.1"): Promise<Response> {
  const app = createServerApp({ host, port: 4400, token: "t0ken", webhooks });
  return Promise.resolve(app.request(path, { method: "POST", body, headers: { host: "127.0.0.1:4400", ...headers } }));
}

const sign = (secret: string, text: string): string => createHmac("sha256", secret).update(text).digest("hex");

describe("a webhook of the GitHub kind", () => {
  it("is taken with the signature of GitHub's own documentation", async () => {
    const webhooks = engine();
    // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries: the example that they give for testing
    const signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    const answer = await post(webhooks, "/hooks/github", "Hello, World!", { "X-Hub-Signature-256": signature, "X-GitHub-Delivery": "d-1" });
    expect(answer.status).toBe(202);
    expect(await answer.json()).toEqual({ v: 1, run: "r_1", status: "started", duplicate: false });
    expect(webhooks.taken[0]).toMatchObject({ id: "d-1", json: undefined, headers: { "x-github-delivery": "d-1" } });
  });

  it("is taken once per delivery id; a replay answers 200 and says so", async () => {
    const webhooks = engine();
    const headers = { "X-Hub-Signature-256": `sha256=${sign("It's a Secret to Everybody", "{}")}`, "X-GitHub-Delivery": "d-1" };
    expect((await post(webhooks, "/hooks/github", "{}", headers)).status).toBe(202);
    const replay = await post(webhooks, "/hooks/github", "{}", headers);
    expect(replay.status).toBe(200);
    expect(await replay.json()).toMatchObject({ duplicate: true });
    expect(webhooks.taken).toHaveLength(1);
  });

  it("is known by its signed body for a while when it has no id", async () => {
    const webhooks = engine();
    const headers = { "X-Hub-Signature-256": `sha256=${sign("It's a Secret to Everybody", "{}")}` };
    expect((await post(webhooks, "/hooks/github", "{}", headers)).status).toBe(202);
    expect((await post(webhooks, "/hooks/github", "{}", headers)).status).toBe(200);
  });

  it.each([
    ["missing", {}],
    ["empty", { "X-Hub-Signature-256": "" }],
    ["of another body", { "X-Hub-Signature-256": `sha256=${sign("It's a Secret to Everybody", "{ }")}` }],
    ["of another secret", { "X-Hub-Signature-256": `sha256=${sign("guess", "{}")}` }],
    ["without its prefix", { "X-Hub-Signature-256": sign("It's a Secret to Everybody", "{}") }],
    ["cut short", { "X-Hub-Signature-256": `sha256=${sign("It's a Secret to Everybody", "{}").slice(0, 20)}` }],
  ] as const)("is refused with 401 when the signature is %s", async (_, headers) => {
    const webhooks = engine();
    expect((await post(webhooks, "/hooks/github", "{}", { ...headers, "X-GitHub-Delivery": "d-1" })).status).toBe(401);
    expect(webhooks.taken).toEqual([]);
  });
});

describe("a webhook of the Stripe kind", () => {
  const header = (seconds: number, body: string, secret = "whsec_test"): Record<string, string> => ({
    "Stripe-Signature": `t=${seconds},v1=${sign(secret, `${seconds}.${body}`)},v0=old`,
  });
  const body = JSON.stringify({ id: "evt_1", type: "charge.succeeded" });

  it("is known by the event's id", async () => {
    const webhooks = engine();
    expect((await post(webhooks, "/hooks/stripe", body, header(NOW_MS / 1_000, body))).status).toBe(202);
    expect(webhooks.taken[0]!.id).toBe("evt_1");
    expect((await post(webhooks, "/hooks/stripe", body, header(NOW_MS / 1_000 + 1, body))).status).toBe(200);
  });

  it("takes any of several signatures, as while a secret is rolled over", async () => {
    const both = `t=${NOW_MS / 1_000},v1=${sign("old", `${NOW_MS / 1_000}.${body}`)},v1=${sign("whsec_test", `${NOW_MS / 1_000}.${body}`)}`;
    expect((await post(engine(), "/hooks/stripe", body, { "Stripe-Signature": both })).status).toBe(202);
  });

  it.each([-301, 301])("is refused when it was signed %s seconds off", async (seconds) => {
    expect((await post(engine(), "/hooks/stripe", body, header(NOW_MS / 1_000 + seconds, body))).status).toBe(401);
  });

  it("is refused when the time was changed after it was signed", async () => {
    const old = header(NOW_MS / 1_000 - 900, body)["Stripe-Signature"]!;
    const changed = old.replace(/t=\d+/, `t=${NOW_MS / 1_000}`);
    expect((await post(engine(), "/hooks/stripe", body, { "Stripe-Signature": changed })).status).toBe(401);
  });
});

describe("a webhook without a signature", () => {
  it("is taken from this machine, and not by the name of another", async () => {
    expect((await post(engine(), "/hooks/open", "a=b", {})).status).toBe(202);
    expect((await post(engine(), "/hooks/open", "a=b", { host: "evil.example:4400" })).status).toBe(403);
    expect((await post(engine(), "/hooks/open", "a=b", { origin: "http://evil.example" })).status).toBe(403);
  });

  it("wants the token on any other address", async () => {
    expect((await post(engine(), "/hooks/open", "a=b", {}, "0.0.0.0")).status).toBe(401);
    expect((await post(engine(), "/hooks/open", "a=b", { authorization: "Bearer wrong" }, "0.0.0.0")).status).toBe(401);
    expect((await post(engine(), "/hooks/open", "a=b", { authorization: "Bearer t0ken" }, "0.0.0.0")).status).toBe(202);
  });

  it("is never a duplicate when it has no id", async () => {
    const webhooks = engine();
    await post(webhooks, "/hooks/open", "{}", {});
    await post(webhooks, "/hooks/open", "{}", {});
    expect(webhooks.taken.map(({ id }) => id)).toEqual([null, null]);
  });
});

describe("what is not taken", () => {
  it("answers 404 for a path of nobody and 405 for a GET", async () => {
    expect((await post(engine(), "/hooks/nobody", "{}", {})).status).toBe(404);
    const app = createServerApp({ host: "127.0.0.1", port: 0, token: "", webhooks: engine() });
    expect((await app.request("/hooks/open", { headers: { host: "localhost:4400" } })).status).toBe(405);
  });

  it("answers 422 with the error when the parameters are wrong, 503 when trying again helps", async () => {
    const wrong = new MillraceError({ code: "MR8007", message: "there is no parameter x" });
    const answer = await post(engine(wrong), "/hooks/open", "{}", {});
    expect(answer.status).toBe(422);
    expect(await answer.json()).toEqual({ v: 1, error: { code: "MR8007", message: "there is no parameter x" } });
    const busy = new MillraceError({ code: "MR6024", message: "locked", retryable: true });
    expect((await post(engine(busy), "/hooks/open", "{}", {})).status).toBe(503);
  });

  it("answers 413 to a body that is too long", async () => {
    const webhooks = engine();
    expect((await post(webhooks, "/hooks/open", "x".repeat(1_001), {})).status).toBe(413);
    expect((await post(webhooks, "/hooks/open", "x".repeat(1_000), {})).status).toBe(202);
  });
});

describe("a body of 1 GB", () => {
  let server: RunningServer | undefined;
  afterEach(() => server?.close());

  it.each(["with its length told", "in chunks"])("is refused before it has been read, %s", async (how) => {
    server = await startServer({ host: "127.0.0.1", port: 0, token: "", webhooks: engine() });
    const length = 1_000_000_000;
    const chunk = Buffer.alloc(1_000_000);
    let sent = 0;
    const status = await new Promise<number>((resolve, reject) => {
      const headers = how === "in chunks" ? { "transfer-encoding": "chunked" } : { "content-length": length };
      const request = httpRequest(`${server!.url}/hooks/open`, { method: "POST", headers }, (response) => resolve(response.statusCode!));
      request.on("error", reject);
      const send = (): void => {
        while (sent < length && !request.destroyed) {
          sent += chunk.length;
          if (!request.write(chunk)) return void request.once("drain", send);
        }
      };
      send();
    });
    expect(status).toBe(413);
    expect(sent).toBeLessThan(length / 4);
  });
});
