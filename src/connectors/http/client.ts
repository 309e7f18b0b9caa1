// `http` as code in pipelines/ gets it: `http.pages(url, options)` and `http.get(url, options)`, with the connector's behaviour.
import * as z from "zod";
import type { HttpClient, HttpPage, HttpRequestOptions, Row } from "../../model/define.ts";
import { httpBase } from "../../model/definitions/http.ts";
import { MillraceError } from "../../model/errors.ts";
import { pagesOf } from "./read.ts";
import { type Merged, settingsOf } from "./settings.ts";
import { openSession, type SessionContext } from "./wire/session.ts";

/** The client of one attempt: aborted with its signal, logging to its log. */
export function httpClient(context: SessionContext): HttpClient {
  return {
    async *pages<R extends Row>(url: string, options: HttpRequestOptions = {}): AsyncGenerator<HttpPage<R>> {
      const { merged, since } = mergedOf(url, options);
      for await (const { rows, body } of pagesOf(merged, context, { since })) yield { rows: rows as readonly R[], body };
    },
    async get(url, options = {}) {
      const { merged, since } = mergedOf(url, options);
      const settings = settingsOf(merged, since);
      const session = openSession(settings, context);
      try {
        const { url: address, method, body } = settings;
        return (await session.fetch(settings, { url: address, method, headers: {}, body })).body;
      } finally {
        session.close();
      }
    },
  };
}

function mergedOf(url: string, { since, sinceParam, ...rest }: HttpRequestOptions): { readonly merged: Merged; readonly since: unknown } {
  const read = httpBase.safeParse({ ...rest, url, ...(since === undefined ? {} : { since: sinceParam ?? "since" }) });
  if (!read.success) throw new MillraceError({ code: "MR3515", message: `http.pages: ${z.prettifyError(read.error)}` });
  return { merged: read.data, since };
}
