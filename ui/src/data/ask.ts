// How the page asks the server: one client, the environment of the address, the header that tells the page from a form of another site.
import { createAsk, type Ask } from "../../../src/client/ask.ts";

export { ApiError } from "../../../src/client/ask.ts";

const asks = new Map<string, Ask>();

/** @param environment undefined: the one the server works in */
export function askIn(environment: string | undefined): Ask {
  const known = asks.get(environment ?? "");
  if (known !== undefined) return known;
  const ask = createAsk({
    url: "",
    ...(environment === undefined ? {} : { environment }),
    fetch: (input, init) =>
      fetch(input, { ...init, credentials: "same-origin", headers: { ...plain(init?.headers), "x-millrace": "page" } }),
  });
  asks.set(environment ?? "", ask);
  return ask;
}

function plain(headers: HeadersInit | undefined): Record<string, string> {
  return Object.fromEntries(new Headers(headers).entries());
}
