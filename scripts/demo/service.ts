// A small listing service on a loopback port: paginated JSON, packed with gzip, with the faults of real ones: a few 429 answers, one 500,
// and some broken records. Knows `updated_since` and a cursor.
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { dateOf, FIRST_DAY, type Listing } from "./county.ts";

const PAGE = 250;
export const BROKEN_LISTINGS = { price: 30, address: 20, negative: 15, date: 15, noRecord: 10 } as const;
/** Numbers of requests that are answered with a fault, once each. */
const LIMITED = new Set([9, 26, 47]);
const FAILING = 33;

export interface ListingService {
  readonly url: string;
  /** Requests so far, and how many of them were answered with a fault. */
  readonly served: { requests: number; faults: number };
  close(): Promise<void>;
}

export async function startListingService(listings: readonly Listing[]): Promise<ListingService> {
  const items = itemsOf(listings);
  const served = { requests: 0, faults: 0 };
  const server = createServer((request, response) => {
    served.requests += 1;
    const url = new URL(request.url ?? "/", "http://service");
    if (url.pathname !== "/v1/listings") return answer(response, 404, '{"error":"no such path"}');
    if (request.headers["x-api-key"] !== "demo-key") return answer(response, 401, '{"error":"a key is needed"}');
    if (LIMITED.has(served.requests) || served.requests === FAILING) {
      served.faults += 1;
      if (served.requests === FAILING) return answer(response, 500, '{"error":"the database is on its lunch break"}');
      return answer(response, 429, '{"error":"too many requests"}', { "retry-after": "1" });
    }
    const since = Date.parse(url.searchParams.get("updated_since") ?? "");
    const wanted = Number.isNaN(since) ? items : items.filter((item) => item.updatedMs > since);
    const from = Number(url.searchParams.get("cursor") ?? 0);
    const next = from + PAGE < wanted.length ? String(from + PAGE) : null;
    const page = wanted.slice(from, from + PAGE).map((item) => item.json);
    return answer(
      response,
      200,
      `{"data":{"items":[${page.join(",")}]},"meta":{"total":${wanted.length},"next_cursor":${JSON.stringify(next)}}}`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    served,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function answer(response: ServerResponse, status: number, body: string, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { "content-type": "application/json", "content-encoding": "gzip", ...headers });
  response.end(gzipSync(body));
}

interface Item {
  readonly json: string;
  /** NaN for a record that never changes: it is served to those who ask for everything. */
  readonly updatedMs: number;
}

/** Sound records in their order; the older state of those served twice long before the newer; broken ones spread between. */
function itemsOf(listings: readonly Listing[]): readonly Item[] {
  const older = listings.flatMap((listing) =>
    listing.staleAsking === undefined
      ? []
      : [itemOf({ ...listing, asking: listing.staleAsking, updatedSecond: listing.updatedSecond - 5_000 })],
  );
  const broken = brokenItems();
  const every = Math.floor(listings.length / (broken.length + 1));
  const items = listings.flatMap((listing, index) => {
    const bad = (index + 1) % every === 0 ? broken[(index + 1) / every - 1] : undefined;
    return bad === undefined ? [itemOf(listing)] : [itemOf(listing), bad];
  });
  return [...older, ...items];
}

function itemOf({ id, address, parcel, asking, day, beds, updatedSecond }: Listing): Item {
  const updatedMs = Date.parse(FIRST_DAY) + updatedSecond * 1_000;
  return { json: jsonOf(String(id), address, parcel, asking, dateOf(day), beds, updatedMs), updatedMs };
}

function jsonOf(
  id: string,
  address: string | null,
  parcel: string | null,
  asking: number | string,
  listed: string,
  beds: number,
  updatedMs: number,
): string {
  const rest = { address, parcel, asking_price: asking, listed_on: listed, beds, updated_at: new Date(updatedMs).toISOString() };
  return `{"id":${id},${JSON.stringify(rest).slice(1)}`;
}

function brokenItems(): readonly Item[] {
  let id = 5_000;
  const some = (count: number, make: (id: string) => string): readonly Item[] =>
    Array.from({ length: count }, () => ({ json: make(String(id++)), updatedMs: Number.NaN }));
  const updatedMs = Date.parse(FIRST_DAY) + 1_000;
  const kinds = [
    some(BROKEN_LISTINGS.price, (id) => jsonOf(id, "1 Maple St", null, "on request", "2025-05-05", 2, updatedMs)),
    some(BROKEN_LISTINGS.address, (id) => jsonOf(id, null, null, 400_000, "2025-05-05", 2, updatedMs)),
    some(BROKEN_LISTINGS.negative, (id) => jsonOf(id, "1 Maple St", null, -1, "2025-05-05", 2, updatedMs)),
    some(BROKEN_LISTINGS.date, (id) => jsonOf(id, "1 Maple St", null, 400_000, "soon", 2, updatedMs)),
    some(BROKEN_LISTINGS.noRecord, () => '"end of batch"'),
  ];
  // Kind by kind in turn, so that every page may meet every kind.
  const longest = Math.max(...kinds.map((kind) => kind.length));
  return Array.from({ length: longest }, (_, index) => kinds.flatMap((kind) => kind[index] ?? [])).flat();
}
