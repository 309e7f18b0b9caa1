// The inline executor: calls an async function of this process. For work that waits (DuckDB, files, network); work that computes belongs in a thread.
import type { AttemptHandler, Executor } from "../model/attempt.ts";

export function createInlineExecutor(handler: AttemptHandler): Executor {
  return { name: "inline", run: (attempt) => handler(attempt), close: async () => {} };
}
