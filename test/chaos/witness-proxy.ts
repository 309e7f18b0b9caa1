// A way to a server that tells when a client says a word: before the server hears it (which it then never does), or once the server has answered (which the
// client then never hears). What dies at that moment dies at that place of its conversation.
import { connect, createServer, type Socket } from "node:net";
import type { Aim } from "./kills.ts";

export interface WitnessProxy {
  readonly port: number;
  aim(word: string, when: "before" | "answered"): Aim;
  close(): Promise<void>;
}

interface Waiting {
  readonly word: string;
  readonly when: "before" | "answered";
  readonly kill: () => void;
}

export async function startWitnessProxy(serverPort: number): Promise<WitnessProxy> {
  const sockets = new Set<Socket>();
  let waiting: Waiting | null = null;
  const server = createServer((near) => {
    const far = connect(serverPort, "127.0.0.1");
    let answered: (() => void) | null = null;
    let isOver = false;
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.on("data", (data) => {
      if (isOver) return;
      if (waiting !== null && data.includes(waiting.word)) {
        const { when, kill } = waiting;
        waiting = null;
        if (when === "before") {
          isOver = true;
          kill();
          return;
        }
        answered = kill;
      }
      far.write(data);
    });
    far.on("data", (data) => {
      if (isOver) return;
      if (answered === null) return void near.write(data);
      isOver = true;
      answered();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    aim: (word, when) => (kill) => {
      waiting = { word, when, kill };
      return () => {
        waiting = null;
      };
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
