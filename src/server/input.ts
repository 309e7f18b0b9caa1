// What a request asks of a route: path, query and body in one, checked by the route's schema. What is wrong is told by its field.
import type { Context } from "hono";
import type { z } from "zod";
import { methodOf } from "../model/api-paths.ts";
import { MillraceError } from "../model/errors.ts";
import { readBody } from "./body.ts";
import type { Route } from "./route.ts";

export const BODY_BYTES_MAX = 4_000_000;
const DEPTH_MAX = 200;
/** Of the query of every route: they are no input of its operation. */
const ASIDE: ReadonlySet<string> = new Set(["env", "wait"]);

/** @throws MR8109 what does not fit, MR8172 a body that is too long */
export async function inputOf(route: Route, context: Context): Promise<z.output<z.ZodObject>> {
  const isRead = methodOf(route.id) === "GET";
  const given = isRead
    ? Object.fromEntries(Object.entries(context.req.query()).filter(([name]) => !ASIDE.has(name)))
    : await bodyOf(context);
  const parsed = strict(route).safeParse({ ...given, ...context.req.param() });
  if (parsed.success) return parsed.data;
  throw wrongInput(route, parsed.error);
}

const stricts = new WeakMap<Route, z.ZodObject>();

function strict(route: Route): z.ZodObject {
  const found = stricts.get(route) ?? route.input.strict();
  stricts.set(route, found);
  return found;
}

async function bodyOf(context: Context): Promise<Record<string, unknown>> {
  const bytes = await readBody(context.req.raw, BODY_BYTES_MAX);
  if (bytes === null) throw new MillraceError({ code: "MR8172", message: `the body is longer than ${BODY_BYTES_MAX} bytes` });
  if (bytes.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new MillraceError({ code: "MR8109", message: "the body is no JSON", hint: "send an object: { … }", cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new MillraceError({ code: "MR8109", message: "the body is JSON, but no object", hint: "send an object: { … }" });
  if (!isShallow(value)) throw new MillraceError({ code: "MR8109", message: `the body is nested deeper than ${DEPTH_MAX} levels` });
  return { ...value };
}

/** What works on values later goes down level by level. */
function isShallow(value: unknown): boolean {
  let level: readonly unknown[] = [value];
  for (let depth = 0; depth <= DEPTH_MAX; depth++) {
    level = level.flatMap((each) => (typeof each === "object" && each !== null ? Object.values(each) : []));
    if (level.length === 0) return true;
  }
  return false;
}

function wrongInput(route: Route, { issues }: z.ZodError): MillraceError {
  const fields = Object.keys(route.input.shape);
  const errors = issues.map(({ path, message }) => {
    const at = path.map(String).join(".");
    return new MillraceError({ code: "MR8109", message: at === "" ? message : `${at}: ${message}` });
  });
  return new MillraceError({
    code: "MR8109",
    message: `${route.id}: ${errors.map((each) => each.message).join("; ")}`,
    hint: fields.length === 0 ? `${route.id} takes nothing` : `${route.id} takes ${fields.join(", ")}`,
    errors,
  });
}
