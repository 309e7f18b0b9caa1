// A way to a server that can be cut: all at once, or after the server's next answer, which is then lost.
import { connect, createServer, type Socket } from "node:net";

export interface TcpProxy {
  readonly port: number;
  /** Cuts every connection now. */
  cut(): void;
  /** The server's next answer on any connection is swallowed and the connection cut. */
  loseNextAnswer(): void;
  /** The connections that there are hang from now on: nothing passes, nothing is closed. New ones work. */
  freeze(): void;
  /** Of the clients that there are nothing is taken any more; their sockets fill. New ones work. */
  stall(): void;
  /** What the server says on the connections that there are comes drop by drop from now on: 40 bytes every 20 ms. New ones work. */
  drip(): void;
  /** When the servers have said so many bytes more: the rest of that piece is lost and everything cut, or the connections hang. */
  afterBytes(bytes: number, what: "cut" | "freeze"): void;
  /** When a client says this: it is cut before the server hears it, or the server's answer to it is lost. */
  whenSaid(text: string, what: "cutBefore" | "loseAnswer"): void;
  close(): Promise<void>;
}

const DROP_BYTES = 40;
const DROP_MS = 20;

export async function startTcpProxy(serverPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let losing = false;
  let limit: { bytes: number; readonly what: "cut" | "freeze" } | null = null;
  let word: { readonly text: string; readonly what: "cutBefore" | "loseAnswer" } | null = null;
  const frozen = new WeakSet<Socket>();
  const dripping = new WeakSet<Socket>();
  const nearSockets = new Set<Socket>();
  const server = createServer((near) => {
    nearSockets.add(near);
    const far = connect(serverPort, "127.0.0.1");
    const end = (): void => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", end);
      socket.on("close", () => {
        sockets.delete(socket);
        end();
      });
    }
    near.on("data", (data) => {
      if (frozen.has(near)) return;
      if (word !== null && data.includes(word.text)) {
        losing = word.what === "loseAnswer";
        word = null;
        if (!losing) return end();
      }
      far.write(data);
    });
    far.on("data", (data) => {
      if (frozen.has(near)) return;
      if (limit !== null && (limit.bytes -= data.length) < 0) {
        const { what, bytes } = limit;
        limit = null;
        near.write(data.subarray(0, data.length + bytes), () => {
          if (what === "cut") for (const socket of sockets) socket.destroy();
        });
        if (what === "freeze") for (const socket of sockets) frozen.add(socket);
        return;
      }
      if (losing) {
        losing = false;
        end();
      } else if (dripping.has(near)) void drop(data, near, far);
      else near.write(data);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    loseNextAnswer() {
      losing = true;
    },
    freeze() {
      for (const socket of sockets) frozen.add(socket);
    },
    stall() {
      for (const socket of nearSockets) socket.pause();
    },
    drip() {
      for (const socket of nearSockets) dripping.add(socket);
    },
    afterBytes(bytes, what) {
      limit = { bytes, what };
    },
    whenSaid(text, what) {
      word = { text, what };
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Lets `data` through in drops; the server waits meanwhile. */
async function drop(data: Buffer, near: Socket, far: Socket): Promise<void> {
  far.pause();
  for (let at = 0; at < data.length && !near.destroyed; at += DROP_BYTES) {
    near.write(data.subarray(at, at + DROP_BYTES));
    await new Promise((resolve) => setTimeout(resolve, DROP_MS));
  }
  far.resume();
}
