// The facts of test/chaos/load-facts.ts as files and as an HTTP API.
import { setTimeout as sleep } from "node:timers/promises";
import { sendJson, startServer } from "../http-server.ts";
import type { Aim } from "./kills.ts";
import { facts, type Item } from "./load-facts.ts";
import type { Disposition, LoadSource } from "./loads.ts";

const FILES = 6;
const PAGE_ROWS = 40;
const PAGE_MS = 8;
/** Of the API: at these requests of a run it kills. */
const KILL_AT_REQUESTS = [1, 2, 4, 6];

function definition(from: string, disposition: Disposition, cursor = ""): string {
  const key = disposition === "append" ? "" : "primaryKey: [id]\n";
  return `from: ${from}\nload: ${disposition}\n${key}${cursor}`;
}

function csv(items: readonly Item[]): string {
  return `id,seq,v,t\n${items.map(({ id, seq, v, t }) => `${id},${seq},${v},"${t}"\n`).join("")}`;
}

/** Several files. Those of a disposition that keeps what was there are added to; the others are written anew. */
export function fileSource(disposition: Disposition): Promise<LoadSource> {
  const known = facts();
  const grows = disposition === "append" || disposition === "merge";
  let round = 0;
  return Promise.resolve({
    facts: known,
    files: { "sources/raw/items.yaml": definition("{ files: { path: 'data/*.csv' } }", disposition) },
    change(write) {
      const { upserted } = known.change();
      const items = grows ? upserted : known.full;
      const rows = Math.ceil(items.length / FILES);
      round += 1;
      for (let file = 0; file < FILES; file++) {
        const name = grows ? `${String(round).padStart(3, "0")}_${file}` : String(file);
        write(`data/${name}.csv`, csv(items.slice(file * rows, (file + 1) * rows)));
      }
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  } satisfies LoadSource);
}

/** Pages of an API that knows what is newer than a cursor. */
export async function httpSource(disposition: Disposition): Promise<LoadSource> {
  const known = facts();
  let onRequest: () => boolean = () => true;
  const grows = disposition === "append" || disposition === "merge";
  const server = await startServer(async ({ url }, response) => {
    const page = Number(url.searchParams.get("page"));
    const since = Number(url.searchParams.get("since") ?? 0);
    const all = (grows ? known[disposition === "append" ? "log" : "latest"] : known.full).filter(({ seq }) => seq > since);
    await sleep(PAGE_MS);
    if (!onRequest()) return undefined;
    return sendJson(response, all.toSorted((a, b) => a.seq - b.seq).slice((page - 1) * PAGE_ROWS, page * PAGE_ROWS));
  });
  const from = `{ http: { url: "${server.url}/items", ${grows ? "since: since, " : ""}pagination: { page: { param: page, size: ${PAGE_ROWS} } } } }`;
  return {
    facts: known,
    files: { "sources/raw/items.yaml": definition(from, disposition, grows ? "cursor: seq\n" : "") },
    change() {
      known.change();
      return Promise.resolve();
    },
    aims: KILL_AT_REQUESTS.map((nth): Aim => (kill) => {
      let left = nth;
      onRequest = () => {
        left -= 1;
        if (left === 0) kill();
        return left !== 0;
      };
      return () => {
        onRequest = () => true;
      };
    }),
    close: () => server.close(),
  };
}
