// Group commit: what is to be appended while a write is under way becomes the next write, one round trip and one transaction for all of it. An append that
// was sent twice, because its answer was lost, is taken once: it is known by its token.
import { randomBytes } from "node:crypto";
import { type Link, quoted } from "./postgres-link.ts";
import { encodeName } from "./encoded-name.ts";
import type { Append } from "./store.ts";

export interface Writer {
  commit(appends: readonly Append[]): Promise<readonly boolean[]>;
}

export interface WriterOptions {
  readonly link: Link;
  readonly schema: string;
  /** NOTIFY is sent there … */
  readonly channel: string;
  /** … with this, so that who sent it need not heed it. */
  readonly sender: string;
  readonly onAppended: () => void;
}

/** Of one write, unless a single request is larger. */
const APPENDS_MAX = 2_000;
const CHARS_MAX = 8_000_000;

interface Item {
  readonly stream: string;
  readonly expected: number;
  readonly count: number;
  readonly text: string;
  readonly claims: string | null;
}

interface Request {
  readonly items: readonly Item[];
  readonly resolve: (answers: readonly boolean[]) => void;
  readonly reject: (error: unknown) => void;
}

export function createWriter({ link, schema, channel, sender, onAppended }: WriterOptions): Writer {
  const call = `${quoted(schema)}.append_2`;
  // One append has no arrays to be escaped and parsed.
  const one = `select ${call}(array[$1::text], array[$2::integer], array[$3::integer], array[$4::text], array[$5::text], $6, $7, $8) as answers`;
  const many = `select ${call}($1, $2, $3, $4, $5, $6, $7, $8) as answers`;
  const waiting: Request[] = [];
  let busy = false;

  const write = async (items: readonly Item[]): Promise<readonly boolean[]> => {
    const [only] = items;
    const single = items.length === 1 && only !== undefined;
    const values = single
      ? [only.stream, only.expected, only.count, only.text, only.claims]
      : [
          items.map((each) => each.stream),
          items.map((each) => each.expected),
          items.map((each) => each.count),
          items.map((each) => each.text),
          items.map((each) => each.claims),
        ];
    const rows = await link.query<{ answers: boolean[] }>("append", single ? one : many, [...values, newToken(), channel, sender]);
    return rows[0]!.answers;
  };
  const take = (): readonly Request[] => {
    let appends = 0;
    let chars = 0;
    let count = 0;
    for (const { items } of waiting) {
      appends += items.length;
      for (const { text } of items) chars += text.length;
      if (count > 0 && (appends > APPENDS_MAX || chars > CHARS_MAX)) break;
      count++;
    }
    return waiting.splice(0, count);
  };
  const work = async (): Promise<void> => {
    busy = true;
    while (waiting.length > 0) {
      const requests = take();
      try {
        const answers = await write(requests.flatMap((request) => request.items));
        let from = 0;
        for (const { items, resolve } of requests) resolve(answers.slice(from, (from += items.length)));
        onAppended();
      } catch (error) {
        for (const { reject } of requests) reject(error);
      }
    }
    busy = false;
  };
  return {
    commit: (appends) =>
      new Promise((resolve, reject) => {
        if (appends.length === 0) return resolve([]);
        waiting.push({ items: appends.map(itemOf), resolve, reject });
        if (!busy) void work();
      }),
  };
}

function itemOf({ stream, expectedVersion, events, claims = {} }: Append): Item {
  const count = events.length;
  const names = Object.entries(claims).map(([name, version]) => [encodeName(name), version] as const);
  return {
    stream: encodeName(stream),
    expected: expectedVersion,
    count,
    text: count === 0 ? "" : JSON.stringify(events),
    claims: names.length === 0 ? null : JSON.stringify(Object.fromEntries(names)),
  };
}

/** 47 bits of chance, and below them room for the number of the append in its write. */
function newToken(): string {
  return String((BigInt(randomBytes(6).readUIntBE(0, 6)) >> 1n) << 16n);
}
