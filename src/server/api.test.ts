// The API without a port: its description, what it refuses, how a long act is answered.
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, expectTypeOf, it } from "vitest";
import type { AnswerOf, BegunAnswer } from "../client/ask.ts";
import { apiPaths } from "../model/api-paths.ts";
import { codes } from "../model/codes/index.ts";
import { MillraceError } from "../model/errors.ts";
import type { RunProgress } from "../model/progress.ts";
import type { App } from "../operations/port.ts";
import { type Api, anyRoutes } from "./api.ts";
import { STATUS_OF_CODE } from "./errors.ts";
import { addApi } from "./handlers.ts";
import { type AnswerSchemas, openApiDocument } from "./openapi.ts";
import { referencePage } from "./reference.ts";
import { unknownAddress } from "./unknown.ts";
import { Hono } from "hono";

const { answerSchemas } = (await import(new URL("../../scripts/answers.mjs", import.meta.url).href)) as { answerSchemas(): AnswerSchemas };
const schemas = answerSchemas();

function serverOf(app: Partial<App>): Hono {
  const server = new Hono();
  addApi(server, { app: async () => app as App });
  server.notFound(unknownAddress);
  return server;
}

interface Answered {
  readonly status: number;
  readonly answer: any;
}

async function ask(server: Hono, path: string, body?: string): Promise<Answered> {
  const response = await server.request(`/api/v1${path}`, body === undefined ? {} : { method: "POST", body });
  return { status: response.status, answer: await response.json() };
}

describe("the description of the API", () => {
  const document = JSON.parse(JSON.stringify(openApiDocument("1.2.3", schemas)));

  it("is OpenAPI 3.1", async () => {
    const { valid, errors } = await new Validator().validate(structuredClone(document));
    expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
    expect(document.openapi).toBe("3.1.0");
  });

  it("tells of every route with what it takes and answers", () => {
    const operations = Object.values<any>(document.paths).flatMap((path) => Object.values<any>(path));
    expect(new Set(operations.map(({ operationId }) => operationId as string))).toEqual(new Set(anyRoutes.map(({ id }) => id)));
    const without = operations.filter(({ responses }) => responses[200].content["application/json"].schema.allOf[1].$ref === undefined);
    for (const { responses } of without)
      expect(Object.keys(responses[200].content["application/json"].schema.allOf[1])).not.toEqual(["type"]);
    const list = document.paths["/api/v1/runs"].get;
    expect(list.parameters.find(({ name }: any) => name === "status").schema.enum).toContain("failed");
    expect(list.responses[200].content["application/json"].schema.allOf[1]).toEqual({ $ref: "#/components/schemas/RunsAnswer" });
    expect(document.paths["/api/v1/runs"].post.responses[202].content["application/json"].schema).toEqual({
      $ref: "#/components/schemas/Begun",
    });
  });

  it("is a page without scripts, in which nothing of a summary is markup", () => {
    const page = referencePage("1.2.3", schemas);
    expect(page).not.toMatch(/<script|<style| style=| on\w+=|https?:\/\//);
    for (const { id } of anyRoutes) expect(page).toContain(`id="${id}"`);
    expect(page.match(/href="#schema-(\w+)"/g)!.every((link) => page.includes(link.replace('href="#', 'id="')))).toBe(true);
  });
});

describe("a route", () => {
  it("has the path parameters of its address among what it takes", () => {
    for (const { id, input } of anyRoutes)
      for (const [, name] of apiPaths[id].matchAll(/:([a-z]+)/gi)) expect(Object.keys(input.shape), id).toContain(name);
  });

  it("answers with a status for every code, and no status is of a code that is none", () => {
    expect([...STATUS_OF_CODE.keys()].filter((code) => !(code in codes))).toEqual([]);
  });

  it("hands over what was asked, with the defaults", async () => {
    const asked: unknown[] = [];
    const server = serverOf({
      runs: async (request) => {
        asked.push(request);
        return { runs: [], next: null };
      },
    });
    expect(await ask(server, "/runs?status=failed&limit=3")).toEqual({ status: 200, answer: { v: 1, runs: [], next: null } });
    expect(asked).toEqual([{ limit: 3, status: "failed" }]);
  });

  it("refuses what it does not take, naming the field and what is allowed", async () => {
    const server = serverOf({});
    const wrong = await ask(server, "/runs?status=dead&limit=many&colour=red");
    expect(wrong.status).toBe(400);
    expect(wrong.answer.error.code).toBe("MR8109");
    expect(wrong.answer.errors.map(({ message }: any) => message.replace(/:.*/, "")).toSorted()).toEqual([
      "Unrecognized key",
      "limit",
      "status",
    ]);
    expect(wrong.answer.error.message).toContain('"succeeded"');
    expect(wrong.answer.error.hint).toContain("takes limit, job, status");
  });

  it.each([
    ["no JSON", "{bad", 400],
    ["a list", "[]", 400],
    ["null", "null", 400],
    ["no UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), 400],
    ["a field of another type", '{"select":1}', 400],
    ["a field of the prototype", '{"__proto__":{"select":"x"}}', 400],
    ["nested without end", `{"select":${"[".repeat(100_000)}${"]".repeat(100_000)}}`, 400],
    ["a selection of a million signs", `{"select":"${"*a".repeat(500_000)}"}`, 400],
    ["five million bytes", `{"select":"${"x".repeat(5_000_000)}"}`, 413],
  ])("refuses a body that is %s", async (_what, body, status) => {
    const response = await serverOf({}).request("/api/v1/runs", { method: "POST", body });
    expect(response.status).toBe(status);
    expect((await response.json()) as object).toMatchObject({ v: 1, error: { code: status === 413 ? "MR8172" : "MR8109" } });
  });

  it("is not found under a name that is nearly its own, and says which is", async () => {
    const near = await ask(serverOf({}), "/asets");
    expect([near.status, near.answer.error.code]).toEqual([404, "MR8170"]);
    expect(near.answer.error.hint).toContain("/api/v1/assets");
    const method = await ask(serverOf({}), "/status", "{}");
    expect([method.status, method.answer.error.code, method.answer.error.message]).toEqual([
      405,
      "MR8171",
      "/api/v1/status takes GET, not POST",
    ]);
  });

  it("tells errors by their status, and when to try again", async () => {
    const server = serverOf({
      status: async () => {
        throw new MillraceError({ code: "MR5001", message: "held", retryable: true, retryAfterMs: 1_500 });
      },
      runShow: async () => {
        throw new MillraceError({ code: "MR6101", message: "there is no run x" });
      },
      list: async () => {
        throw new TypeError("a bug");
      },
    });
    const busy = await server.request("/api/v1/status");
    expect([busy.status, busy.headers.get("retry-after")]).toEqual([503, "2"]);
    expect((await ask(server, "/runs/x")).status).toBe(404);
    expect(await ask(server, "/assets")).toMatchObject({ status: 500, answer: { error: { code: "MR9001", message: "a bug" } } });
  });

  it("asks for another environment's names only where something knows it", async () => {
    const unknown = new MillraceError({ code: "MR8702", message: "there is no environment x" });
    const server = serverOf({ environmentWord: async () => ({ environment: "x", unknown }), status: async () => ({}) as never });
    const response = await server.request("/api/v1/status", { headers: { "millrace-environment": "x" } });
    expect(response.status).toBe(404);
    expect((await ask(server, "/status")).status).toBe(200);
  });
});

describe("a long act", () => {
  const summary = { type: "summary", run: "r_1", status: "succeeded" } as never;

  function longServer(): { readonly server: Hono; end(): void; fail(): void } {
    let [end, fail]: [() => void, () => void] = [() => {}, () => {}];
    const ended = new Promise<never>((resolve, reject) => {
      end = () => resolve(summary);
      fail = () => reject(new MillraceError({ code: "MR6001", message: "it failed" }));
    });
    const server = serverOf({
      run: (_request, observe: (progress: RunProgress) => void) => {
        observe({ type: "warning", node: "raw.x", message: "before" });
        observe({ type: "run", run: "r_1", resumed: false, nodes: 2 });
        return ended;
      },
    });
    return { server, end: () => end(), fail: () => fail() };
  }

  it("is answered as soon as its run is durable, and what comes after harms nobody", async () => {
    const { server, fail } = longServer();
    expect(await ask(server, "/runs", "{}")).toEqual({
      status: 202,
      answer: { v: 1, status: "running", run: "r_1", resumed: false, nodes: 2 },
    });
    fail();
  });

  it("is answered when the run has ended, for who waits", async () => {
    const { server, end } = longServer();
    const asked = ask(server, "/runs?wait=true", "{}");
    end();
    expect(await asked).toEqual({ status: 200, answer: { v: 1, type: "summary", run: "r_1", status: "succeeded" } });
  });

  it("that cannot begin is an error", async () => {
    const server = serverOf({ run: async () => Promise.reject(new MillraceError({ code: "MR6103", message: "there is no job x" })) });
    expect((await ask(server, "/runs", '{"job":"x"}')).status).toBe(404);
  });
});

it("is typed by whether a long act is waited for", () => {
  type Summary = Api["runs.start"]["answer"];
  expectTypeOf<AnswerOf<"runs.start", true>>().toEqualTypeOf<Summary>();
  expectTypeOf<AnswerOf<"runs.start", false>>().toEqualTypeOf<Summary | BegunAnswer>();
  expectTypeOf<AnswerOf<"runs.list", false>>().toEqualTypeOf<Api["runs.list"]["answer"]>();
});
