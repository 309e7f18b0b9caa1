// How an HTTP source goes from page to page, and what its answers mean: the keys of `pagination:` and `responses:`.
import * as z from "zod";
import { duration } from "../duration.ts";
import { exactlyOne } from "./http-auth.ts";

const name = z.string().min(1);
const place = z.enum(["query", "body", "header"]).optional().describe("where it is sent; default: query. In a body, the name is a path");

export const httpPagination = z
  .strictObject({
    next: name.optional().describe("path in the body of the address of the next page"),
    link: z.literal(true).optional().describe("the Link header names the next page"),
    cursor: z
      .strictObject({
        param: name,
        from: name.optional().describe("path in the body"),
        fromHeader: name.optional().describe("header of the answer"),
        in: place,
        more: name.optional().describe("path of true or false: is there another page?"),
      })
      .refine(({ from, fromHeader }) => (from === undefined) !== (fromHeader === undefined), {
        error: "needs from or fromHeader, one of them",
      })
      .optional(),
    keyset: z
      .strictObject({
        param: name,
        field: name.describe("path in the last row whose value the next page comes after"),
        in: place,
        size: z.int().min(1).optional().describe("rows of a full page; without it an empty page is the end"),
        more: name.optional().describe("path of true or false: is there another page?"),
      })
      .optional(),
    page: z
      .strictObject({
        param: name,
        size: z.int().min(1).optional().describe("rows of a full page"),
        sizeParam: z.string().optional().describe("parameter that asks for the size; default: size"),
        start: z.int().min(0).optional().describe("number of the first page; default 1"),
        in: place,
        until: z.enum(["short", "empty"]).optional().describe("the last page is shorter than the others (default), or has no rows"),
        total: name.optional().describe("path of the number of all pages"),
      })
      .optional(),
    offset: z
      .strictObject({
        param: name,
        limit: z.int().min(1).describe("rows of a full page"),
        limitParam: z.string().optional().describe("parameter that asks for the limit; default: limit"),
        in: place,
        until: z.enum(["short", "empty"]).optional().describe("the last page is shorter than the others (default), or has no rows"),
        total: name.optional().describe("path of the number of all rows"),
      })
      .optional(),
    relay: z
      .strictObject({
        connection: name.describe("path of the connection in the answer: data.orders"),
        variable: name.optional().describe("variable that carries the cursor; default: after"),
      })
      .optional()
      .describe("GraphQL: pageInfo { hasNextPage endCursor }, rows in nodes or edges"),
  })
  .superRefine(exactlyOne());
export type HttpPagination = z.infer<typeof httpPagination>;
export type HttpPlace = "query" | "body" | "header";

const statusClass = z.union([z.int().min(100).max(599), z.string().regex(/^[1-5]xx$/, { error: "is no class of statuses; write 4xx" })]);

export const httpResponses = z.array(
  z
    .strictObject({
      status: z.union([statusClass, z.array(statusClass).min(1)]).optional(),
      header: z.strictObject({ name, equals: z.string().optional() }).optional(),
      body: z
        .strictObject({
          path: z.string().optional(),
          equals: z.union([z.string(), z.number(), z.boolean()]).optional(),
          contains: z.string().optional(),
        })
        .optional()
        .describe("a value in the body; without equals and contains: it is there"),
      do: z
        .enum(["ignore", "fail", "retry", "rateLimited", "accept"])
        .describe("ignore: no rows and no next page; accept: an answer like any other; rateLimited: wait, then again"),
      wait: duration.optional().describe("for retry and rateLimited, when the answer does not say"),
      message: z.string().optional(),
    })
    .superRefine(({ status, header, body }, context) => {
      if (status === undefined && header === undefined && body === undefined)
        context.addIssue({ code: "custom", message: "needs a condition: status, header or body" });
    }),
);
export type HttpResponseRule = z.infer<typeof httpResponses>[number];
