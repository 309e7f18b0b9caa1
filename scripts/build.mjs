// Builds dist/: TypeScript without types by tsc (declarations too), in a folder beside that takes dist's place when it is whole.
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, renameSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join, resolve } from "node:path";

const root = resolve(fileURLToPath(import.meta.url), "../..");
const next = join(root, `dist.${process.pid}`);
const tsc = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json", "--outDir", next], { cwd: root, stdio: "inherit" });
if (tsc.status !== 0) {
  rmSync(next, { recursive: true, force: true });
  process.exit(tsc.status ?? 1);
}
chmodSync(join(next, "cli/main.js"), 0o755);
const templates = join(root, "src/project/templates");
if (existsSync(templates)) cpSync(templates, join(next, "project/templates"), { recursive: true });
rmSync(join(root, "dist"), { recursive: true, force: true });
renameSync(next, join(root, "dist"));
