// Carries out commands of the built command line one after the other (test/warm.ts): what each of them writes and its exit code go back to who asked.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

process.env["UV_THREADPOOL_SIZE"] ??= "16";
const { runProgram } = await import(process.argv[2]);

/** By descriptor; null between two commands. */
let said = null;
const { writeSync } = fs;
fs.writeSync = (descriptor, data, offset, ...rest) => {
  if (said?.[descriptor] === undefined) return writeSync(descriptor, data, offset, ...rest);
  const bytes = typeof data === "string" ? Buffer.from(data) : Buffer.from(data.subarray(offset ?? 0));
  said[descriptor].push(bytes);
  return bytes.length;
};
syncBuiltinESMExports();
for (const [descriptor, stream] of [
  [1, process.stdout],
  [2, process.stderr],
]) {
  const write = stream.write.bind(stream);
  stream.write = (data, encoding, done) => {
    if (said === null) return write(data, encoding, done);
    said[descriptor].push(Buffer.from(data));
    (typeof encoding === "function" ? encoding : done)?.();
    return true;
  };
}

/** Timers and processes that code in pipelines/ left behind. */
function goesOn() {
  return process.getActiveResourcesInfo().some((name) => name === "Timeout" || name === "ProcessWrap");
}

/** Files of the project that are open still, as a database's are until its last statement or result is collected. */
function holds(folder) {
  const open = "/proc/self/fd";
  if (!fs.existsSync(open)) return true;
  return fs.readdirSync(open).some((name) => {
    try {
      return fs.readlinkSync(`${open}/${name}`).startsWith(folder);
    } catch {
      return false; // that of the listing itself
    }
  });
}

process.on("disconnect", () => process.exit());
process.on("message", (asked) => void carryOut(asked));

async function carryOut({ args, cwd, env }) {
  process.chdir(cwd);
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
  Object.assign(process.env, env);
  said = { 1: [], 2: [] };
  let exitCode = 1;
  try {
    exitCode = await runProgram(args);
  } catch (error) {
    said[2].push(Buffer.from(`${error?.stack ?? error}\n`));
  }
  const [stdout, stderr] = [said[1], said[2]].map((parts) => Buffer.concat(parts).toString("utf8"));
  said = null;
  process.chdir("/");
  const folder = fs.realpathSync(cwd);
  if (holds(folder)) {
    globalThis.gc?.();
    await new Promise((done) => setImmediate(done));
  }
  const isLeft = goesOn() || holds(folder);
  process.send({ exitCode, stdout, stderr, isLeft });
}
