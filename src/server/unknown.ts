// Addresses that are none: what was meant, most likely.
import type { Context } from "hono";
import { API_ROOT, apiPaths } from "../model/api-paths.ts";
import { MillraceError } from "../model/errors.ts";
import { nearest } from "../model/suggest.ts";
import { errorAnswer } from "./errors.ts";

/** 405 where the path has another method, else 404 with the nearest paths. */
export function unknownAddress({ req, json }: Context): Response {
  const { path, method } = req;
  const others = Object.values(apiPaths).filter((each) => matches(each.slice(each.indexOf("/")), path));
  const allowed = [...new Set(others.map((each) => each.slice(0, each.indexOf(" "))))];
  const error =
    allowed.length > 0 && !allowed.includes(method)
      ? new MillraceError({ code: "MR8171", message: `${path} takes ${allowed.join(" and ")}, not ${method}` })
      : new MillraceError({ code: "MR8170", message: `there is nothing at ${path}`, ...hintOf(path) });
  const { status, answer } = errorAnswer(error);
  return json(answer, status as 404, allowed.length === 0 ? {} : { allow: allowed.join(", ") });
}

function matches(template: string, path: string): boolean {
  const [wanted, given] = [`${API_ROOT}${template}`.split("/"), path.split("/")];
  return wanted.length === given.length && wanted.every((word, at) => word.startsWith(":") || word === given[at]);
}

function hintOf(path: string): { readonly hint: string } {
  const known = [...new Set(Object.values(apiPaths).map((each) => `${API_ROOT}${each.slice(each.indexOf("/"))}`))];
  const near = nearest(path, known);
  return { hint: `${near.length === 0 ? "" : `did you mean ${near.join(" or ")}? `}/api lists all routes` };
}
