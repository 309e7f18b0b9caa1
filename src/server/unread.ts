// Clients that ask and do not read: what waits for them is memory of the engine.
//   U1. Whoever takes nothing of what waits for STALLED_MS is cut off.
//   U2. When more than WAITING_BYTES_MAX wait in all, whoever lets most of it wait is cut off, until less does.
//   U3. A connection has at most ANSWERS_OPEN_MAX answers open: nobody who reads asks for more before the first has come.
import { createServer, type RequestListener, type Server, type ServerOptions, type ServerResponse } from "node:http";
import type { Socket } from "node:net";

const STALLED_MS = 60_000;
const WAITING_BYTES_MAX = 256_000_000;
const ANSWERS_OPEN_MAX = 8;
const LOOK_EVERY_MS = 1_000;
/** While requests come. */
const LOOK_PAUSE_MS = 50;

interface Client {
  readonly open: Set<ServerResponse>;
  waitingBytes: number;
  /** Since when nothing was taken of what waits. */
  sinceMs: number;
}

export function createReadServer(options: ServerOptions, answer: RequestListener): Server {
  const clients = new Map<Socket, Client>();
  let lookedMs = 0;
  const look = (): void => {
    const now = (lookedMs = performance.now());
    let waiting = 0;
    for (const [socket, client] of clients) {
      const bytes = bytesFor(socket, client);
      if (bytes === 0 || bytes < client.waitingBytes || client.waitingBytes === 0) client.sinceMs = now;
      client.waitingBytes = bytes;
      if (now - client.sinceMs > STALLED_MS) socket.destroy(); // U1
      else waiting += bytes;
    }
    if (waiting <= WAITING_BYTES_MAX) return;
    for (const [socket, { waitingBytes }] of [...clients].toSorted(([, a], [, b]) => b.waitingBytes - a.waitingBytes)) {
      if (waiting <= WAITING_BYTES_MAX) break;
      socket.destroy(); // U2
      waiting -= waitingBytes;
    }
  };
  let timer: NodeJS.Timeout | undefined;
  const server = createServer(options, (request, response) => {
    const { socket } = request;
    const open = clients.get(socket)?.open ?? new Set();
    if (socket.destroyed || open.size >= ANSWERS_OPEN_MAX) return void socket.destroy(); // U3
    open.add(response);
    response.once("close", () => open.delete(response));
    if (performance.now() - lookedMs > LOOK_PAUSE_MS) look();
    return answer(request, response);
  });
  server.on("connection", (socket: Socket) => {
    clients.set(socket, { open: new Set(), waitingBytes: 0, sinceMs: 0 });
    timer ??= setInterval(look, LOOK_EVERY_MS).unref();
    socket.once("close", () => {
      clients.delete(socket);
      if (clients.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    });
  });
  return server;
}

/** What the system has not taken yet, and what stands behind it; what is on its way counts twice, so that its way is seen. */
function bytesFor(socket: Socket, { open }: Client): number {
  const handle = Reflect.get(socket, "_handle") as { readonly writeQueueSize?: number } | null;
  let bytes = handle?.writeQueueSize ?? 0;
  for (const response of open) bytes += response.writableLength;
  return bytes;
}
