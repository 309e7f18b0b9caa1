// The thread of the executor suite: its attempts, and those that only a thread can survive.
import { serveAttempts } from "../executors/thread-server.ts";
import { suiteAttempt } from "./executor-attempts.ts";

function spin(): never {
  for (;;);
}

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
    case "prints":
      console.log("to stdout");
      console.error("to stderr");
      await new Promise((resolve) => setTimeout(resolve, 50));
      return {};
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
