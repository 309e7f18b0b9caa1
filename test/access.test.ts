// Access to a served project, with the engine as a process of its own: what is printed for the page, whose name acts have, streams that end with their token,
// and that no answer of any route holds a secret.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fillPath, methodOf } from "../src/model/api-paths.ts";
import { anyRoutes } from "../src/server/api.ts";
import { plant, plantPlainly, secretsIn } from "./chaos/planted.ts";
import { type Served, serveIn, until } from "./engine.ts";
import { project } from "./millrace.ts";
import { millrace } from "./warm.ts";

let files: ReturnType<typeof project>;
let engine: Served;
const printed = { stdout: "", stderr: "" };

const SECRETS = {
  PASSWORD: plantPlainly("password"),
  BEARER: plant("bearer"),
  HOOK: plantPlainly("hook"),
  SHOWN: plantPlainly("shown"),
};

beforeAll(async () => {
  files = project({
    "millrace.yaml":
      'name: guarded\nconnections:\n  county: { postgres: { url: "postgres://reader:${secret:PASSWORD}@127.0.0.1:1/county" } }\n',
    "secrets.env": Object.entries(SECRETS)
      .map(([name, value]) => `${name}=${JSON.stringify(value)}\n`)
      .join(""),
    "data/x.csv": "id,v\n1,a\n2,b\n,c\n",
    "sources/x.yaml": 'from: { files: { path: "data/x.csv" } }\ncolumns: { id: { type: integer, required: true } }\n',
    "sources/away.yaml": "from: { postgres: { connection: county, table: public.sales } }\n",
    "sources/api.yaml": 'from: { http: { url: "http://127.0.0.1:1/x", auth: { bearer: "${secret:BEARER}" } } }\n',
    "models/clean/y.sql": "select * from raw.x\n",
    "jobs/nightly.yaml": [
      'select: "+clean.y"',
      "tasks:",
      "  tell: { shell: 'echo the secret is ${secret:SHOWN}; echo ${secret:SHOWN} >&2; exit 3' }",
      "triggers:",
      '  - webhook: { path: /hooks/a, signature: { hmacSha256: "${secret:HOOK}", header: X-Hub-Signature-256 } }',
      "",
    ].join("\n"),
  });
  await millrace(["run", "nightly"], files.dir);
  await millrace(["run", "--select", "raw.away"], files.dir);
  engine = await serveIn(files.dir, {
    args: [],
    env: { MILLRACE_TOKEN: plantPlainly("engine") },
    onStart: ({ stdout, stderr }) => {
      stdout!.on("data", (text: string) => (printed.stdout += text));
      stderr!.on("data", (text: string) => (printed.stderr += text));
    },
  });
}, 60_000);
afterAll(async () => {
  engine.child.kill("SIGKILL");
  await engine.finished;
  files.remove();
});

async function ask(method: string, path: string, headers: Record<string, string> = {}, body?: object): Promise<any> {
  const answer = await fetch(`${engine.url}/api/v1${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { http: answer.status, ...((await answer.json()) as object) };
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

async function token(name: string, scope: string): Promise<string> {
  return (await millrace(["token", "create", name, "--scope", scope, "--json"], files.dir)).lines()[0]!["token"] as string;
}

async function audit(...words: readonly string[]): Promise<readonly any[]> {
  return (await millrace(["audit", "--json", ...words], files.dir)).lines()[0]!["entries"] as any[];
}

describe("the link to the page", () => {
  it("is a note on stderr, and stdout is what it was", async () => {
    await until(() => (printed.stderr.includes("#key=") ? true : undefined));
    expect(printed.stdout).toMatch(/^✓ http:\/\/127\.0\.0\.1:\d+ {2}1 job, 1 trigger {2}\S+\n$/);
    const link = /http:\S+/.exec(printed.stderr)![0];
    expect(link.startsWith(`${engine.url}/#key=`)).toBe(true);
  });

  it("is made anew by the command for whoever can read the engine's file", async () => {
    const { stdout } = await millrace(["token", "link"], files.dir);
    const origin = engine.url;
    const key = stdout.trim().split("#key=")[1]!;
    const begun = await ask("POST", "/session", { origin, "x-millrace": "page" }, { key });
    expect(begun).toMatchObject({ http: 200, signedIn: true, scope: "admin", via: "page" });
  });

  it("wants an engine: the command ends with 6 without one", async () => {
    const idle = project({ "millrace.yaml": "name: idle\n" });
    const { exitCode, stderr } = await millrace(["token", "link"], idle.dir);
    expect([exitCode, stderr.includes("MR8120")]).toEqual([6, true]);
    idle.remove();
  });
});

describe("the audit log", () => {
  it("tells who did what by which way, with what was before and after and why", async () => {
    const ci = await token("ci", "operate");
    await millrace(["triggers", "pause", "nightly", "--why", "source is down"], files.dir, { MILLRACE_BY: "alice" });
    await ask("POST", "/jobs/nightly/resume", bearer(ci), {});
    const [resumed, paused] = await audit("--subject", "nightly", "--limit", "2");
    const pausedNow = expect.objectContaining({ by: "alice", why: "source is down" });
    expect(paused).toMatchObject({
      by: "alice",
      via: "command",
      act: "triggers.pause",
      environment: "prod",
      why: "source is down",
      error: null,
    });
    expect([paused.before, paused.after]).toEqual([{ webhook: null }, { webhook: pausedNow }]);
    expect(resumed).toMatchObject({ by: "ci", via: "api", act: "triggers.resume", why: null });
    expect([resumed.before, resumed.after]).toEqual([{ webhook: pausedNow }, { webhook: null }]);
  });

  it("tells of a run as soon as it is durable, of acts that failed, and not of those that only look", async () => {
    const operate = await token("starter", "operate");
    const started = await ask("POST", "/runs", bearer(operate), { select: "clean.y" });
    expect(started.http).toBe(202);
    await ask("POST", "/runs/r_nowhere/cancel", bearer(operate), { why: "by mistake" });
    await ask("POST", "/assets/clean.y/rollback", bearer(operate), { to: "v1", dryRun: true });
    await ask("GET", "/runs", bearer(operate));
    const entries = await audit("--by", "starter");
    expect(entries.map(({ act, subject, after, why, error }) => ({ act, subject, after, why, error }))).toEqual([
      { act: "runs.cancel", subject: "r_nowhere", after: null, why: "by mistake", error: "MR6101" },
      { act: "runs.start", subject: "clean.y", after: { run: started.run }, why: null, error: null },
    ]);
  });

  it("names whoever calls the command, also where the engine carries it out", async () => {
    await millrace(["quarantine", "discard", "raw.x", "--reason", "no id"], files.dir, { MILLRACE_BY: "bob" });
    const [entry] = await audit("--by", "bob");
    expect(entry).toMatchObject({ act: "quarantine.discard", via: "command", subject: "raw.x", after: { records: 1 }, why: "no id" });
  });

  it("is read page by page, newest first", async () => {
    const all = await audit("--limit", "1000");
    expect(all.map(({ entry }) => entry)).toEqual(all.map((_, at) => all.length - at));
    const first = await ask("GET", "/audit?limit=2", bearer(engine.token));
    const second = await ask("GET", `/audit?limit=2&cursor=${first.next}`, bearer(engine.token));
    expect([...first.entries, ...second.entries]).toEqual(all.slice(0, 4));
  });
});

describe("a stream of events", () => {
  it("ends with an event when the token that opened it is revoked by another process", async () => {
    const short = await token("short", "read");
    const stream = await fetch(`${engine.url}/api/v1/live?topics=runs`, { headers: bearer(short) });
    expect(stream.status).toBe(200);
    const text = (async () => {
      let all = "";
      for await (const chunk of stream.body!.pipeThrough(new TextDecoderStream())) all += chunk;
      return all;
    })();
    await millrace(["token", "revoke", "short"], files.dir);
    expect(await text).toMatch(/^event: end\ndata: .*revoked.*$/m);
    expect((await ask("GET", "/runs", bearer(short))).http).toBe(401);
  });
});

describe("SQL of a token that reads", () => {
  const files = "(select content from read_text('secrets.env'))";
  const refused = { error: { code: "MR8140" } };

  it("reads no file of the machine, as a query, a condition or a correction that is only tried", async () => {
    const reads = bearer(await token("reader", "read"));
    expect(await ask("POST", "/query", reads, { sql: `select ${files}` })).toMatchObject(refused);
    expect(await ask("POST", "/query", reads, { sql: "from query_table('data/x.csv')" })).toMatchObject(refused);
    expect(await ask("GET", `/assets/raw.x/rows?where=${encodeURIComponent(`v = ${files}`)}`, reads)).toMatchObject(refused);
    const tried = { act: "fix", named: ["raw.x"], set: { v: files } };
    expect(await ask("POST", "/quarantine/preview", reads, tried)).toMatchObject(refused);
    expect(
      await ask("POST", "/quarantine/preview", reads, { ...tried, set: { v: "1) from read_text('secrets.env') where (true" } }),
    ).toMatchObject(refused);
    expect(await ask("POST", "/quarantine/preview", reads, { ...tried, set: {}, where: `_raw = ${files}` })).toMatchObject(refused);
  });

  it("reads what stands in the warehouse", async () => {
    const reads = bearer(await token("looker", "read"));
    expect(await ask("GET", `/assets/raw.x/rows?where=${encodeURIComponent("v = (select min(v) from raw.x)")}`, reads)).toMatchObject({
      http: 200,
      total: 1,
    });
  });
});

it("no answer of any route holds a secret, whoever asks", { timeout: 60_000 }, async () => {
  const admin = await token("auditor", "admin");
  const { runs } = await ask("GET", "/runs");
  const failed = runs.find(({ job }: any) => job === "nightly");
  const known: Readonly<Record<string, readonly unknown[]>> = {
    asset: ["raw.x", "raw.away", "raw.api", "clean.y"],
    target: ["clean.y", "raw.away"],
    run: [failed.run],
    job: ["nightly"],
    connector: ["postgres", "http"],
    connection: ["county"],
    code: ["MR1001"],
    kind: ["source"],
    name: ["prod"],
    sql: [
      "select * from raw.x",
      "select * from read_text('secrets.env')",
      "select * from read_text('.millrace/engine.json')",
      "select * from duckdb_secrets()",
      "select getenv('MILLRACE_TOKEN')",
      "select * from duckdb_settings()",
    ],
    text: ["secret", "PASSWORD"],
    q: ["secret"],
    task: ["tell"],
    node: ["tell"],
  };
  /** What would end what is looked at here. */
  const aside = new Set(["tokens.create", "session.link", "live.stream"]);
  const found: string[] = [];
  let answered = 0;
  for (const route of anyRoutes) {
    if (aside.has(route.id)) continue;
    const names = Object.keys(route.input.shape);
    const varied = names.find((name) => (known[name]?.length ?? 0) > 1);
    for (const value of varied === undefined ? [null] : known[varied]!) {
      const required = names.filter((name) => !route.input.shape[name]!.safeParse(undefined).success || known[name]?.length === 1);
      const input = Object.fromEntries(required.filter((name) => known[name] !== undefined).map((name) => [name, known[name]![0]]));
      if (varied !== undefined) input[varied] = value;
      let url: string;
      let rest: Readonly<Record<string, unknown>>;
      try {
        ({ path: url, rest } = fillPath(route.id, input));
      } catch {
        ({ path: url, rest } = fillPath(route.id, Object.fromEntries(names.map((name) => [name, input[name] ?? "x"]))));
      }
      const isRead = methodOf(route.id) === "GET";
      const query = new URLSearchParams(Object.fromEntries(Object.entries(isRead ? rest : {}).map(([name, each]) => [name, String(each)])));
      const answer = await fetch(`${engine.url}/api/v1${url}?${query}`, {
        method: methodOf(route.id),
        headers: { ...bearer(admin), "content-type": "application/json" },
        ...(isRead ? {} : { body: JSON.stringify(rest) }),
      });
      const text = `${await answer.text()}${JSON.stringify([...answer.headers])}`;
      if (answer.ok) answered += 1;
      const secrets = secretsIn(text, [admin.slice(-43)]);
      if (secrets.length > 0) found.push(`${route.id} ${JSON.stringify(input)}: ${secrets.join(", ")} in ${text.slice(0, 300)}`);
    }
  }
  const others: Record<string, string> = {};
  for (const path of ["/api", "/api/openapi.json", "/", "/nonsense"])
    others[path] = await (await fetch(engine.url + path, { headers: bearer(admin) })).text();
  for (const [name, given] of Object.entries({
    overview: {},
    diagnose: { run: failed.run },
    logs: { run: failed.run },
    describe: { asset: "raw.away" },
    query: { sql: "select getenv('MILLRACE_TOKEN')" },
  })) {
    const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: given } };
    const headers = { ...bearer(admin), "content-type": "application/json", accept: "application/json, text/event-stream" };
    others[`mcp ${name}`] = await (await fetch(`${engine.url}/mcp`, { method: "POST", headers, body: JSON.stringify(call) })).text();
  }
  const leaving = new AbortController();
  const topics = `runs,assets,logs:${failed.run},run:${failed.run}`;
  const stream = await fetch(`${engine.url}/api/v1/live?topics=${topics}&after=0`, { signal: leaving.signal });
  let heard = "";
  const listening = (async () => {
    for await (const chunk of stream.body!.pipeThrough(new TextDecoderStream())) heard += chunk;
  })().catch(() => {}); // it is left
  const { run } = await ask("POST", "/runs", bearer(admin), { job: "nightly" });
  await until(() => heard.includes(run) || undefined);
  leaving.abort();
  await listening;
  others["live"] = heard;
  for (const [place, text] of Object.entries(others)) found.push(...secretsIn(text).map((secret) => `${place}: ${secret}`));
  expect(others["mcp diagnose"]).toContain(failed.run);
  expect(found).toEqual([]);
  expect(answered).toBeGreaterThan(40);
  expect(secretsIn(printed.stdout + printed.stderr)).toEqual([]);
});
