// Starts a worker thread or a process from a module of ours, both from source (`.ts`, in tests and scripts) and from the build (`.js`).
import { fileURLToPath } from "node:url";
import { Worker, type WorkerOptions } from "node:worker_threads";

/** `module` is a URL made with `new URL("./name.ts", import.meta.url)`; in the build the ending is `.js`. */
export function startThread(module: URL, options: WorkerOptions = {}): Worker {
  const fromSource = import.meta.url.endsWith(".ts");
  if (fromSource) return new Worker(module, { ...options, execArgv: ["--import", import.meta.resolve("jiti/register")] });
  return new Worker(new URL(module.href.replace(/\.ts$/, ".js")), options);
}

/** What `fork` needs to start `module` as a process. */
export function forkArguments(module: URL): { readonly path: string; readonly execArgv: readonly string[] } {
  const fromSource = import.meta.url.endsWith(".ts");
  const path = fileURLToPath(fromSource ? module : new URL(module.href.replace(/\.ts$/, ".js")));
  return { path, execArgv: fromSource ? ["--import", import.meta.resolve("jiti/register")] : [] };
}
