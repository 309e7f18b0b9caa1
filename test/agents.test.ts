// Tools for agents, asked by the official client of the Model Context Protocol: over standard input and output of `millrace mcp`, and over HTTP of `millrace
// serve`. What they read, what they may not, what a person confirms, what is masked, and what the audit log tells of it.
import type { ChildProcess } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { serveIn } from "./engine.ts";
import { entry, project } from "./millrace.ts";
import { millrace } from "./warm.ts";

const TOOLS = ["overview", "search", "describe", "lineage", "query", "preview", "plan", "run", "backfill", "diagnose", "logs", "resolve"];
const PEOPLE = [
  "id,price,email,note",
  "1,$10.50,ada@example.org,call +44 20 7946 0958",
  "2,$0.20,bob@example.org,card 4111 1111 1111 1111",
  "3,n/k,cyd@example.org,IBAN DE89 3704 0044 0532 0130 00",
  "",
].join("\n");

let files: ReturnType<typeof project>;
const servers = new Set<ChildProcess>();
const clients: Client[] = [];

beforeEach(() => {
  files = project({
    "millrace.yaml": "name: shop\n",
    "data/sales.csv": PEOPLE,
    "sources/sales.yaml":
      'from: { files: { path: "data/sales.csv" } }\nprimaryKey: [id]\ncolumns: { price: { type: "decimal(18,2)", parse: money } }\n',
    "models/clean/sales.sql": "/*---\nmaterialize: table\nowner: '@ana'\n---*/\nselect id, price, email as contact, note from raw.sales\n",
    "jobs/nightly.yaml": 'select: "*"\n',
  });
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  for (const child of servers) child.kill("SIGKILL");
  servers.clear();
  await pause(50);
  files.remove();
});

interface Answer {
  readonly text: string;
  readonly data: any;
  readonly isError: boolean;
}

/** A tool's answer. */
async function call(client: Client, name: string, input: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
  const { content, structuredContent, isError } = await client.callTool({ name, arguments: input });
  const [first] = content as readonly { readonly type: string; readonly text: string }[];
  return { text: first!.text, data: structuredContent, isError: isError === true };
}

async function overStdio(args: readonly string[] = [], asked?: (question: string) => boolean): Promise<Client> {
  const client = new Client({ name: "agent", version: "1" }, { capabilities: asked === undefined ? {} : { elicitation: {} } });
  if (asked !== undefined)
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => ({ action: "accept", content: { confirm: asked(params.message) } }));
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [entry, "mcp", "--quiet", ...args], cwd: files.dir, stderr: "inherit" }),
  );
  clients.push(client);
  return client;
}

async function overHttp(url: string, token?: string): Promise<Client> {
  const client = new Client({ name: "agent", version: "1" });
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } }) as never);
  clients.push(client);
  return client;
}

async function serve(): Promise<string> {
  return (await serveIn(files.dir, { onStart: (child) => servers.add(child) })).url;
}

async function tokenOf(scope: string): Promise<string> {
  const made = await millrace(["token", "create", scope, "--scope", scope, "--json"], files.dir);
  return made.lines()[0]!["token"] as string;
}

/** Everything but what acts, on a project that was built. */
async function reads(client: Client): Promise<void> {
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual(TOOLS);
  expect(tools.filter(({ annotations }) => annotations?.readOnlyHint !== true).map(({ name }) => name)).toEqual([
    "run",
    "backfill",
    "resolve",
  ]);
  expect(tools.find(({ name }) => name === "resolve")!.annotations).toMatchObject({ destructiveHint: true });

  const seen = await call(client, "overview");
  expect(seen.text).toContain("- clean.sales · model · current · 2 · models/clean/sales.sql:1");
  expect(seen.text).toContain("needs attention");
  expect((await call(client, "search", { words: "contact" })).text).toContain("column | clean.sales.contact");
  expect((await call(client, "describe", { name: "clean.sales", source: true })).text).toContain("email as contact");
  expect((await call(client, "lineage", { target: "clean.sales.contact" })).text).toContain(
    "raw.sales.email → clean.sales.contact · identity",
  );
  expect((await call(client, "plan")).data.nodes).toHaveLength(2);

  const { data, text } = await call(client, "query", { sql: "select * from clean.sales order by id" });
  expect(data.rows).toEqual([
    [1, "10.50", "[masked]", "call [masked]"],
    [2, "0.20", "[masked]", "card [masked]"],
  ]);
  expect(data.masked).toEqual(["contact", "note"]);
  expect(text).not.toContain("example.org");
  expect((await call(client, "preview", { asset: "raw.sales", profile: true })).text).not.toContain("example.org");
  expect((await call(client, "query", { sql: "select * from range(1000)", limit: 3 })).data.rows).toHaveLength(3);
  expect(await call(client, "query", { sql: "drop table clean.sales" })).toMatchObject({
    isError: true,
    data: { error: { code: "MR8002" } },
  });
  expect((await call(client, "query", { sql: `from '${entry}'` })).isError).toBe(true);
  expect((await call(client, "describe", { name: "clean.nothing" })).data.error.code).toBe("MR6102");
  expect((await call(client, "query", { sql: 3 })).isError).toBe(true);

  const { resources } = await client.listResources();
  expect(resources.map(({ uri }) => uri)).toContain("millrace://asset/clean.sales");
  const { contents } = await client.readResource({ uri: "millrace://asset/clean.sales" });
  expect((contents[0] as { readonly text: string }).text).toContain("owner @ana");
  const { prompts } = await client.listPrompts();
  expect(prompts.map(({ name }) => name)).toEqual(["triage_morning", "add_source", "explain_failure"]);
  const { messages } = await client.getPrompt({ name: "explain_failure", arguments: { run: "r_1" } });
  expect((messages[0]!.content as { readonly text: string }).text).toContain("r_1");
}

async function refusesToAct(client: Client): Promise<void> {
  for (const [name, input] of [
    ["run", { job: "nightly" }],
    ["backfill", { asset: "clean.sales", dry_run: false }],
    ["resolve", { decision: "discard", records: ["raw.sales"] }],
  ] as const)
    expect(await call(client, name, input)).toMatchObject({ isError: true, data: { error: { code: "MR8131" } } });
}

describe("millrace mcp", () => {
  beforeEach(async () => {
    expect((await millrace(["run"], files.dir)).exitCode).toBe(0);
  });

  it("lets an agent read all of the project, a few rows at a time and masked, and refuses what acts", async () => {
    const client = await overStdio();
    await reads(client);
    await refusesToAct(client);
  });

  it("lets it act when a person allows it, and decide when a person confirms exactly that", async () => {
    const client = await overStdio(["--allow-write"]);
    files.write("models/clean/sales.sql", "select id, price from raw.slaes\n");
    expect((await call(client, "plan")).text).toContain("models/clean/sales.sql");
    files.write(
      "models/clean/sales.sql",
      "/*---\nmaterialize: table\nchecks: [ { rowCount: { min: 10 } } ]\n---*/\nselect id, price from raw.sales\n",
    );
    const broken = await call(client, "run", { select: "clean.sales" });
    expect(broken.text).toContain("failed");
    const cause = await call(client, "diagnose");
    expect(cause.text).toContain("clean.sales failed after");
    expect(cause.text).toContain("what to do:");
    files.write("models/clean/sales.sql", "select id, price from raw.sales\n");
    expect((await call(client, "run", { from_failure: cause.data.run.run })).data.run.status).toBe("succeeded");

    const decision = { decision: "fix", records: ["raw.sales"], set: { price: "'7.25'" }, why: "the shop says so" };
    const proposed = await call(client, "resolve", decision);
    expect(proposed.text).toContain("nothing was done yet");
    const { confirmation } = proposed.data as { readonly confirmation: string };
    expect((await call(client, "resolve", { ...decision, confirm: "yes_guessed" })).data.error.code).toBe("MR8132");
    const shown = await millrace(["confirm", confirmation, "--yes"], files.dir);
    expect(shown.stderr).toContain("fix raw.sales");
    const confirm = shown.stdout.trim();
    const other = { ...decision, set: { price: "'0'" }, confirm };
    expect((await call(client, "resolve", other)).data.error).toMatchObject({
      code: "MR8132",
      message: expect.stringContaining("something else") as string,
    });
    expect((await call(client, "resolve", { ...decision, confirm })).data.run.status).toBe("succeeded");
    expect((await call(client, "resolve", { ...decision, confirm })).data.error.code).toBe("MR8132");
    expect((await call(client, "query", { sql: "select price from raw.sales where id = 3" })).data.rows).toEqual([["7.25"]]);

    const audit = await millrace(["audit", "--json"], files.dir);
    const entries = audit.lines()[0]!["entries"] as readonly Record<string, unknown>[];
    expect(entries.filter(({ via }) => via === "agent").map(({ act }) => act)).toContain("quarantine.decide");
  });

  it("asks the person at its side where its program can", async () => {
    const questions: string[] = [];
    const answers = [false, true];
    const client = await overStdio(["--allow-write"], (question) => (questions.push(question), answers.shift()!));
    const decision = { decision: "discard", records: ["raw.sales"], why: "not ours" };
    expect((await call(client, "resolve", decision)).text).toContain("the person said no");
    expect((await call(client, "resolve", decision)).text).toContain("1 records of raw.sales are discarded");
    expect(questions[0]).toContain("discard raw.sales");
  });
});

/** One wrong request of each kind for each tool: names that nothing has, other types, no end, what writes. */
const WRONG: readonly (readonly [tool: string, input: Readonly<Record<string, unknown>>, told: RegExp])[] = [
  ["overview", { select: "tag:none" }, /MR2020/],
  ["overview", { select: "((" }, /MR2021/],
  ["overview", { select: 7 }, /expected string/],
  ["search", { words: "" }, /too_small|Too small/],
  ["search", { words: ["a"] }, /expected string/],
  ["search", { words: "x".repeat(10_000) }, /too_big|Too big/],
  ["search", { words: "sales", limit: 1e9 }, /too_big|Too big/],
  ["describe", { name: "clean.nothing" }, /MR6102/],
  ["describe", { name: "r_NOTHING" }, /MR6101/],
  ["describe", { name: "b_NOTHING" }, /MR8211/],
  ["describe", { name: "__proto__" }, /MR6102/],
  ["describe", { name: "constructor", kind: "job" }, /MR(1614|8311|6103)/],
  ["describe", { name: "x".repeat(5_000) }, /too_big|Too big/],
  ["lineage", { target: "clean.nothing" }, /MR2020/],
  ["lineage", { target: "clean.sales.nothing" }, /MR2020/],
  ["lineage", { target: "clean.sales", depth: 1e9 }, /too_big|Too big/],
  ["lineage", { target: "clean.sales", direction: "sideways" }, /nvalid/],
  ["query", { sql: "" }, /too_small|Too small/],
  ["query", { sql: "selekt 1" }, /MR8001/],
  ["query", { sql: "from nothing.at.all" }, /MR8001/],
  ["query", { sql: "select 1; select 2" }, /MR8\d\d\d/],
  ["query", { sql: "create table clean.mine as select 1" }, /MR8002/],
  ["query", { sql: "delete from clean.sales" }, /MR8002/],
  ["query", { sql: "attach 'other.duckdb'" }, /MR8\d\d\d/],
  ["query", { sql: "copy (select 1) to 'out.csv'" }, /MR8\d\d\d/],
  ["query", { sql: "from read_csv('/etc/passwd')" }, /MR8140/],
  ["query", { sql: "select sum(a.range * b.range) from range(10000000) a, range(10000000) b", seconds: 1 }, /MR8141/],
  ["query", { sql: "select 1", seconds: 3_600 }, /too_big|Too big/],
  ["preview", { asset: "clean.nothing" }, /MR6102/],
  ["preview", { asset: "clean.nothing", profile: true }, /MR6102/],
  ["preview", { asset: "clean.sales", where: "nothing = 1" }, /MR8001/],
  ["preview", { asset: "clean.sales", where: "id in (select 1 from read_csv('/etc/passwd'))" }, /MR8140/],
  ["preview", { asset: "clean.sales", limit: 1e6 }, /too_big|Too big/],
  ["plan", { select: "status:" }, /MR202\d/],
  ["plan", { job: "nothing" }, /MR6103/],
  ["plan", { against: "nowhere" }, /MR8\d\d\d/],
  ["run", { job: "nothing" }, /MR6103/],
  ["run", { select: "clean.nothing" }, /MR2020/],
  ["run", { from_failure: "r_NOTHING" }, /MR6101/],
  ["run", { job: "nightly", params: { region: 3 } }, /expected string/],
  ["run", {}, /exactly one/],
  ["run", { job: "nightly", wait: 1e9 }, /too_big|Too big/],
  ["backfill", { asset: "clean.nothing", last: "1d" }, /MR6102/],
  ["backfill", { asset: "clean.sales", last: "1d" }, /MR8\d\d\d/],
  ["backfill", { asset: "clean.sales", jobs: 0 }, /too_small|Too small/],
  ["diagnose", { run: "r_NOTHING" }, /MR6101/],
  ["diagnose", { run: "" }, /too_small|Too small/],
  ["logs", { run: "r_NOTHING" }, /MR6101/],
  ["logs", { run: "r_NOTHING", level: "loud" }, /nvalid/],
  ["logs", {}, /expected string/],
  ["resolve", { decision: "discard", records: ["clean.nothing"] }, /MR6102|MR8005/],
  ["resolve", { decision: "discard" }, /name the records/],
  ["resolve", { decision: "approve", run: "r_NOTHING", task: "t" }, /MR6\d\d\d/],
  ["resolve", { decision: "fix", records: ["raw.sales"], set: { nothing: "1" } }, /MR8\d\d\d/],
  ["resolve", { decision: "fix", records: ["raw.sales"], set: { price: "(select 1 from read_csv('/etc/passwd'))" } }, /MR8140/],
  ["resolve", { decision: "burn", records: ["raw.sales"] }, /nvalid/],
];

/** All at once, so that one list tells which are not right. */
async function refusesWhatIsWrong(client: Client): Promise<void> {
  const wrong: unknown[] = [];
  for (const [tool, input, told] of WRONG) {
    const { text, isError } = await call(client, tool, input);
    const isAnswer = /exactly one|name the records/.test(told.source); // what to do instead, in words
    if ((!isError && !isAnswer) || !told.test(text) || text.includes("MR9001")) wrong.push({ tool, input, text: text.slice(0, 300) });
  }
  expect(wrong).toEqual([]);
  await expect(call(client, "nothing")).resolves.toMatchObject({ isError: true });
  await expect(client.readResource({ uri: "millrace://asset/clean.nothing" })).rejects.toThrow(/clean\.nothing/);
  await expect(client.readResource({ uri: "millrace://asset/__proto__" })).rejects.toThrow(/__proto__/);
  await expect(client.readResource({ uri: "file:///etc/passwd" })).rejects.toThrow(/not found/);
  await expect(client.getPrompt({ name: "nothing" })).rejects.toThrow(/not found/);
  await expect(client.getPrompt({ name: "add_source" })).rejects.toThrow(/from/);
  expect((await call(client, "search", { words: "contact" })).isError).toBe(false); // it goes on
}

describe("an agent", () => {
  beforeEach(async () => {
    files.write("data/people.csv", "id,nick,email,city\n1,adaada,ada@example.org,Bonn\n2,bobbob,bob@example.org,Bonn\n3,cydcyd,,Kiel\n");
    files.write("sources/people.yaml", 'from: { files: { path: "data/people.csv" } }\npii: { nick: mask }\n');
    files.write(
      "models/clean/people.sql",
      "/*---\nmaterialize: table\n---*/\nselect id, city, split_part(email, '@', 1) as account, left(nick, 3) as begins, email is null as silent from raw.people\n",
    );
    files.write(
      "models/final/cities.sql",
      "/*---\nmaterialize: table\n---*/\nselect city, count(account) as reached, count(*) filter (silent) as silents, max(account) as last_one, list(begins order by id) as them from clean.people group by city\n",
    );
    expect((await millrace(["run"], files.dir)).exitCode).toBe(0);
  });

  it("is not shown what is made of what is personal, however far, unless it only counts", async () => {
    const client = await overStdio();
    const cities = await call(client, "preview", { asset: "final.cities" });
    expect(cities.data.masked).toEqual(["last_one", "them"]);
    expect(cities.data.rows.toSorted()).toEqual([
      ["Bonn", 2, 0, "[masked]", "[masked]"],
      ["Kiel", 0, 1, null, "[masked]"],
    ]);
    expect(cities.text).not.toMatch(/bob|ada/);
    expect((await call(client, "preview", { asset: "clean.people", profile: true })).text).not.toMatch(/ada|bob/);
    const asked = async (sql: string): Promise<unknown> => (await call(client, "query", { sql })).data.rows;
    expect(
      await asked("select id, account as id, upper(account) || '!' as a, account is null as n from clean.people where id = 1"),
    ).toEqual([[1, "[masked]", "[masked]", false]]);
    expect(await asked("with x as (select account as y from clean.people) select count(y) as c, max(y) as m from x")).toEqual([
      [2, "[masked]"],
    ]);
    expect(await asked("select s.v.w as z from (select { w: account } as v from clean.people where id = 1) s")).toEqual([["[masked]"]]);
    expect(await asked("select account from clean.people where id = 1 union all select 'none'")).toEqual([["[masked]"], ["[masked]"]]);
    expect(JSON.stringify(await asked("from _millrace.rows('raw.people')"))).not.toMatch(/adaada|example/);
    expect(await asked("select city, count(*) as many from clean.people group by city order by city")).toEqual([
      ["Bonn", 2],
      ["Kiel", 1],
    ]);
  });

  it.each(["standard input and output", "HTTP"])("hears clearly what is wrong with its request, over %s", async (way) => {
    const client =
      way === "HTTP"
        ? await (async () => {
            const url = await serve();
            return overHttp(url, await tokenOf("operate"));
          })()
        : await overStdio(["--allow-write"]);
    await refusesWhatIsWrong(client);
  });
});

describe("POST /mcp of an engine", () => {
  it("lets an agent read without a token, act with one that may operate, and notes it", async () => {
    const url = await serve();
    const operator = await overHttp(url, await tokenOf("operate"));
    expect((await call(operator, "run", { job: "nightly" })).data.run.status).toBe("succeeded");
    await reads(await overHttp(url));
    await refusesToAct(await overHttp(url));
    await refusesToAct(await overHttp(url, await tokenOf("read")));
    const { data } = await call(operator, "logs", { run: "r_", level: "info" }).catch(() => ({ data: null }));
    expect(data).not.toBeNull();
    const audit = await millrace(["audit", "--json"], files.dir);
    expect(audit.lines()[0]!["entries"]).toContainEqual(expect.objectContaining({ via: "agent", by: "operate", act: "runs.start" }));
  });

  it("answers only who is of this machine, or shows a token that opens something", async () => {
    const url = await serve();
    const ask = (headers: Readonly<Record<string, string>>, method = "POST"): Promise<Response> =>
      fetch(`${url}/mcp`, {
        method,
        headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
        ...(method === "POST" ? { body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }) } : {}),
      });
    expect((await ask({})).status).toBe(200);
    expect((await ask({ origin: "http://evil.example" })).status).toBe(403);
    expect((await ask({ authorization: "Bearer guessed" })).status).toBe(401);
    expect((await ask({}, "GET")).status).toBe(405);
    expect(
      (
        await fetch(`${url}/mcp`, {
          method: "POST",
          headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
          body: "{",
        })
      ).status,
    ).toBe(400);
  });
});
