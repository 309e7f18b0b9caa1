// An engine's side that is killed in a test: carries out the attempt whose name it is given in a process and says that process's id.
import { createChildProcessExecutor } from "../executors/child-process.ts";
import { attemptLike } from "./executor-attempts.ts";

const executor = createChildProcessExecutor({ module: new URL("./executor-worker.ts", import.meta.url), workers: 1 });
const { output } = await executor.run(attemptLike("says its pid"));
void executor.run(attemptLike(process.argv[2]!));
// Told when the attempt has begun.
setTimeout(() => console.log(JSON.stringify(output)), 200);
