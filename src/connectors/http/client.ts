// `http` as code in pipelines/ gets it: `http.pages(url, options)` and `http.get(url, options)`, with the connector's behaviour.
import * as z from "zod";
import type { HttpClient, HttpPage, HttpRequestOptions, Row } from "../../model/define.ts";
import { MillraceError } from "../../model/errors.ts";
import { httpOptions, type HttpSettings, settingsOf } from "./options.ts";
import { pagesOf } from "./pages.ts";
import { openSession, type SessionContext } from "./session.ts";

/** The client of one attempt: aborted with its signal, logging to its log. */
export function httpClient(context: SessionContext): HttpClient {
  return {
    async *pages<R extends Row>(url: string, options: HttpRequestOptions = {}): AsyncGenerator<HttpPage<R>> {
      for await (const { rows, body } of pagesOf(settings(url, options), context)) yield { rows: rows as readonly R[], body };
    },
    async get(url, options = {}) {
      const resolved = settings(url, options);
      const session = openSession(resolved, context);
      try {
        return (await session.fetch(resolved.url)).body;
      } finally {
        session.close();
      }
    },
  };
}

function settings(url: string, { since, sinceParam, ...rest }: HttpRequestOptions): HttpSettings {
  const read = httpOptions.safeParse({ ...rest, url, ...(since === undefined ? {} : { since: sinceParam ?? "since" }) });
  if (!read.success) throw new MillraceError({ code: "MR3515", message: `http.pages: ${z.prettifyError(read.error)}` });
  return settingsOf(read.data, {}, sinceText(since));
}

/** A cursor as a parameter of an address. */
export function sinceText(since: unknown): string | undefined {
  if (since === undefined || since === null) return undefined;
  if (since instanceof Date) return since.toISOString();
  return typeof since === "string" || typeof since === "number" || typeof since === "bigint" ? String(since) : JSON.stringify(since);
}
