// The worker of users' functions (threads and processes): loads the module of the project, gives the function its context and hands over what it
// yields or returns. It opens no warehouse; rows come from the engine's side and go there.
import { toBuffer } from "./executors/rows-buffer.ts";
import { contextIn, type UserCall } from "./executors/user-code.ts";
import { serveAttempts, type WorkerAttempt } from "./executors/worker-server.ts";
import { httpClient } from "./connectors/http/client.ts";
import type { JsonValue } from "./model/answers.ts";
import { MillraceError } from "./model/errors.ts";
import { createLoader } from "./project/modules.ts";
import { logOf } from "./tasks/typescript.ts";

type UserFunction = (context: object) => unknown;

/** By module: the hash of the code that was loaded. A worker outlives many changes of the project. */
const loaded = new Map<string, string>();

serveAttempts(async (attempt) => {
  const call = attempt.payload as UserCall;
  for (const [name, value] of Object.entries(call.env)) process.env[name] = value;
  try {
    const act = await functionOf(call);
    const http = httpClient({ signal: attempt.signal, log: attempt.log, projectDir: call.projectDir });
    const answer = await act(contextIn(attempt, call, { http, log: logOf(attempt) }));
    if (call.answers === "batches") return await handOver(answer as AsyncIterable<unknown> | Iterable<unknown>, attempt);
    return { output: jsonOf(await answer, attempt.node) };
  } finally {
    for (const name of Object.keys(call.env)) delete process.env[name];
  }
});

async function functionOf({ projectDir, module, exportName, path, codeHash }: UserCall): Promise<UserFunction> {
  const key = `${projectDir}/${module}`;
  const loader = await createLoader(projectDir, { modules: loaded.get(key) === codeHash ? "loaded" : "fresh" });
  const exports = await loader.load(module);
  loaded.set(key, codeHash);
  let owner: unknown;
  let found: unknown = exports[exportName];
  for (const name of path) [owner, found] = [found, (found as Readonly<Record<string, unknown>> | undefined)?.[name]];
  if (typeof found === "function") return (context) => (found as UserFunction).call(owner, context);
  throw new MillraceError({
    code: "MR1062",
    message: `${module} has no ${[exportName, ...path].join(".")} any more`,
    location: { file: module, line: 1, column: 1 },
  });
}

async function handOver(batches: AsyncIterable<unknown> | Iterable<unknown>, attempt: WorkerAttempt): Promise<object> {
  for await (const batch of batches) {
    attempt.signal.throwIfAborted();
    await attempt.call("yield", toBuffer(batch));
  }
  return {};
}

function jsonOf(value: unknown, node: string): JsonValue {
  try {
    return JSON.parse(JSON.stringify(value) ?? "null") as JsonValue;
  } catch (cause) {
    throw new MillraceError({ code: "MR4019", message: `the task ${node} returned something that is no JSON`, cause });
  }
}
