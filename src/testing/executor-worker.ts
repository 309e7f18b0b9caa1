// The worker of the executor suite: its attempts, and those that only a worker can survive.
import { fromBuffer, toBuffer } from "../executors/rows-buffer.ts";
import { serveAttempts } from "../executors/worker-server.ts";
import { suiteAttempt } from "./executor-attempts.ts";

function spin(): never {
  for (;;);
}

/** Bytes that are not on V8's heap. */
function eatBuffers(): never {
  for (const kept: Buffer[] = []; ;) kept.push(Buffer.alloc(4_000_000, 1));
}

/** Objects, which are. */
function eatHeap(): never {
  for (const kept: object[] = []; ;) kept.push({ text: `row ${kept.length}`, list: [kept.length] });
}

const held: Buffer[] = [];

serveAttempts(async (attempt) => {
  switch (attempt.node) {
    case "dies":
      return process.exit(3);
    case "explodes":
      setImmediate(() => {
        throw new Error("thrown where nobody catches it");
      });
      return new Promise(() => {});
    case "spins":
      return spin();
    case "rejects":
      void Promise.reject(new Error("rejected where nobody catches it"));
      return new Promise(() => {});
    case "eats buffers":
      return eatBuffers();
    case "eats heap":
      return eatHeap();
    case "prints":
      console.log("to %s", "stdout");
      console.error("to stderr");
      process.stdout.write("written\nwithout an end");
      process.stderr.write(`${JSON.stringify({ level: 50, time: 1, pid: 1, hostname: "h", msg: "from pino", order: 7 })}\n`);
      return {};
    case "prints much":
      for (let n = 0; n < 10_000; n++) console.log(`line ${n}`);
      return {};
    case "keeps memory":
      held.push(Buffer.alloc(350_000_000, 1));
      return { output: process.pid };
    case "says its pid":
      return { output: process.pid };
    case "moves rows": {
      let sum = 0;
      let rows = 0;
      for await (const element of attempt.stream("rows", 200_000)) {
        const batch = fromBuffer(element) as readonly { readonly id: number }[];
        rows += batch.length;
        for (const { id } of batch) sum += id;
        await attempt.call("take", toBuffer(batch.map(({ id }) => ({ id, big: BigInt(id) ** 3n, at: new Date(id) }))));
      }
      return { output: { rows, sum } };
    }
    case "returns a function":
      return { output: (() => {}) as never };
    case "asks": {
      const doubled = await attempt.call("double", 21);
      const refused = await attempt.call("refuse").catch((error: { code: string }) => error.code);
      const streamed: unknown[] = [];
      for await (const element of attempt.stream("count", 3)) streamed.push(element);
      for await (const element of attempt.stream("count", 1_000_000)) if (element === 1) break;
      return { output: { doubled, refused, streamed, payload: attempt.payload } as never };
    }
    default:
      return suiteAttempt(attempt);
  }
});
