// Modules in which one line was changed, with all that they import, as one file that is loaded and removed again. The sources carry no switch for it.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { rolldown } from "rolldown";

export interface PlantedChange {
  readonly name: string;
  /** File below src. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly from: string;
  readonly to: string;
}

const ENTRY = "\0entry";
const source = resolve(fileURLToPath(import.meta.url), "../..");

/** What `files` (below src) export, with the change in it. Throws when the line to change is not there exactly once, or nothing imports its file. */
export async function plantedModules<Exports>({ name, file, from, to }: PlantedChange, files: readonly string[]): Promise<Exports> {
  const path = join(source, file);
  let isChanged = false;
  const build = await rolldown({
    cwd: source,
    input: ENTRY,
    platform: "node",
    external: (id) => id !== ENTRY && !id.startsWith(".") && !isAbsolute(id),
    tsconfig: false,
    onLog: () => {},
    plugins: [
      {
        name: "planted",
        resolveId: (id) => (id === ENTRY ? id : null),
        load(id) {
          if (id === ENTRY) return files.map((each) => `export * from ${JSON.stringify(join(source, each))};`).join("\n");
          if (id !== path) return null;
          const parts = readFileSync(path, "utf8").split(from);
          if (parts.length !== 2) throw new Error(`"${name}": the line to change stands ${parts.length - 1} times in ${file}`);
          isChanged = true;
          return parts.join(to);
        },
      },
    ],
  });
  // Below the repository, so that packages are found from there.
  const folder = mkdtempSync(join(source, "../node_modules/.planted-"));
  try {
    await build.write({ dir: folder, format: "esm", entryFileNames: "planted.mjs", codeSplitting: false });
    if (!isChanged) throw new Error(`"${name}": nothing imports ${file}`);
    return (await import(/* @vite-ignore */ pathToFileURL(join(folder, "planted.mjs")).href)) as Exports;
  } finally {
    await build.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
