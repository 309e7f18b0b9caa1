// Budgets, what servers say of theirs, and rules for answers that mean something else than their status says.
import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sendJson } from "../../../../test/http-server.ts";
import { httpBench } from "../../../../test/http-read.ts";
import { type Account, reserve, untouched } from "../shared/arithmetic.ts";
import { exhaustedMs, retryAfterMs } from "./limits.ts";

const bench = httpBench();

describe("a budget", () => {
  it("never lets more start in any window than it says, whoever asks when", () => {
    const asks = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 8 }), asks, (count, burst, pauses) => {
        const rate = { count, perMs: 1_000, burst };
        let account: Account = untouched;
        let nowMs = 1_000_000;
        const starts: number[] = [];
        for (const pause of pauses) {
          nowMs += pause;
          const { waitMs, after } = reserve([{ key: "k", rate }], () => account, { nowMs, waitMaxMs: Infinity });
          account = after!;
          starts.push(nowMs + waitMs);
        }
        for (const from of starts) {
          const within = starts.filter((at) => at >= from && at < from + 1_000).length;
          expect(within).toBeLessThanOrEqual(count + burst);
        }
      }),
    );
  });

  it("is one for several reads and for another process", async () => {
    const times: number[] = [];
    const server = await bench.serve(({ url }, response) => {
      times.push(performance.now());
      sendJson(response, [{ id: url.search }]);
    });
    const options = (n: number) => ({ connection: "api", url: `/?n=${n}` });
    const connections = { api: { url: server.url, rate: "20/s" } };
    const script = join(bench.folder, "other.mjs");
    const module = fileURLToPath(new URL("../index.ts", import.meta.url));
    writeFileSync(
      script,
      `import { createJiti } from ${JSON.stringify(import.meta.resolve("jiti"))};
       const { http } = await createJiti(import.meta.url).import(${JSON.stringify(module)});
       process.send("ready");
       await new Promise((go) => process.once("message", go));
       const context = { projectDir: ${JSON.stringify(bench.folder)}, tempDir: ".", signal: new AbortController().signal, log() {}, connections: ${JSON.stringify(connections)} };
       for (let n = 0; n < 4; n++) for await (const page of http.read({ connection: "api", url: "/?n=" + n }, context));
       process.disconnect();`,
    );
    const other = fork(script, { execArgv: [] });
    const ended = new Promise((resolve) => other.once("exit", resolve));
    await once(other, "message");
    // Counted from the start of both, not from the first arrival: a slow machine can only make it longer.
    const start = performance.now();
    other.send("go");
    await Promise.all([0, 1, 2, 3].map((n) => bench.rows(options(n), { connections })));
    expect(await ended).toBe(0);
    expect(times).toHaveLength(8);
    // Seven pauses of 50 ms; each for itself would need three.
    expect(times.at(-1)! - start).toBeGreaterThanOrEqual(7 * 50 - 25);
  });

  it("that is used up for long is the run's to wait for", async () => {
    const server = await bench.serve((_, response) => sendJson(response, []));
    const connections = { slow: { url: server.url, rate: "1/h" } };
    await bench.rows({ connection: "slow" }, { connections });
    const error = await bench.failure({ connection: "slow" }, { connections });
    expect([error.code, error.retryable, server.asked.length]).toEqual(["MR3503", true, 1]);
  });
});

describe("what a server says of its limits", () => {
  const now = Date.parse("2026-01-31T00:00:00Z");
  it.each([
    [{ "ratelimit-remaining": "0", "ratelimit-reset": "7" }, 7_000],
    [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(now / 1_000 + 9) }, 9_000],
    [{ "x-rate-limit-remaining": "0", "x-rate-limit-reset": String(now + 4_000) }, 4_000],
    [{ ratelimit: "limit=100, remaining=0, reset=5" }, 5_000],
    [{ ratelimit: '"burst";r=10;t=1, "day";r=0;t=60' }, 60_000],
    [{ "x-ratelimit-remaining": "3", "x-ratelimit-reset": "7" }, undefined],
    [{ "x-ratelimit-remaining": "many", "x-ratelimit-reset": "7" }, undefined],
    [{}, undefined],
  ])("%o is a pause of %s ms", (headers, waitMs) => {
    expect(exhaustedMs(headers, now)).toBe(waitMs);
  });

  it("Retry-After comes as seconds or as a date", () => {
    expect(retryAfterMs({ "retry-after": "2.5" }, now)).toBe(2_500);
    expect(retryAfterMs({ "retry-after": "Sat, 31 Jan 2026 00:00:10 GMT" }, now)).toBe(10_000);
    expect(retryAfterMs({ "retry-after": "soon" }, now)).toBeUndefined();
  });

  it("is kept before the next page is asked for, also when it comes with 403", async () => {
    const times: number[] = [];
    const server = await bench.serve(({ count }, response) => {
      times.push(performance.now());
      if (count === 1)
        return sendJson(response, [{ id: 1 }], { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "0.2", link: "</?p=2>; rel=next" });
      if (count === 2) return response.writeHead(403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "0.2" }).end();
      return sendJson(response, [{ id: 2 }]);
    });
    expect(await bench.rows({ url: server.url })).toEqual([{ id: 1 }, { id: 2 }]);
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(190);
    expect(times[2]! - times[1]!).toBeGreaterThanOrEqual(190);
  });
});

describe("a rule for responses", () => {
  it("ignores, fails, repeats and waits by status, header and body", async () => {
    const server = await bench.serve(({ url, count }, response) => {
      if (url.pathname === "/gone") return response.writeHead(410).end("gone");
      if (url.pathname === "/maintenance") return sendJson(response, [], { "x-state": "maintenance" });
      if (url.pathname === "/odd") return response.writeHead(418).end('[{"id":1}]');
      if (count % 2 === 1) return sendJson(response, { error: { code: url.pathname === "/busy" ? "BUSY" : "RATE" } });
      return sendJson(response, [{ id: 1 }]);
    });
    const responses = [
      { status: [404, 410], do: "ignore" },
      { status: "4xx", do: "accept" },
      { header: { name: "X-State", equals: "maintenance" }, do: "fail", message: "it is being repaired" },
      { body: { path: "error.code", equals: "BUSY" }, do: "retry", wait: "10ms" },
      { body: { path: "error.code", contains: "RAT" }, do: "rateLimited", wait: "20ms" },
    ];
    expect(await bench.rows({ url: `${server.url}/gone`, responses })).toEqual([]);
    expect(await bench.rows({ url: `${server.url}/odd`, responses })).toEqual([{ id: 1 }]);
    const failed = await bench.failure({ url: `${server.url}/maintenance`, responses });
    expect([failed.code, failed.message, failed.retryable]).toEqual([
      "MR3519",
      `${server.url}/maintenance answers 200: it is being repaired`,
      false,
    ]);
    for (const path of ["busy", "rate"]) {
      if (server.asked.length % 2 === 1) await bench.rows({ url: `${server.url}/odd`, responses });
      expect(await bench.rows({ url: `${server.url}/${path}`, responses })).toEqual([{ id: 1 }]);
    }
    await expect(bench.rows({ url: server.url, responses: [{ do: "ignore" }] })).rejects.toThrow("needs a condition");
  });
});

describe("bodies of other formats", () => {
  it("are read through the readers of files, page by page", async () => {
    const bodies: Record<string, string> = { "1": 'id;name\r\n01;a\r\n2;"b;c"\r\n', "2": "id;name\r\n3;d\r\n" };
    const server = await bench.serve(({ url }, response) => {
      const page = url.searchParams.get("page")!;
      response.writeHead(200, { "content-type": "text/csv" }).end(bodies[page] ?? "id;name\r\n");
    });
    const options = { url: server.url, format: "csv", formatOptions: { delimiter: ";" }, pagination: { page: { param: "page" } } };
    expect(await bench.rows(options)).toEqual([
      { id: "01", name: "a" },
      { id: "2", name: "b;c" },
      { id: "3", name: "d" },
    ]);
    await expect(bench.rows({ url: server.url, format: "cvs" })).rejects.toThrow("is no format; there are");
  });

  it("of XML are records, and a page of a website is none", async () => {
    const server = await bench.serve(({ url }, response) => {
      response.writeHead(200, { "content-type": "application/xml" });
      response.end(
        url.pathname === "/html"
          ? "<!DOCTYPE html><html><body>log in</body></html>"
          : "<list><item><id>1</id></item><item><id>2</id></item></list>",
      );
    });
    const options = { format: "xml", rows: "/list/item" };
    expect(await bench.rows({ url: server.url, ...options })).toEqual([{ id: "1" }, { id: "2" }]);
    expect((await bench.failure({ url: `${server.url}/html`, ...options })).message).toContain("answers HTML, not xml");
  });
});
