// Our modules as JavaScript one by one, as they were before they are bundled: what users run, reachable by name. Made once per process.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(fileURLToPath(import.meta.url), "../..");
/** Below node_modules, so that packages are found from there. */
const folder = join(root, "node_modules/.cache/millrace-bench");
let isMade = false;

/** Path of the JavaScript of `src/NAME.ts`. @throws Error when the sources do not compile. */
export function builtModule(name: string): string {
  if (!isMade) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const args = [compiler, "-p", "tsconfig.build.json", "--declaration", "false", "--outDir", folder];
    const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
    if (status !== 0) throw new Error(`the sources do not compile:\n${stdout}`);
    isMade = true;
  }
  return join(folder, `${name}.js`);
}
