// Secrets of every kind are planted: in addresses, connections, the environment, secrets.env; sources and exports use them, fail with them, and servers say them
// back in errors, links and rows of answers. Then everything that was printed and everything that was written is searched for them. Needs PostgreSQL and S3.
import { afterAll, beforeAll, expect, it } from "vitest";
import { plant, plantPlainly, secretsBelow, secretsIn } from "./chaos/planted.ts";
import { sendJson, startServer, type TestServer } from "./http-server.ts";
import { project } from "./millrace.ts";
import { millrace } from "./warm.ts";
import { startPostgres, type TestPostgres } from "./postgres.ts";
import { S3_KEYS, startS3, type TestS3 } from "./s3.ts";
import { freePort } from "./service.ts";

let postgres: TestPostgres;
let s3: TestS3;
let api: TestServer;
/** Of the server: what it says back. */
const told: string[] = [];
beforeAll(async () => {
  [postgres, s3] = await Promise.all([startPostgres({ fsync: "off" }), startS3()]);
  api = await startServer(({ url, raw }, response) => {
    const said = `${raw.headers.authorization ?? ""} ${raw.headers["x-api-key"] ?? ""} ${url.search}`;
    told.push(`${url.pathname} ${said}`);
    if (url.pathname === "/token") return sendJson(response, { access_token: plantPlainly("granted"), expires_in: 3600 });
    if (url.pathname === "/session") return sendJson(response, { token: plantPlainly("session") });
    if (url.pathname.startsWith("/broken")) return response.writeHead(403).end(`You said ${said}; I do not like ${JSON.stringify(said)}`);
    if (url.pathname.startsWith("/down")) return response.writeHead(503).end(`down for ${said}`);
    if (url.pathname.startsWith("/html")) return response.writeHead(200, { "content-type": "text/html" }).end(`<html>${said}</html>`);
    const page = Number(url.searchParams.get("page") ?? 1);
    if (page > 2) return sendJson(response, { items: [] });
    const link = `${url.pathname}?${url.searchParams.get("api_key") === null ? "" : `api_key=${encodeURIComponent(url.searchParams.get("api_key")!)}&`}page=${page + 1}`;
    return sendJson(response, {
      items: [
        { id: page, v: "1" },
        { id: page + 10, v: page === 2 ? "bad" : "2" },
      ],
      next: link,
    });
  });
}, 300_000);
afterAll(async () => {
  await Promise.all([api.close(), postgres.stop(), s3.stop()]);
});

it("stand in nothing that is printed or written", { timeout: 300_000 }, async () => {
  const database = await postgres.createDatabase();
  const { Client } = await import("pg");
  const client = new Client(database);
  await client.connect();
  await client.query("create table orders as select n as id, n * 2 as v from generate_series(1, 50) n");
  await client.end();
  const bucket = await s3.createBucket();
  await s3.put(bucket, "in/a.csv", "id,v\n1,2\n");
  const dead = await freePort();
  const withPassword = (password: string, to = database): string => to.replace("millrace@", `millrace:${encodeURIComponent(password)}@`);
  const secrets: Record<string, string> = {
    DATABASE: withPassword(plant("database")),
    BEARER: plantPlainly("bearer"),
    API_KEY: plant("apikey"),
    HEADER_KEY: plantPlainly("header"),
    OAUTH: plant("oauth"),
    HMAC: plant("hmac"),
    BASIC: plant("basic"),
    SFTP: plant("sftp"),
    SERVICE: plantPlainly("service"),
    S3_SECRET: S3_KEYS.secretAccessKey,
    S3_WRONG: plantPlainly("s3"),
  };
  const pages = "rows: items, attempts: 1, pagination: { next: next }";
  const files: Record<string, string> = {
    "secrets.env": Object.entries(secrets)
      .map(([name, value]) => `${name}=${JSON.stringify(value)}\n`)
      .join(""),
    "millrace.yaml": `name: secrets
defaults: { retry: { attempts: 2, delay: 10ms } }
connections:
  shop: { postgres: { url: "\${secret:DATABASE}" } }
  lake: { s3: { endpoint: "${s3.endpoint}", accessKeyId: ${S3_KEYS.accessKeyId}, secretAccessKey: "\${secret:S3_SECRET}" } }
  wrongLake: { s3: { endpoint: "${s3.endpoint}", accessKeyId: ${S3_KEYS.accessKeyId}, secretAccessKey: "\${secret:S3_WRONG}" } }
  api: { http: { url: "${api.url}", auth: { bearer: "\${secret:BEARER}" } } }
`,
    "data/keys.csv": "id\n1\n2\n",
    // Sources that work.
    "sources/raw/orders.yaml": "from: { postgres: { connection: shop, table: orders } }\n",
    "sources/raw/bearer.yaml": `from: { http: { connection: api, url: /items, ${pages} } }\ncolumns: { v: { type: integer } }\n`,
    "sources/raw/query_key.yaml": `from: { http: { url: "${api.url}/items", auth: { apiKey: { name: api_key, value: "\${secret:API_KEY}", in: query } }, ${pages} } }\ncolumns: { v: { type: integer } }\n`,
    "sources/raw/literal.yaml": `from: { http: { url: "${api.url}/items?api_key=${plantPlainly("literal")}", ${pages} } }\n`,
    "sources/raw/environment.yaml": `from: { http: { url: "${api.url}/items?api_key=\${secret:FROM_ENVIRONMENT}", ${pages} } }\n`,
    "sources/raw/header.yaml": `from: { http: { url: "${api.url}/items", headers: { X-Api-Key: "\${secret:HEADER_KEY}" }, ${pages} } }\n`,
    "sources/raw/oauth.yaml": `from: { http: { url: "${api.url}/items", auth: { oauth2: { tokenUrl: "${api.url}/token", clientId: me, clientSecret: "\${secret:OAUTH}" } }, ${pages} } }\n`,
    "sources/raw/lake.yaml": `from: { s3: { connection: lake, path: "${bucket}/in/*.csv" } }\n`,
    "sources/raw/keys.yaml": "from: { files: { path: data/keys.csv } }\n",
    "sources/raw/asked.yaml": `from: { service: { url: "${api.url}/down/{id}", keys: { from: raw.keys, columns: [id] }, auth: { bearer: "\${secret:SERVICE}" }, attempts: 1, fallback: { v: null } } }\n`,
    // Sources that fail.
    "sources/bad/orders.yaml": "from: { postgres: { connection: shop, table: not_there } }\n",
    "sources/bad/refused.yaml": `from: { postgres: { url: "${withPassword(plant("refused"), `postgres://millrace@127.0.0.1:${dead}/x`)}", table: orders } }\n`,
    "sources/bad/unknown.yaml": `from: { postgres: { url: "${withPassword(plant("unknown"), `${database}_not_there`)}", table: orders } }\n`,
    "sources/bad/bearer.yaml": `from: { http: { connection: api, url: /broken, ${pages} } }\n`,
    "sources/bad/query_key.yaml": `from: { http: { url: "${api.url}/broken?token=${plantPlainly("intoken")}", auth: { apiKey: { name: api_key, value: "\${secret:API_KEY}", in: query } }, ${pages} } }\n`,
    "sources/bad/html.yaml": `from: { http: { url: "${api.url}/html?password=${plantPlainly("html")}", ${pages} } }\n`,
    "sources/bad/basic.yaml": `from: { http: { url: "${api.url}/broken", auth: { basic: { user: me, password: "\${secret:BASIC}" } }, ${pages} } }\n`,
    "sources/bad/in_address.yaml": `from: { http: { url: "${api.url.replace("http://", `http://me:${plantPlainly("inaddress")}@`)}/broken", ${pages} } }\n`,
    "sources/bad/nobody.yaml": `from: { http: { url: "http://127.0.0.1:${dead}/x?api_key=${plantPlainly("nobody")}", ${pages} } }\n`,
    "sources/bad/oauth.yaml": `from: { http: { url: "${api.url}/items", auth: { oauth2: { tokenUrl: "${api.url}/broken", clientId: me, clientSecret: "\${secret:OAUTH}" } }, ${pages} } }\n`,
    "sources/bad/hmac.yaml": `from: { http: { url: "${api.url}/broken", auth: { hmac: { secret: "\${secret:HMAC}", message: "{method}{path}", headers: { X-Signature: "{signature}" } } }, ${pages} } }\n`,
    "sources/bad/lake.yaml": `from: { s3: { connection: wrongLake, path: "${bucket}/in/*.csv" } }\n`,
    "sources/bad/sftp.yaml": `from: { sftp: { host: 127.0.0.1, port: ${dead}, user: me, password: "\${secret:SFTP}", hostKey: any, path: "*.csv", timeout: 1s } }\n`,
    "sources/bad/web.yaml": `from: { files: { path: "${api.url}/broken/a.csv?sig=${plantPlainly("signature")}" } }\n`,
    // Exports that work and that fail.
    "exports/good.yaml": "select: raw.orders\nto: { postgres: { connection: shop, table: shared } }\n",
    "exports/lake.yaml": `select: raw.orders\nto: { s3: { connection: lake, path: "${bucket}/out/orders.csv" } }\n`,
    "exports/bad.yaml": "select: raw.orders\nto: { postgres: { connection: shop, table: no_such_schema.pg_catalog.x } }\n",
    "exports/refused.yaml": `select: raw.orders\nto: { http: { url: "${api.url}/broken?api_key=${plantPlainly("sent")}", auth: { bearer: "\${secret:BEARER}" }, attempts: 1 } }\nload: append\n`,
    "jobs/act.yaml": `tasks: { say: { shell: 'echo "token \${secret:BEARER}"; exit 1', retry: { attempts: 1 } } }\n`,
  };
  for (const [path, text] of Object.entries(files)) {
    const [, folder, name] = /^sources\/(\w+)\/(\w+)\.yaml$/.exec(path) ?? [];
    if (folder !== undefined) files[path] = `name: ${folder}.${name}\n${text}`;
  }
  const made = project(files);
  const env = { FROM_ENVIRONMENT: plantPlainly("environment") };
  const found: string[] = [];
  const also = [S3_KEYS.secretAccessKey];
  const does = async (...args: string[]) => {
    const done = await millrace(args, made.dir, env);
    for (const [stream, text] of [
      ["stdout", done.stdout],
      ["stderr", done.stderr],
    ] as const)
      for (const form of secretsIn(text, also)) {
        const at = text.indexOf(form);
        found.push(`${stream} of ${args.join(" ")}: …${text.slice(Math.max(0, at - 120), at + 40)}`);
      }
    return done;
  };
  try {
    await does("plan", "--json");
    await does("plan");
    const run = await does("run", "--json");
    expect(run.exitCode, run.stdout + run.stderr).toBe(1);
    const ended = run.lines().filter((line) => line["type"] === "node");
    const good = ended.filter((line) => line["status"] === "succeeded").map((line) => String(line["asset"]));
    const failed = ended.filter((line) => line["status"] === "failed").map((line) => String(line["asset"]));
    // The test is worth something only when what should work worked, and what should fail failed.
    const named = (folder: string): string[] =>
      Object.keys(files).flatMap((name) =>
        name.startsWith(`sources/${folder}/`) ? [`${folder}.${name.slice(folder.length + 9, -5)}`] : [],
      );
    expect(good.filter((asset) => !asset.startsWith("out.")).toSorted(), run.stdout).toEqual(named("raw").toSorted());
    expect(failed.filter((asset) => !asset.startsWith("out.")).toSorted()).toEqual(named("bad").toSorted());
    expect(good).toContain("out.lake");
    expect(failed).toContain("out.refused");
    await does("run");
    await does("run", "act", "--json");
    await does("run", "--full-refresh", "--select", "raw.*", "--json");
    for (const asset of [...named("raw"), ...named("bad")].slice(0, 30))
      if (/bad.bearer|raw.literal|bad.query/.test(asset)) {
        await does("why", asset, "--json");
        await does("history", asset, "--json");
      }
    const { runs } = (await does("runs", "--json")).lines()[0] as { readonly runs: readonly { readonly run: string }[] };
    for (const { run: id } of runs.slice(0, 3)) await does("logs", id);
    for (const { run: id } of runs.slice(0, 2)) await does("why", id);
    await does("history", "raw.bearer", "--schema", "--json");
    await does("quarantine", "list", "--json");
    await does("quarantine", "list", "raw.query_key");
    await does("quarantine", "export", "raw.query_key", "--to", "broken.csv");
    await does("quarantine", "fix", "raw.query_key", "--set", "v = '7'", "--yes", "--why", "bad", "--json");
    await does("replay", "raw.bearer", "--json");
    await does("contract", "export", "raw.bearer", "--format", "odcs");
    for (const words of [
      ["status"],
      ["status", "--json"],
      ["ls"],
      ["ls", "--json"],
      ["doctor"],
      ["doctor", "--json"],
      ["retention", "--dry-run"],
      ["explain", "MR3505"],
    ])
      await does(...words);
    await does("query", "select * from _millrace.files", "--json");
    await does("query", `select * from postgres_scan('${plantPlainly("typed")}')`.replace(plantPlainly("typed"), "x"), "--json");
    expect(told.length).toBeGreaterThan(20);
    expect([...found, ...(await secretsBelow(made.dir, new Set(Object.keys(files)), also))]).toEqual([]);
    const out = (await s3.get(bucket, "out/orders.csv")).toString();
    expect(secretsIn(out, also)).toEqual([]);
  } finally {
    made.remove();
  }
});
