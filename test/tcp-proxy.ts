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
  close(): Promise<void>;
}

export async function startTcpProxy(serverPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let losing = false;
  const frozen = new WeakSet<Socket>();
  const server = createServer((near) => {
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
      if (!frozen.has(near)) far.write(data);
    });
    far.on("data", (data) => {
      if (frozen.has(near)) return;
      if (losing) {
        losing = false;
        end();
      } else near.write(data);
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
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
