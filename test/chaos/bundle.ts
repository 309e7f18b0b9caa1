// Bundles a program of the tests with the source it uses, so that a process of it starts in a tenth of a second.
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { repository } from "../millrace.ts";

export interface Program {
  readonly path: string;
  remove(): void;
}

/** `name`: a file in test/chaos. */
export async function bundleProgram(name: string): Promise<Program> {
  // Below the repository, so that packages are found from there.
  const dir = mkdtempSync(join(repository, "node_modules", ".chaos-"));
  const build = await rolldown({
    cwd: repository,
    input: join(repository, "test/chaos", name),
    platform: "node",
    external: [/^node:/, "pg", "@photostructure/sqlite"],
    tsconfig: false,
    onLog: () => {},
  });
  await build.write({ dir, format: "esm", entryFileNames: "program.mjs" });
  await build.close();
  return { path: join(dir, "program.mjs"), remove: () => rmSync(dir, { recursive: true, force: true }) };
}
