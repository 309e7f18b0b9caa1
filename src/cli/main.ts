#!/usr/bin/env node
// The command line's entry: settings that must come first, then one command, then its exit code.
// libuv's pool must be larger than the queries that run at once, or a file's stat waits for a query (LIMITS.md). The build says it once more before this
// module is loaded: then the pool is there already.
process.env["UV_THREADPOOL_SIZE"] ??= "16";

const LEFTOVERS_MS = 1000;
const { runProgram } = await import("./program.ts");
process.exitCode = await runProgram(process.argv.slice(2));
// All is written and closed. Timers and sockets that code in pipelines/ left behind must not keep the process alive.
setTimeout(() => process.exit(), LEFTOVERS_MS).unref();
