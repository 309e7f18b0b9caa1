// A `serve` of the build, for benchmarks that ask it.
import type { ChildProcess } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const entry = resolve(fileURLToPath(import.meta.url), "../../dist/cli/main.js");

/** Where it listens. */
export function urlOf(served: ChildProcess): Promise<string> {
  return new Promise((done, fail) => {
    let text = "";
    served.stdout!.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const found = /"url":"([^"]+)"/.exec(text)?.[1];
      if (found !== undefined) done(found);
    });
    served.once("exit", () => fail(new Error(`serve ended: ${text}`)));
  });
}

export function end(served: ChildProcess): Promise<void> {
  return new Promise((done) => {
    if (served.exitCode !== null || served.signalCode !== null) return done();
    served.once("exit", () => done());
    served.kill("SIGKILL");
  });
}
