// A server by its address.
import { createAsk } from "./ask.ts";
import { openNews } from "./news.ts";
import type { Place } from "./place.ts";

export interface UrlPlace {
  readonly url: string;
  readonly token?: string;
  readonly environment?: string;
}

export function placeAt({ url, token, environment }: UrlPlace): Place {
  const base = url.replace(/\/+$/, "");
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return {
    ask: createAsk({
      url: base,
      ...(token === undefined ? {} : { token }),
      ...(environment === undefined ? {} : { environment }),
    }),
    news: (topics) =>
      openNews(topics, (path, init) => fetch(`${base}${path}`, { ...init, headers: { ...init.headers, ...authorization } })),
    engine: () => null,
    close: async () => {},
  };
}
