// A small server that speaks the JSON API of Google Cloud Storage as far as files need it: generations, pages, ranges, checksums, resumable uploads.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface TestGcs {
  readonly endpoint: string;
  readonly port: number;
  put(path: string, contents: Uint8Array | string): void;
  get(path: string): Buffer | null;
  /** How the next requests are answered: statuses, one each. */
  fail(...statuses: readonly number[]): void;
  stop(): Promise<void>;
}

interface Stored {
  readonly bytes: Buffer;
  readonly generation: string;
  readonly updated: string;
}

export async function startGcs(bucket: string): Promise<TestGcs> {
  const objects = new Map<string, Stored>();
  const uploads = new Map<string, { readonly name: string; readonly pieces: Buffer[] }>();
  const failures: number[] = [];
  let generations = 1_760_000_000_000_000;
  const store = (name: string, bytes: Buffer): Stored => {
    const stored = { bytes, generation: String(++generations), updated: new Date(generations / 1_000).toISOString() };
    objects.set(name, stored);
    return stored;
  };
  const metadata = (name: string, { bytes, generation, updated }: Stored): object => ({
    kind: "storage#object",
    bucket,
    name,
    size: String(bytes.length),
    generation,
    updated,
    crc32c: crc32c(bytes),
    etag: generation,
  });
  const json = (response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
  const refuse = (response: ServerResponse, status: number, message: string): void =>
    json(response, status, { error: { code: status, message, errors: [{ message, reason: "test" }] } });

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://localhost");
    const body = await bodyOf(request);
    const failure = failures.shift();
    if (failure !== undefined) return refuse(response, failure, "told to fail");
    const [, kind, named, , encoded] = /^\/(storage\/v1|upload\/storage\/v1|resumable)\/b\/([^/]+)\/o(\/(.*))?$/.exec(url.pathname) ?? [];
    if (kind === undefined) return refuse(response, 404, "no such address");
    if (named !== bucket) return refuse(response, 404, "The specified bucket does not exist.");
    const name = encoded === undefined ? undefined : decodeURIComponent(encoded);
    if (kind === "upload/storage/v1" && request.method === "POST") {
      if (url.searchParams.get("uploadType") === "resumable") {
        const id = String(uploads.size);
        uploads.set(id, { name: url.searchParams.get("name")!, pieces: [] });
        return json(response, 200, {}, { location: `http://${request.headers.host}/upload/storage/v1/b/${bucket}/o/${id}` });
      }
      const { about, bytes } = multipart(request.headers["content-type"] ?? "", body);
      const path = url.searchParams.get("name") ?? String(about["name"]);
      return json(response, 200, metadata(path, store(path, bytes)));
    }
    if (kind === "upload/storage/v1" && request.method === "PUT") {
      const upload = uploads.get(name!)!;
      if (body.length > 0) upload.pieces.push(body);
      const bytes = Buffer.concat(upload.pieces);
      const total = /\/(\d+)$/.exec(request.headers["content-range"] ?? "")?.[1];
      if (request.headers["content-range"] === undefined || Number(total) === bytes.length)
        return json(response, 200, metadata(upload.name, store(upload.name, bytes)));
      response.writeHead(308, { range: `bytes=0-${bytes.length - 1}` });
      response.end();
      return;
    }
    if (name === undefined) {
      const { prefix = "", delimiter, pageToken = "0", maxResults = "1000" } = Object.fromEntries(url.searchParams);
      const wanted = [...objects]
        .filter(([path]) => path.startsWith(prefix) && !(delimiter !== undefined && path.slice(prefix.length).includes(delimiter)))
        .toSorted(([a], [b]) => (a < b ? -1 : 1));
      const from = Number(pageToken);
      const to = from + Number(maxResults);
      return json(response, 200, {
        items: wanted.slice(from, to).map(([path, stored]) => metadata(path, stored)),
        ...(to < wanted.length ? { nextPageToken: String(to) } : {}),
      });
    }
    const stored = objects.get(name);
    const generation = url.searchParams.get("generation");
    if (stored === undefined || (generation !== null && generation !== stored.generation))
      return refuse(response, 404, `No such object: ${bucket}/${name}`);
    if (request.method === "DELETE") {
      objects.delete(name);
      response.writeHead(204).end();
      return;
    }
    if (url.searchParams.get("alt") !== "media") return json(response, 200, metadata(name, stored));
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const part = stored.bytes.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, {
      "content-type": "application/octet-stream",
      "content-length": String(part.length),
      "x-goog-hash": `crc32c=${crc32c(stored.bytes)}`,
      "x-goog-generation": stored.generation,
      ...(from > 0 ? { "content-range": `bytes ${from}-${stored.bytes.length - 1}/${stored.bytes.length}` } : {}),
    });
    response.end(part);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    put: (path, contents) => void store(path, Buffer.from(contents as Uint8Array)),
    get: (path) => objects.get(path)?.bytes ?? null,
    fail: (...statuses) => void failures.push(...statuses),
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

function multipart(type: string, body: Buffer): { readonly about: Record<string, unknown>; readonly bytes: Buffer } {
  const edge = Buffer.from(`--${/boundary="?([^";]+)/.exec(type)![1]}`);
  const starts: number[] = [];
  for (let at = body.indexOf(edge); at !== -1; at = body.indexOf(edge, at + 1)) starts.push(at);
  const part = (n: number): Buffer => {
    const inner = body.subarray(starts[n]! + edge.length, starts[n + 1]! - 2);
    return inner.subarray(inner.indexOf("\r\n\r\n") + 4);
  };
  return { about: JSON.parse(part(0).toString()) as Record<string, unknown>, bytes: part(1) };
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});

function crc32c(bytes: Buffer): string {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = TABLE[(sum ^ byte) & 0xff]! ^ (sum >>> 8);
  const answer = Buffer.alloc(4);
  answer.writeUInt32BE((sum ^ 0xffffffff) >>> 0);
  return answer.toString("base64");
}
